import { assertEquals } from "#test/assert.ts";
import { startBystanders } from "#test/bystanders.ts";
import { openRawRtmp } from "#test/raw_rtmp.ts";
import { openRawRtsp, TCP_TRANSPORT } from "#test/raw_rtsp.ts";
import { assertRefused } from "#test/scene.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";

const CONFIG = `
paths:
  cam: {}
  live/cam: {}
  live/single: { overridePublisher: no }
  live/few: { maxReaders: 1 }
  moved: { source: redirect, sourceRedirect: "rtsp://example.com:8554/other" }
  moved_here: { source: redirect, sourceRedirect: /cam }
  "~^room([0-9]+)/(left|right)$": {}
`;

/** What a client gets that asks for a path. */
interface Refusal {
  readonly path: string;
  /** Of DESCRIBE. */
  readonly status: number;
  readonly log: RegExp;
}

const CHARACTERS =
  /invalid path name: can contain only alphanumeric characters, underscore/;

/** Paths that nobody can have; percent-encoded, as they stand in a URL. */
const REFUSALS: readonly Refusal[] = [
  {
    path: "unknown",
    status: 400,
    log: /closed: path 'unknown' is not configured$/,
  },
  {
    path: "room12/middle",
    status: 400,
    log: /closed: path 'room12\/middle' is not configured$/,
  },
  {
    path: "room/left",
    status: 400,
    log: /closed: path 'room\/left' is not configured$/,
  },
  {
    path: "cam",
    status: 404,
    log: /closed: no stream is available on path 'cam'$/,
  },
  {
    path: "room12/left",
    status: 404,
    log: /closed: no stream is available on path 'room12\/left'$/,
  },
  {
    path: "../cam",
    status: 400,
    log: /invalid path name: can't contain dot path segments \(\.\.\/cam\)$/,
  },
  {
    path: "a/%2e%2e/cam",
    status: 400,
    log: /invalid path name: can't contain dot path segments/,
  },
  {
    path: "con",
    status: 400,
    log: /invalid path name: can't contain names of devices \(con\)$/,
  },
  {
    path: "a/LPT1.txt",
    status: 400,
    log: /invalid path name: can't contain names of devices/,
  },
  { path: "a%5Cb", status: 400, log: CHARACTERS },
  { path: "c%C3%A4m", status: 400, log: CHARACTERS },
  { path: "%E6%91%84", status: 400, log: CHARACTERS },
  { path: "a b".replace(" ", "%20"), status: 400, log: CHARACTERS },
  {
    path: "x".repeat(300),
    status: 400,
    log: /invalid path name: cannot be longer than 255 characters/,
  },
];

Deno.test("a path that cannot be had is refused, over RTSP and RTMP alike", async () => {
  await using server = await startWeir({ config: CONFIG });
  for (const { path, status, log } of REFUSALS) {
    using rtsp = await openRawRtsp(server.rtspPort);
    const answer = await rtsp.describe(server.rtspUrl(path));
    assertEquals(answer.status, status, path);
    await rtsp.end();
    await assertRefused(server, rtsp, log);
    using rtmp = await openRawRtmp(server.rtmpPort);
    await rtmp.connect("");
    await rtmp.command("play", null, path);
    await rtmp.end();
    await assertRefused(server, rtmp, log);
  }
});

Deno.test("names that could forge a line of the log or leave a folder are refused to publishers", async () => {
  await using server = await startWeir({ config: "paths: { all_others: {} }" });
  const forged = "2026/01/01 00:00:00 ERR forged";
  const names = [`a\n${forged}`, "a\0b", "\u0085a", "..", "a/", "a\\..\\b"];
  for (const name of [...names, "nul", "/etc/passwd/", "ä"]) {
    using rtmp = await openRawRtmp(server.rtmpPort);
    await rtmp.connect("live");
    await rtmp.command("publish", null, name, "live");
    await rtmp.end();
    await assertRefused(server, rtmp, /closed: invalid path name: /);
    using rtsp = await openRawRtsp(server.rtspPort);
    const url = server.rtspUrl(encodeURIComponent(name));
    assertEquals((await rtsp.announce(url)).status, 400, name);
    await rtsp.end();
  }
  const lines = server.log.filter((line) =>
    !/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d (INF|WAR) /.test(line) ||
    line.startsWith(forged)
  );
  assertEquals(lines, []);
});

Deno.test("a path of a pattern comes and goes with those who use it", async () => {
  await using server = await startWeir({ config: CONFIG });
  const url = server.rtspUrl("room7/right");
  using publisher = await openRawRtsp(server.rtspPort);
  assertEquals(await publisher.publish(url), 200);
  using reader = await openRawRtsp(server.rtspPort);
  assertEquals((await reader.describe(url)).status, 200);
  assertEquals((await publisher.request("TEARDOWN", url)).status, 200);
  await server.waitForLog(/\[path room7\/right\] stream is not available/);
  using late = await openRawRtsp(server.rtspPort);
  assertEquals((await late.describe(url)).status, 404);
});

Deno.test("a redirect source answers DESCRIBE by another address", async () => {
  await using server = await startWeir({ config: CONFIG });
  const targets = [
    ["moved", "rtsp://example.com:8554/other"],
    ["moved_here", server.rtspUrl("cam")],
  ] as const;
  for (const [path, target] of targets) {
    using client = await openRawRtsp(server.rtspPort);
    const { status, headers } = await client.describe(server.rtspUrl(path));
    assertEquals([status, headers.get("Location")], [302, target]);
    assertEquals((await client.request("OPTIONS", "*")).status, 200);
    using reader = await openRawRtsp(server.rtspPort);
    const url = server.rtspUrl(path);
    assertEquals((await reader.setup(url, TCP_TRANSPORT)).status, 404);
    using publisher = await openRawRtsp(server.rtspPort);
    assertEquals((await publisher.announce(url)).status, 400);
    await publisher.end();
    await assertNoSourcePublisher(server, publisher.address, path);
  }
});

async function assertNoSourcePublisher(
  server: WeirProcess,
  address: string,
  path: string,
): Promise<void> {
  await server.waitForLog(
    new RegExp(
      `\\[conn ${address}\\] closed: can't publish to path '${path}' since 'source' is not 'publisher'$`,
    ),
  );
}

for (const publisher of ["rtsp", "rtmp"] as const) {
  Deno.test(`a second publisher takes the place of one over ${publisher}, whose readers end`, async () => {
    await using server = await startWeir({ config: CONFIG });
    await using first = await startBystanders(server, {
      path: "live/cam",
      publisher,
      readers: { "rtsp-tcp": 1, rtmp: 1 },
    });
    using second = await openRawRtsp(server.rtspPort);
    assertEquals(await second.publish(server.rtspUrl("live/cam")), 200);
    await server.waitForLog(/\[path live\/cam\] closing existing publisher$/);
    const replaced =
      /closed: replaced by another publisher of path 'live\/cam'$/;
    await server.waitForLog(replaced);
    await first.publisher.ended;
    await server.waitForLog(/\[RTMP\] \[conn \S+\] closed: terminated$/);
    await server.waitForLog(/\[RTSP\] \[conn \S+\] closed: terminated$/);
    using reader = await openRawRtsp(server.rtspPort);
    assertEquals(await reader.play(server.rtspUrl("live/cam")), 200);
  });

  Deno.test(`with overridePublisher off, nobody takes the place of one over ${publisher}`, async () => {
    await using server = await startWeir({ config: CONFIG });
    await using first = await startBystanders(server, {
      path: "live/single",
      publisher,
      readers: { "rtsp-tcp": 1, rtmp: 1 },
    });
    const log = /closed: someone is already publishing to path 'live\/single'$/;
    using rtsp = await openRawRtsp(server.rtspPort);
    assertEquals(await rtsp.publish(server.rtspUrl("live/single")), 400);
    await rtsp.end();
    await assertRefused(server, rtsp, log);
    using rtmp = await openRawRtmp(server.rtmpPort);
    await rtmp.connect("live");
    assertEquals(await rtmp.publish("single"), "NetStream.Publish.Start");
    await rtmp.sendKeyFrame();
    await rtmp.end();
    await assertRefused(server, rtmp, log);
    await first.assertUnharmed();
  });
}

Deno.test("maxReaders counts readers of all protocols, until they leave", async () => {
  await using server = await startWeir({ config: CONFIG });
  const url = server.rtspUrl("live/few");
  await using good = await startBystanders(server, {
    path: "live/few",
    publisher: "rtmp",
    readers: {},
  });
  const log =
    /closed: maximum reader count reached \(maxReaders of path 'live\/few' is 1\)$/;
  using first = await openRawRtsp(server.rtspPort);
  assertEquals(await first.play(url), 200);
  using second = await openRawRtsp(server.rtspPort);
  assertEquals((await second.describe(url)).status, 200);
  assertEquals(await second.play(url), 400);
  await second.end();
  await assertRefused(server, second, log);
  using third = await openRawRtmp(server.rtmpPort);
  await third.connect("live");
  await third.command("play", null, "few");
  await third.end();
  await assertRefused(server, third, log);
  assertEquals((await first.request("TEARDOWN", url)).status, 200);
  using fourth = await openRawRtmp(server.rtmpPort);
  await fourth.connect("live");
  assertEquals(await fourth.play("few"), "NetStream.Play.Reset");
  await fourth.media(5);
  await good.assertUnharmed();
});

Deno.test("a reader that has not begun, or pauses, ends with the publisher", async () => {
  await using server = await startWeir({ config: CONFIG });
  const url = server.rtspUrl("cam");
  using publisher = await openRawRtsp(server.rtspPort);
  assertEquals(await publisher.publish(url), 200);
  using waiting = await openRawRtsp(server.rtspPort);
  assertEquals((await waiting.setup(url, TCP_TRANSPORT)).status, 200);
  using paused = await openRawRtsp(server.rtspPort);
  assertEquals(await paused.play(url), 200);
  assertEquals((await paused.request("PAUSE", url)).status, 200);
  assertEquals((await publisher.request("TEARDOWN", url)).status, 200);
  for (const reader of [waiting, paused]) {
    await reader.end();
    await assertRefused(server, reader, /closed: terminated$/);
  }
});
