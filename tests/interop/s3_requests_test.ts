import { systemClock } from "#base/clock.ts";
import { openRemoteFile } from "#recording/upload/remote_file.ts";
import { S3Client } from "#recording/upload/s3_client.ts";
import { s3EnvironmentOf, s3ObjectUrl } from "#recording/upload/s3_target.ts";
import { uploadObject } from "#recording/upload/upload_object.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { interopTest } from "#test/programs.ts";
import { randomBytes } from "#test/tcp_peer.ts";
import { BytesInput } from "../formats/mp4/bytes_input.ts";
import { FaultyProxy } from "./faulty_proxy.ts";
import {
  AWS_ENVIRONMENT,
  BUCKET,
  S3_PROGRAMS,
  type S3Program,
  S3Server,
  VERSITYGW,
  withFolder,
} from "./s3_server_peer.ts";

const MIB = 1_024 * 1_024;

const { signal } = new AbortController();

function clientOf(environment: Readonly<Record<string, string>>): S3Client {
  const { access, region } = s3EnvironmentOf(environment);
  return new S3Client({ access, region, clock: systemClock });
}

/** Uploads bytes as a file. Output: whether they were sent. */
function upload(
  url: string,
  bytes: Uint8Array,
  environment: Readonly<Record<string, string>> = AWS_ENVIRONMENT,
): Promise<boolean> {
  const client = clientOf(environment);
  const input = new BytesInput(bytes);
  return uploadObject({ client, clock: systemClock, input, url, signal });
}

function s3Test(
  program: S3Program,
  what: string,
  run: (s3: S3Server) => Promise<void>,
): void {
  interopTest({
    name: `${program.name} ${what}`,
    needs: program.needs,
    fn: () =>
      withFolder(async (folder) => {
        await using s3 = new S3Server(program, folder);
        await s3.start();
        await run(s3);
      }),
  });
}

/** What prefixes and patterns of names may have. */
const KEYS = [
  "a b/c.mp4",
  "a+b=c&d.mp4",
  "100%/%41%2F.mp4",
  "ü/日本/é.mp4",
  "(1)'!*~$,;:@.mp4",
  "a?b#c[d]|e^f`g{h}.mp4",
];

for (const program of S3_PROGRAMS) {
  s3Test(program, "takes every name, lists and gives back", async (s3) => {
    const bucketUrl = `${s3.url}/${BUCKET}`;
    const client = clientOf(AWS_ENVIRONMENT);
    for (const [i, key] of KEYS.entries()) {
      const url = s3ObjectUrl(bucketUrl, key);
      const bytes = randomBytes(300_000 + i, i);
      assertEquals(await upload(url, bytes), true, key);
      assertEquals(await upload(url, bytes), false, key);
      assertEquals(await s3.read(key), bytes, key);
      using file = await openRemoteFile({
        url,
        read: (span, signal) => client.read(url, span, signal),
        signal,
      });
      assertEquals(await file.readAt(0, file.sizeBytes), bytes, key);
      const place = { prefix: key.slice(0, -5), after: undefined };
      const { keys } = await client.list(bucketUrl, place, signal);
      assertEquals(keys, [key]);
    }
  });
}

s3Test(
  VERSITYGW,
  "has what was sent in parts, and what replaces",
  async (s3) => {
    const url = s3ObjectUrl(`${s3.url}/${BUCKET}`, "large.mp4");
    for (const sizeBytes of [17 * MIB, 8 * MIB]) {
      for (const seed of [1, 2]) {
        const bytes = randomBytes(sizeBytes, seed);
        assertEquals(await upload(url, bytes), true, "the other is no such");
        assertEquals(await upload(url, bytes), false);
        const kept = await s3.read("large.mp4");
        assertEquals(kept.length, sizeBytes);
        assert(kept.every((byte, i) => byte === bytes[i]), "the same bytes");
      }
    }
  },
);

const REFUSALS = [
  {
    name: "an unknown key",
    environment: { AWS_ACCESS_KEY_ID: "NOBODY" },
    reason: /404: XAdminUserNotFound: /,
  },
  {
    name: "a wrong secret",
    environment: { AWS_SECRET_ACCESS_KEY: "wrong" },
    reason: /403: SignatureDoesNotMatch: /,
  },
  {
    name: "a session token that is none",
    environment: { AWS_SESSION_TOKEN: "nonsense" },
    reason: /400: InvalidToken: /,
  },
  {
    name: "another region",
    environment: { AWS_REGION: "us-test-1" },
    reason: /400: AuthorizationHeaderMalformed: .*expecting "eu-test-1"/,
  },
  {
    name: "a bucket that is not there",
    bucket: "nothing",
    reason: /404: NoSuchBucket: /,
  },
];

s3Test(VERSITYGW, "says why it refuses a file", async (s3) => {
  for (const { name, environment, bucket = BUCKET, reason } of REFUSALS) {
    for (const sizeBytes of [10, 8 * MIB, 9 * MIB]) {
      const error = await assertRejects(
        upload(
          s3ObjectUrl(`${s3.url}/${bucket}`, "a.mp4"),
          randomBytes(sizeBytes),
          { ...AWS_ENVIRONMENT, ...environment },
        ),
        Error,
      );
      assert(reason.test(error.message), `${name}: ${error.message}`);
    }
  }
});

/** What goes wrong on the way, and how many bytes of a connection pass before. */
const FAULTS = [
  { name: "changes a byte", kind: "spoil", atBytes: 1 * MIB },
  { name: "ends the connection", kind: "cut", atBytes: 2 * MIB },
  { name: "answers in the server's place", kind: "answer", atBytes: 1_000 },
] as const;

for (const { name, kind, atBytes } of FAULTS) {
  s3Test(
    VERSITYGW,
    `has all in the end where something ${name}`,
    async (s3) => {
      await using proxy = new FaultyProxy(s3.url);
      const url = s3ObjectUrl(`${proxy.url}/${BUCKET}`, "a.mp4");
      for (const sizeBytes of [5 * MIB, 17 * MIB]) {
        const bytes = randomBytes(sizeBytes, sizeBytes);
        // All that carry so much at first, then none.
        proxy.fault = { kind, atBytes, count: 1 };
        const isDone = await upload(url, bytes).catch(() => false);
        assertEquals(proxy.fault.count, 0, "it went wrong");
        const isLater = await upload(url, bytes);
        assert(isDone !== isLater, "one of them has sent it");
        assertEquals(await upload(url, bytes), false);
        const kept = await s3.read("a.mp4");
        assert(
          kept.length === sizeBytes &&
            kept.every((byte, i) => byte === bytes[i]),
          "the same bytes",
        );
      }
    },
  );
}
