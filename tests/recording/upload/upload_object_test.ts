import { type Clock, systemClock } from "#base/clock.ts";
import { AwsAccess } from "#recording/upload/aws_access.ts";
import { S3Client } from "#recording/upload/s3_client.ts";
import { s3ObjectUrl } from "#recording/upload/s3_target.ts";
import { uploadObject } from "#recording/upload/upload_object.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { BytesInput } from "../../formats/mp4/bytes_input.ts";
import { ACCESS, ENVIRONMENT, FakeS3 } from "./fake_s3.ts";

const KEY = "cams/a b+c'(1)*!~/ü%41/2026-01-02_03-04-05-000006.mp4";
const PATH = `/bucket/${KEY}`;
const MIB = 1_024 * 1_024;

/** Every pause is over at once. */
const HASTY_CLOCK: Clock = {
  wallMs: () => systemClock.wallMs(),
  monotonicMs: () => systemClock.monotonicMs(),
  after: (_, work) => systemClock.after(0, work),
};

function bytesOf(sizeBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes; at += 997) bytes[at] = at / 997;
  return bytes;
}

function uploadTo(
  server: FakeS3,
  bytes: Uint8Array,
  access = ENVIRONMENT.access,
  input = new BytesInput(bytes),
): Promise<boolean> {
  const { region } = ENVIRONMENT;
  return uploadObject({
    client: new S3Client({ access, region, clock: systemClock }),
    clock: HASTY_CLOCK,
    input,
    url: s3ObjectUrl(`${server.url}/bucket`, KEY),
    signal: new AbortController().signal,
  });
}

const SIZES = [
  { name: "one byte", sizeBytes: 1, puts: 1 },
  { name: "as much as is sent at once", sizeBytes: 8 * MIB, puts: 1 },
  { name: "three parts", sizeBytes: 16 * MIB + 1, puts: 3 },
];

for (const { name, sizeBytes, puts } of SIZES) {
  Deno.test(`uploadObject() uploads ${name}, once`, async () => {
    await using server = new FakeS3();
    const bytes = bytesOf(sizeBytes);
    assertEquals(await uploadTo(server, bytes), true);
    assertEquals(await uploadTo(server, bytes), false);
    const kept = server.objects.get(PATH)!;
    assertEquals(kept.length, sizeBytes);
    assert(kept.every((byte, i) => byte === bytes[i]), "the same bytes");
    const isPut = (line: string) => line.startsWith("PUT ");
    assertEquals(server.requests.filter(isPut).length, puts);
    assert(server.largestBodyBytes <= 8 * MIB, "memory is bounded");
    assertEquals(server.openUploads, 0);
  });
}

Deno.test("uploadObject() replaces what has the size and is something else", async () => {
  await using server = new FakeS3();
  await uploadTo(server, new Uint8Array([1, 2, 3]));
  assertEquals(await uploadTo(server, new Uint8Array([1, 2, 4])), true);
  assertEquals([...server.objects.get(PATH)!], [1, 2, 4]);
});

const REFUSALS = [
  {
    name: "a wrong secret",
    access: new AwsAccess({ ...ACCESS, AWS_SECRET_ACCESS_KEY: "wrong" }),
    message:
      'the server answered 403: SignatureDoesNotMatch: because of a "test"',
  },
  {
    name: "a key that the server does not know",
    access: new AwsAccess({ ...ACCESS, AWS_ACCESS_KEY_ID: "nobody" }),
    message: 'the server answered 403: InvalidAccessKeyId: because of a "test"',
  },
];

for (const { name, access, message } of REFUSALS) {
  Deno.test(`uploadObject() tells of ${name}`, async () => {
    await using server = new FakeS3();
    const error = await assertRejects(
      uploadTo(server, bytesOf(10), access),
      Error,
    );
    assertEquals(error.message, message);
  });
}

Deno.test("uploadObject() does not believe a server that keeps something else", async () => {
  for (const sizeBytes of [10, 9 * MIB]) {
    await using server = new FakeS3();
    server.fault = (line) => line.startsWith("PUT ") ? "spoiled" : undefined;
    await assertRejects(uploadTo(server, bytesOf(sizeBytes)), Error);
    server.fault = () => undefined;
    assertEquals(await uploadTo(server, bytesOf(sizeBytes)), true);
    assertEquals(await uploadTo(server, bytesOf(sizeBytes)), false);
  }
});

Deno.test("uploadObject() gives up the parts of an object that fails", async () => {
  await using server = new FakeS3();
  server.fault = (line) => /PUT .* partNumber/.test(line) ? "error" : undefined;
  const error = await assertRejects(
    uploadTo(server, bytesOf(9 * MIB)),
    Error,
  );
  assertEquals(
    error.message,
    'the server answered 500: InternalError: because of a "test"',
  );
  assertEquals(server.openUploads, 0);
  assertEquals(server.objects.size, 0);
  const puts = server.requests.filter((line) => line.startsWith("PUT "));
  assertEquals(puts.length, 4, "it has been tried before");
});

Deno.test("uploadObject() sends one part again, not all of them, where one request fails", async () => {
  await using server = new FakeS3();
  const faults = ["error", "lost"] as const;
  let count = 0;
  server.fault = (line) =>
    /PUT .* partNumber/.test(line) ? faults[count++ - 1] : undefined;
  const bytes = bytesOf(17 * MIB);
  assertEquals(await uploadTo(server, bytes), true);
  assertEquals(count, 3 + faults.length);
  assertEquals(server.objects.get(PATH)!.length, bytes.length);
  assertEquals(server.openUploads, 0);
});

Deno.test("uploadObject() sends nothing to a server that refuses it, and tells why", async () => {
  await using server = new FakeS3();
  const access = new AwsAccess({ ...ACCESS, AWS_SECRET_ACCESS_KEY: "wrong" });
  const error = await assertRejects(
    uploadTo(server, bytesOf(8 * MIB), access),
    Error,
  );
  assert(error.message.includes("SignatureDoesNotMatch"), error.message);
  assertEquals(server.largestBodyBytes, 0);
});

Deno.test("uploadObject() fails if a file becomes shorter", async () => {
  await using server = new FakeS3();
  const input = new BytesInput(bytesOf(10));
  const grown = Object.defineProperty(input, "sizeBytes", { value: 20 });
  const error = await assertRejects(
    uploadTo(server, new Uint8Array(), undefined, grown),
    Error,
  );
  assertEquals(error.message, "the file has become shorter");
});
