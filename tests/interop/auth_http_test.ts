import { assert, assertEquals } from "#test/assert.ts";
import { makeCertificate } from "#test/certificates.ts";
import { clip } from "#test/clips.ts";
import { openHttpServer } from "#test/http_server.ts";
import { runProcess, startProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { openRawRtmp } from "#test/raw_rtmp.ts";
import { openRawRtsp } from "#test/raw_rtsp.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";

/** Nobody else may notice a server that is slow for one. */
const MAX_ANSWER_MS = 1_500;

/** What a server was asked. */
interface Question {
  readonly user: string;
  readonly password: string;
  readonly action: string;
  readonly path: string;
}

interopTest({
  name:
    "ffmpeg publishes and reads as an HTTPS server allows, until it does not any more",
  needs: ["ffmpeg"],
  fn: async () => {
    const { certificatePem: cert, keyPem: key, fingerprint } =
      makeCertificate();
    let mayRead = true;
    await using hook = openHttpServer(({ body }) => {
      const { user, password, action }: Question = JSON.parse(body);
      const isKnown = password === "test-pass" &&
        (user === "pub" && action === "publish" ||
          user === "ann" && action === "read" && mayRead);
      return new Response(null, { status: isKnown ? 204 : 401 });
    }, { cert, key });
    await using server = await startWeir({
      config: [
        "authMethod: http",
        `authHTTPAddress: ${hook.url}/auth`,
        `authHTTPFingerprint: ${fingerprint}`,
        "authHTTPCacheTTL: 1s",
      ].join("\n"),
    });
    const urlOf = (user: string) =>
      server.rtspUrl("cam").replace("//", `//${user}:test-pass@`);
    await using _publishing = startProcess("ffmpeg", [
      ..."-v error -re -stream_loop -1 -i".split(" "),
      await clip("bframes_aac"),
      ..."-c copy -f rtsp -rtsp_transport tcp".split(" "),
      urlOf("pub"),
    ]);
    await server.waitForLog(/\[path cam\] stream is available/);
    const read = await runProcess("ffmpeg", [
      ...["-v", "error", "-i", urlOf("ann")],
      ..."-frames:v 5 -f null -".split(" "),
    ]);
    assertEquals([read.code, read.stderr], [0, ""]);
    await using reader = startProcess("ffmpeg", [
      ...["-v", "error", "-i", server.rtmpUrl("cam?user=ann&pass=test-pass")],
      ..."-f null -".split(" "),
    ]);
    await server.waitForLog(/\[RTMP\] .* is reading from path 'cam'/);
    mayRead = false;
    await server.waitForLog(
      /\[RTMP\] .* closed: the permission of user 'ann' was taken back: server replied with code 401$/,
    );
    await reader.waitForExit();
    const refused = await runProcess("ffmpeg", [
      ...["-v", "error", "-i", urlOf("ann"), "-f", "null", "-"],
    ]);
    assert(refused.stderr.includes("401"), refused.stderr);
    assert(!server.log.some((line) => line.includes("test-pass")));
  },
});

Deno.test("an HTTP server that hangs, fails, redirects or talks too much keeps nobody else waiting", async () => {
  const huge = "x".repeat(1_000_000);
  await using hook = openHttpServer(({ body, path }) => {
    const { user }: Question = JSON.parse(body);
    switch (user) {
      case "hang":
        return new Promise(() => {});
      case "fail":
        return new Response("oops", { status: 500 });
      case "huge":
        return new Response(huge, { status: 403 });
      case "around":
        return new Response(null, {
          status: 308,
          headers: { Location: `${path}/on` },
        });
      case "moved":
        return path === "/new" ? new Response() : new Response(null, {
          status: 307,
          headers: { Location: "/new" },
        });
      default:
        return new Response();
    }
  });
  await using server = await startWeir({
    config: [
      "readTimeout: 3s",
      "authMethod: http",
      `authHTTPAddress: ${hook.url}/auth`,
    ].join("\n"),
  });
  const refusals = [
    refuse(server, "hang", /HTTP request failed: no answer within 3 s$/),
    refuse(server, "fail", /server replied with code 500: oops$/),
    refuse(server, "huge", /server replied with code 403: x+/),
    refuse(
      server,
      "around",
      /HTTP request failed: stopped after 10 redirects$/,
    ),
  ];
  const startMs = performance.now();
  for (const user of ["moved", "other"]) {
    using client = await openRawRtsp(server.rtspPort);
    const credentials = { Authorization: `Basic ${btoa(`${user}:p`)}` };
    const { status } = await client.announce(
      server.rtspUrl(user),
      credentials,
    );
    assertEquals(status, 200, user);
  }
  const tookMs = performance.now() - startMs;
  assert(tookMs < 2 * MAX_ANSWER_MS, `others waited for ${tookMs} ms`);
  await Promise.all(refusals);
  assertEquals(server.log.filter((line) => / ERR /.test(line)), []);
});

async function refuse(
  server: WeirProcess,
  user: string,
  reason: RegExp,
): Promise<void> {
  using client = await openRawRtmp(server.rtmpPort);
  await client.connect("");
  const code = await client.publish(`cam?user=${user}&pass=p`);
  assertEquals(code, "NetStream.Publish.Unauthorized");
  await client.end();
  await server.waitForLog(
    new RegExp(
      `WAR \\[RTMP\\] \\[conn ${client.address}\\] failed to authenticate: .*${reason.source}`,
    ),
  );
}
