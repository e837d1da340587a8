import { fileURLToPath } from "node:url";
import { signedQuery } from "#auth/signature.ts";
import { Secret } from "#base/secret.ts";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { clip } from "#test/clips.ts";
import { runProcess, startProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { openRawRtmp } from "#test/raw_rtmp.ts";
import { openRawRtsp } from "#test/raw_rtsp.ts";
import { assertClosed } from "#test/scene.ts";
import { startWeir, WEIR_FLAGS, type WeirProcess } from "#test/weir_process.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

const SECRET = "top-secret-of-the-test";
const ENV = { MTX_AUTHSIGNSECRET: SECRET };
const CONFIG = `
authMethod: signed
authSignWindow: 2h
authSignActions: [publish, read]
authInternalUsers:
- { user: ann, pass: test-pass, permissions: [{ action: publish }, { action: read }] }
`;

function query(path: string, endsInSeconds: number, secret = SECRET): string {
  const nowSeconds = Math.floor(Date.now() / 1_000);
  return signedQuery(path, nowSeconds + endsInSeconds, {
    secret: new Secret(secret),
    algorithm: "sha256",
  });
}

const REFUSALS = [
  {
    name: "an unsigned URL",
    query: "x=1",
    status: 401,
    reason: /the URL is not signed$/,
    text: "authentication failed",
  },
  {
    name: "a wrong signature",
    query: query("live/cam", 60, "guess"),
    status: 401,
    reason: /the signature is not the one of path 'live\/cam', ts and secret$/,
    text: "authentication failed",
  },
  {
    name: "the signature of another path",
    query: query("live/other", 60),
    status: 401,
    reason: /the signature is not the one of path 'live\/cam', ts and secret$/,
    text: "authentication failed",
  },
  {
    name: "a URL that is good for too long",
    query: query("live/cam", 9_000),
    status: 403,
    reason:
      /the signed URL ends \d+ s further ahead than authSignWindow allows$/,
    text: "authentication failed: 403 not allowed",
  },
  {
    name: "a URL whose time is over",
    query: query("live/cam", -5),
    status: 419,
    reason: /the signed URL has expired \d+ s ago$/,
    text: "authentication failed: 419 expired",
  },
];

Deno.test("signed URLs are refused for a reason that answer and log tell", async () => {
  await using server = await startWeir({ config: CONFIG, env: ENV });
  await Promise.all(
    REFUSALS.flatMap((refusal) => [
      refuseRtsp(server, refusal),
      refuseRtmp(server, refusal),
    ]),
  );
  const signs = REFUSALS.flatMap(({ query }) =>
    /sign=(\w+)/.exec(query)?.[1] ?? []
  );
  const tellers = server.log.filter((line) =>
    [SECRET, ...signs].some((text) => line.includes(text))
  );
  assertEquals(tellers, [], "the log tells no secret");
});

async function refuseRtsp(
  server: WeirProcess,
  { query, status, reason }: typeof REFUSALS[number],
): Promise<void> {
  using client = await openRawRtsp(server.rtspPort);
  const url = `${server.rtspUrl("live/cam")}?${query}`;
  assertEquals((await client.describe(url)).status, status);
  await client.end();
  await server.waitForLog(
    new RegExp(
      ` WAR \\[RTSP\\] \\[conn ${client.address}\\] failed to authenticate: .*${reason.source}`,
    ),
  );
  await assertClosed(server, client, reason);
}

async function refuseRtmp(
  server: WeirProcess,
  { query, reason, text }: typeof REFUSALS[number],
): Promise<void> {
  using client = await openRawRtmp(server.rtmpPort);
  await client.connect("live");
  await client.command("publish", null, `cam?${query}`, "live");
  const answer = await client.answer("onStatus");
  assert(answer.name === "onStatus");
  const { code, description } = answer.values.at(-1) as Record<string, string>;
  assertEquals([code, description], ["NetStream.Publish.Unauthorized", text]);
  await client.end();
  await server.waitForLog(
    new RegExp(
      ` WAR \\[RTMP\\] \\[conn ${client.address}\\] failed to authenticate: .*${reason.source}`,
    ),
  );
  await assertClosed(server, client, reason);
}

interopTest({
  name: "ffmpeg publishes and reads URLs that weir sign has made",
  needs: ["ffmpeg"],
  fn: async () => {
    await using server = await startWeir({ config: CONFIG, env: ENV });
    const [rtsp] = await signedUrls(server, "a");
    const [readable, rtmp] = await signedUrls(server, "live/b");
    const file = await clip("bframes_aac");
    const publish = [..."-v error -re -stream_loop -1 -i".split(" "), file];
    await using _first = startProcess("ffmpeg", [
      ...[...publish, "-c", "copy", "-f", "rtsp"],
      ...["-rtsp_transport", "tcp", rtsp!],
    ]);
    await using _second = startProcess("ffmpeg", [
      ...[...publish, "-c", "copy", "-f", "flv", rtmp!],
    ]);
    await server.waitForLog(/\[path a\] stream is available/);
    await server.waitForLog(/\[path live\/b\] stream is available/);
    const readers = [rtsp!, rtmp!, readable!].map((url) =>
      runProcess("ffmpeg", [
        ...["-v", "error", "-i", url],
        ..."-frames:v 5 -f null -".split(" "),
      ])
    );
    for (const { code, stderr } of await Promise.all(readers)) {
      assertEquals([code, stderr], [0, ""]);
    }
    const stale = server.rtspUrl(`a?${query("a", -1)}`);
    const refused = await runProcess("ffmpeg", [
      ...["-v", "error", "-i", stale, "-f", "null", "-"],
    ]);
    assert(refused.code !== 0, "a URL whose time is over was taken");
    assertIncludes(refused.stderr, "4XX");
  },
});

/** URLs of a path as `weir sign` prints them: RTSP, then RTMP. */
async function signedUrls(
  server: WeirProcess,
  path: string,
): Promise<string[]> {
  const executable = Deno.env.get("WEIR_BIN");
  const args = ["sign", path, "--ttl", "30m", "--config", server.file];
  const { code, stdout } = executable === undefined
    ? await runProcess(Deno.execPath(), [
      ...["run", "--quiet", "--no-check", ...WEIR_FLAGS, MAIN],
      ...args,
    ], { env: ENV })
    : await runProcess(executable, args, { env: ENV });
  assertEquals(code, 0, stdout);
  // The tests' servers listen to one address only.
  return stdout.trim().split("\n").slice(1)
    .map((url) => url.replace("localhost", "127.0.0.1"));
}
