import { argon2id } from "hash-wasm";
import { md5Hex, sha256 } from "#base/crypto.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { clip } from "#test/clips.ts";
import { runProcess, startProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { openRawRtmp } from "#test/raw_rtmp.ts";
import { openRawRtsp, type RawHeaders, type RawRtsp } from "#test/raw_rtsp.ts";
import { assertClosed } from "#test/scene.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";

/** A refusal may take this long, whatever it is delayed by. */
const MAX_REFUSAL_MS = 5_000;

/** Nobody else may notice a refusal. */
const MAX_ANSWER_MS = 1_000;

const PASSWORD = "test-pass";

/** Users whose passwords are kept in every way there is, and one who may only read. */
async function usersConfig(): Promise<string> {
  const digest = sha256(new TextEncoder().encode(PASSWORD)).toBase64();
  const argon2 = await argon2id({
    password: PASSWORD,
    salt: new Uint8Array(16).fill(7),
    parallelism: 1,
    iterations: 2,
    memorySize: 1_024,
    hashLength: 32,
    outputType: "encoded",
  });
  const user = (name: string, pass: string, permissions: string) =>
    `- { user: ${name}, pass: "${pass}", permissions: [${permissions}] }`;
  const cam = "{ action: publish, path: cam }, { action: read, path: cam }";
  return [
    "authInternalUsers:",
    user("clear", PASSWORD, cam),
    user("hashed", `sha256:${digest}`, cam),
    user("argon", `argon2:${argon2}`, cam),
    user("viewer", PASSWORD, "{ action: read, path: '~^(cam|open)$' }"),
    user(
      "any",
      "",
      "{ action: read, path: open }, { action: publish, path: open }",
    ),
    "paths: { cam: {}, open: {} }",
  ].join("\n");
}

const DIGEST_CONFIG = `
rtspAuthMethods: [basic, digest]
authInternalUsers:
- { user: clear, pass: ${PASSWORD}, permissions: [{ action: publish }, { action: read }] }
`;

function basic(user: string, password: string): RawHeaders {
  return { Authorization: `Basic ${btoa(`${user}:${password}`)}` };
}

Deno.test("users may do what their permissions say, over RTSP and RTMP", async () => {
  await using server = await startWeir({ config: await usersConfig() });
  const cam = server.rtspUrl("cam");
  for (const user of ["clear", "hashed", "argon"]) {
    using publisher = await openRawRtsp(server.rtspPort);
    const answer = await publisher.announce(cam, basic(user, PASSWORD));
    assertEquals(answer.status, 200, user);
    using player = await openRawRtsp(server.rtspPort);
    // Let in, and there is nothing yet.
    const described = await player.describe(cam, basic(user, PASSWORD));
    assertEquals(described.status, 404, user);
    using rtmp = await openRawRtmp(server.rtmpPort);
    await rtmp.connect("");
    const key = `cam?user=${user}&pass=${PASSWORD}`;
    assertEquals(await rtmp.publish(key), "NetStream.Publish.Start", user);
  }
  using anyone = await openRawRtsp(server.rtspPort);
  assertEquals((await anyone.announce(server.rtspUrl("open"))).status, 200);
  using viewer = await openRawRtsp(server.rtspPort);
  const credentials = basic("viewer", PASSWORD);
  assertEquals((await viewer.describe(cam, credentials)).status, 404);
  using intruder = await openRawRtsp(server.rtspPort);
  assertEquals((await intruder.announce(cam, credentials)).status, 401);
  const tellers = server.log.filter((line) => line.includes(PASSWORD));
  assertEquals(tellers, [], "the log tells no password");
});

Deno.test("a wrong password is refused late, in one line, and delays nobody else", async () => {
  await using server = await startWeir({ config: await usersConfig() });
  const cam = server.rtspUrl("cam");
  const startMs = performance.now();
  const refusals = ["clear", "hashed", "argon", "nobody"].flatMap((user) => [
    refuseRtspPublisher(server, user),
    refuseRtspReader(server, user),
    refuseRtmp(server, user, "publish"),
    refuseRtmp(server, user, "play"),
  ]);
  const all = Promise.all(refusals);
  using other = await openRawRtsp(server.rtspPort);
  const { status } = await other.announce(cam, basic("clear", PASSWORD));
  assertEquals(status, 200);
  const otherMs = performance.now() - startMs;
  await all;
  const allMs = performance.now() - startMs;
  assert(otherMs < MAX_ANSWER_MS, `somebody else waited for ${otherMs} ms`);
  assert(allMs < MAX_REFUSAL_MS, `the last refusal took ${allMs} ms`);
  assertEquals(warnings(server).length, refusals.length);
});

async function refuseRtspPublisher(
  server: WeirProcess,
  user: string,
): Promise<void> {
  using client = await openRawRtsp(server.rtspPort);
  const url = server.rtspUrl("cam");
  await assertUnauthorized(client, client.announce(url, basic(user, "wrong")));
  const mark = `created by ${client.address}`;
  const created = server.log.find((line) => line.endsWith(mark))!;
  const session = /session \w+/.exec(created)![0];
  await server.waitForLog(
    new RegExp(
      `WAR \\[RTSP\\] \\[${session}\\] failed to authenticate: authentication failed$`,
    ),
  );
  await assertClosed(server, client, /closed: authentication failed$/);
}

async function refuseRtspReader(
  server: WeirProcess,
  user: string,
): Promise<void> {
  using client = await openRawRtsp(server.rtspPort);
  const url = server.rtspUrl("cam");
  await assertUnauthorized(client, client.describe(url, basic(user, "wrong")));
  await server.waitForLog(
    new RegExp(
      `WAR \\[RTSP\\] \\[conn ${client.address}\\] failed to authenticate: authentication failed$`,
    ),
  );
  await assertClosed(server, client, /closed: authentication failed$/);
}

/** The second refusal of a client has no challenge any more. */
async function assertUnauthorized(
  client: RawRtsp,
  answer: ReturnType<RawRtsp["announce"]>,
): Promise<void> {
  const { status, headers } = await answer;
  assertEquals(status, 401);
  assertEquals(headers.getAll("WWW-Authenticate"), []);
  await client.end();
}

async function refuseRtmp(
  server: WeirProcess,
  user: string,
  verb: "publish" | "play",
): Promise<void> {
  using client = await openRawRtmp(server.rtmpPort);
  await client.connect("");
  const code = verb === "publish"
    ? "NetStream.Publish.Unauthorized"
    : "NetStream.Play.Failed";
  assertEquals(await client[verb](`cam?user=${user}&pass=wrong`), code);
  await client.end();
  await server.waitForLog(
    new RegExp(
      `WAR \\[RTMP\\] \\[conn ${client.address}\\] failed to authenticate: authentication failed$`,
    ),
  );
  await assertClosed(server, client, /closed: authentication failed$/);
}

function warnings(server: WeirProcess): string[] {
  return server.log.filter((line) =>
    / WAR .*failed to authenticate/.test(line)
  );
}

Deno.test("no credentials are answered by a challenge at once, without a line in the log", async () => {
  await using server = await startWeir({ config: DIGEST_CONFIG });
  const url = server.rtspUrl("cam");
  using client = await openRawRtsp(server.rtspPort);
  for (const method of ["DESCRIBE", "ANNOUNCE", "SETUP"] as const) {
    const startMs = performance.now();
    const { status, headers } = method === "DESCRIBE"
      ? await client.describe(url)
      : method === "ANNOUNCE"
      ? await client.announce(url)
      : await client.setup(url, "RTP/AVP/TCP;unicast;interleaved=0-1");
    const tookMs = performance.now() - startMs;
    assert(tookMs < MAX_ANSWER_MS, `${method} took ${tookMs} ms`);
    assertEquals(status, 401);
    const challenges = headers.getAll("WWW-Authenticate");
    assertEquals(challenges[0], 'Basic realm="ipcam"');
    assert(/^Digest realm="ipcam", nonce="\w+"/.test(challenges[1]!));
  }
  assertEquals(warnings(server), []);
  const { status } = await client.announce(url, basic("clear", PASSWORD));
  assertEquals(status, 200, "the same connection may go on");
});

Deno.test("Digest takes the right proof, and no proof of another kind", async () => {
  await using server = await startWeir({ config: DIGEST_CONFIG });
  const url = server.rtspUrl("cam");
  const prove = async (
    client: RawRtsp,
    change: (proof: DigestProof) => DigestProof,
  ) => {
    const { headers } = await client.announce(url);
    const challenge = headers.getAll("WWW-Authenticate")[1]!;
    const nonce = /nonce="(\w+)"/.exec(challenge)![1]!;
    const proof = { user: "clear", password: PASSWORD, uri: url, nonce };
    const answer = await client.announce(url, digest(change(proof)));
    return answer.status;
  };
  using good = await openRawRtsp(server.rtspPort);
  assertEquals(await prove(good, (proof) => proof), 200);
  const changes: ((proof: DigestProof) => DigestProof)[] = [
    (proof) => ({ ...proof, password: "wrong" }),
    (proof) => ({ ...proof, user: "nobody" }),
    (proof) => ({ ...proof, uri: server.rtspUrl("other") }),
    (proof) => ({ ...proof, nonce: "0123456789abcdef" }),
  ];
  await Promise.all(changes.map(async (change) => {
    using client = await openRawRtsp(server.rtspPort);
    assertEquals(await prove(client, change), 401);
    await client.end();
  }));
  assertEquals(warnings(server).length, changes.length);
});

interface DigestProof {
  readonly user: string;
  readonly password: string;
  readonly uri: string;
  readonly nonce: string;
}

/** Proof of an ANNOUNCE. Spec: RFC 2069 §2.1.2. */
function digest({ user, password, uri, nonce }: DigestProof): RawHeaders {
  const secret = md5Hex(`${user}:ipcam:${password}`);
  const response = md5Hex(`${secret}:${nonce}:${md5Hex(`ANNOUNCE:${uri}`)}`);
  const parts = { username: user, realm: "ipcam", nonce, uri, response };
  const text = Object.entries(parts).map(([key, value]) => `${key}="${value}"`);
  return { Authorization: `Digest ${text.join(", ")}` };
}

for (const methods of ["basic", "digest"]) {
  interopTest({
    name:
      `ffmpeg publishes and reads with a password over RTSP (${methods}) and RTMP`,
    needs: ["ffmpeg"],
    fn: async () => {
      const config = DIGEST_CONFIG.replace("[basic, digest]", `[${methods}]`);
      await using server = await startWeir({ config });
      const file = await clip("bframes_aac");
      const user = `clear:${PASSWORD}@`;
      const rtsp = server.rtspUrl("a").replace("//", `//${user}`);
      const rtmp = server.rtmpUrl(`b?user=clear&pass=${PASSWORD}`);
      const publish = [..."-v error -re -stream_loop -1 -i".split(" "), file];
      await using _first = startProcess("ffmpeg", [
        ...[...publish, "-c", "copy", "-f", "rtsp"],
        ...["-rtsp_transport", "tcp", rtsp],
      ]);
      await using _second = startProcess("ffmpeg", [
        ...[...publish, "-c", "copy", "-f", "flv", rtmp],
      ]);
      await server.waitForLog(/\[path a\] stream is available/);
      await server.waitForLog(/\[path b\] stream is available/);
      const readers = [rtsp, rtsp.replace(/a$/, "b"), rtmp].map((url) =>
        runProcess("ffmpeg", [
          ...["-v", "error", "-i", url],
          ..."-frames:v 5 -f null -".split(" "),
        ])
      );
      for (const { code, stderr } of await Promise.all(readers)) {
        assertEquals([code, stderr], [0, ""]);
      }
      const wrong = await runProcess("ffmpeg", [
        ..."-v error -rtsp_transport tcp -i".split(" "),
        rtsp.replace(PASSWORD, "wrong"),
        ..."-f null -".split(" "),
      ]);
      assert(wrong.code !== 0 && wrong.stderr.includes("401 Unauthorized"));
    },
  });
}
