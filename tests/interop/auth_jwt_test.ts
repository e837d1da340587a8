import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { clip } from "#test/clips.ts";
import { openHttpServer } from "#test/http_server.ts";
import { keySetOf, openIssuer, PERMISSIONS_CLAIM } from "#test/jwt.ts";
import { runProcess, startProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { openRawRtsp } from "#test/raw_rtsp.ts";
import { startWeir } from "#test/weir_process.ts";

/** Readers must have begun by then, on a busy machine too. */
const TOKEN_LIFE_SECONDS = 12;

interopTest({
  name:
    "a token that expires ends what ffmpeg reads over RTSP and RTMP, and nothing else",
  needs: ["ffmpeg"],
  fn: async () => {
    const issuer = await openIssuer("RS256", "one");
    await using keys = openHttpServer(() => keySetOf(issuer.publicJwk));
    await using server = await startWeir({
      config: `authMethod: jwt\nauthJWTJWKS: ${keys.url}/jwks.json`,
    });
    const tokenFor = (user: string, action: string, exp?: number) =>
      issuer.issue({
        sub: user,
        [PERMISSIONS_CLAIM]: [{ action, path: "cam" }],
        ...exp === undefined ? {} : { exp },
      });
    const publisher = await tokenFor("pub", "publish");
    const target = server.rtspUrl(`cam?token=${publisher}`);
    await using publishing = startProcess("ffmpeg", [
      ..."-v error -re -stream_loop -1 -i".split(" "),
      await clip("bframes_aac"),
      ..."-c copy -f rtsp -rtsp_transport tcp".split(" "),
      target,
    ]);
    await server.waitForLog(/\[path cam\] stream is available/);
    const wrong = await runProcess("ffmpeg", [
      ...["-v", "error", "-i", target, "-f", "null", "-"],
    ]);
    assert(wrong.stderr.includes("401"), wrong.stderr);
    // As a password, which ffmpeg would cut.
    using client = await openRawRtsp(server.rtspPort);
    const basic = { Authorization: `Basic ${btoa(`x:${publisher}`)}` };
    const announced = await client.announce(server.rtspUrl("cam"), basic);
    assertEquals(announced.status, 200);
    const exp = Math.floor(Date.now() / 1_000) + TOKEN_LIFE_SECONDS;
    const token = await tokenFor("ann", "read", exp);
    const forever = await tokenFor("bob", "read");
    await using reader = startReader(server.rtspUrl(`cam?jwt=${forever}`));
    const guests = [
      startReader(server.rtspUrl(`cam?jwt=${token}`)),
      startReader(server.rtmpUrl(`cam?token=${token}`)),
    ];
    const line = /the token of user 'ann' has expired$/;
    const ends = [
      new RegExp(`\\[RTSP\\] \\[session \\w+\\] destroyed: ${line.source}`),
      new RegExp(`\\[RTMP\\] \\[conn [^\\]]+\\] closed: ${line.source}`),
    ];
    await Promise.all(
      ends.map((end) => server.waitForLog(end, 60_000)),
    );
    assert(Date.now() >= exp * 1_000, "the token had not expired yet");
    const reading = server.log.filter((one) => one.includes("is reading from"));
    assertEquals(reading.length, 3, "all had begun before");
    for (const guest of guests) {
      await using ended = guest;
      await ended.waitForExit();
    }
    const late = await runProcess("ffmpeg", [
      "-v",
      "error",
      "-i",
      server.rtspUrl(`cam?jwt=${token}`),
      ..."-f null -".split(" "),
    ]);
    assertIncludes(late.stderr, "401");
    await server.waitForLog(/failed to authenticate: token is expired$/);
    const stillThere = server.log.filter((one) =>
      /destroyed|closed/.test(one) && one.includes("'bob'")
    );
    assertEquals(stillThere, []);
    assertEquals([reader.stderr, publishing.stderr], ["", ""]);
    for (const secret of [token, forever, publisher]) {
      assert(
        !server.log.some((one) => one.includes(secret)),
        "the log tells a token",
      );
    }
  },
});

function startReader(url: string) {
  return startProcess("ffmpeg", [
    ...["-v", "error", "-i", url],
    ..."-f null -".split(" "),
  ]);
}
