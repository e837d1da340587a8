import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { startBystanders } from "#test/bystanders.ts";
import { clip } from "#test/clips.ts";
import { startProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { openRawRtsp } from "#test/raw_rtsp.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";

/** From the signal to the end of the process. */
const MAX_SHUTDOWN_MS = 5_000;

/** A stream that nothing must disturb, beside paths whose hooks misbehave. */
const BYSTANDERS = {
  path: "live/good",
  publisher: "rtsp",
  readers: { "rtsp-tcp": 2, "rtsp-udp": 2, rtmp: 2 },
} as const;

/** A command that prints its own name and some variables. */
function say(name: string, ...variables: string[]): string {
  const values = variables.map((one) => `${one}=$${one}`).join(" ");
  return `${name}: echo HOOK ${name} ${values}`;
}

/** What the hooks have printed so far. */
function said(server: WeirProcess, name: string): string[] {
  const start = `HOOK ${name} `;
  return server.log.filter((line) => line.startsWith(start))
    .map((line) => line.slice(start.length));
}

interopTest({
  name: "hooks of connections, paths and readers run, with what they are told",
  needs: ["ffmpeg"],
  fn: async () => {
    const source = ["MTX_PATH", "MTX_SOURCE_TYPE", "MTX_SOURCE_ID"];
    const reader = ["MTX_READER_TYPE", "MTX_READER_ID", "MTX_QUERY", "G1"];
    await using server = await startWeir({
      config: `
${say("runOnConnect", "MTX_CONN_TYPE", "MTX_CONN_ID", "RTSP_PORT")}
${say("runOnDisconnect", "MTX_CONN_TYPE", "MTX_CONN_ID")}
paths:
  plain:
    ${say("runOnInit", "MTX_PATH", "RTSP_PATH")}
  "~^live/(.+)$":
    ${say("runOnReady", ...source, "MTX_QUERY", "G1")}
    ${say("runOnNotReady", ...source)}
    ${say("runOnOnline", ...source)}
    ${say("runOnOffline", ...source)}
    ${say("runOnRead", ...reader)}
    ${say("runOnUnread", ...reader)}
`,
    });
    await server.waitForLog(/^HOOK runOnInit MTX_PATH=plain RTSP_PATH=plain$/);
    await server.waitForLog(/\[path plain\] runOnInit command started$/);
    const file = await clip("bframes_aac");
    const publisher = startProcess("ffmpeg", [
      ..."-nostdin -v error -re -stream_loop -1 -i".split(" "),
      ...[file, "-c", "copy", "-f", "flv"],
      server.rtmpUrl("live/cam?camera=3&x=a+b"),
    ]);
    await using _publisher = publisher;
    const [, sourceId] = await server.waitForLog(
      /^HOOK runOnReady MTX_PATH=live\/cam MTX_SOURCE_TYPE=rtmpConn MTX_SOURCE_ID=([\da-f-]{36}) MTX_QUERY=camera%3D3%26x%3Da%2Bb G1=cam$/,
    );
    await server.waitForLog(
      new RegExp(
        `^HOOK runOnConnect MTX_CONN_TYPE=rtmpConn MTX_CONN_ID=${sourceId} RTSP_PORT=${server.rtspPort}$`,
      ),
    );
    {
      using client = await openRawRtsp(server.rtspPort);
      const url = server.rtspUrl("live/cam");
      assertEquals(await client.play(url), 200);
      await server.waitForLog(
        /^HOOK runOnRead MTX_READER_TYPE=rtspSession MTX_READER_ID=\S{36} MTX_QUERY= G1=cam$/,
      );
      await server.waitForLog(/\[session \w{8}\] runOnRead command started$/);
    }
    await server.waitForLog(
      /^HOOK runOnUnread MTX_READER_TYPE=rtspSession MTX_READER_ID=\S{36}/,
    );
    await server.waitForLog(/^HOOK runOnDisconnect MTX_CONN_TYPE=rtspConn/);
    await publisher.stop();
    await server.waitForLog(/^HOOK runOnNotReady .*MTX_SOURCE_TYPE=rtmpConn/);
    await server.waitForLog(/^HOOK runOnOffline /);
    await server.waitForLog(/^HOOK runOnDisconnect MTX_CONN_TYPE=rtmpConn/);
    assertEquals(await server.stop(), 0);
    for (
      const name of [
        "runOnReady",
        "runOnNotReady",
        "runOnOnline",
        "runOnOffline",
      ]
    ) assertEquals(said(server, name).length, 1, name);
    assertEquals(said(server, "runOnConnect").length, 2);
    assertEquals(said(server, "runOnRead"), said(server, "runOnUnread"));
    assertInOrder(server, [
      "[path live/cam] runOnAvailable command started",
      "[path live/cam] runOnOnline command started",
      "[path live/cam] runOnOnline command stopped",
      "[path live/cam] runOnOffline command launched",
      "[path live/cam] runOnAvailable command stopped",
      "[path live/cam] runOnUnavailable command launched",
    ]);
  },
});

function assertInOrder(server: WeirProcess, parts: readonly string[]): void {
  const found = server.log.flatMap((line) =>
    parts.filter((part) => line.endsWith(part))
  );
  assertEquals(found, parts);
}

Deno.test("runOnRead runs from PLAY to PAUSE, and again", async () => {
  await using server = await startWeir({
    config: `
paths:
  live/good:
    ${say("runOnRead", "MTX_PATH")}
    ${say("runOnUnread", "MTX_PATH")}
`,
  });
  await using _good = await startBystanders(server, {
    ...BYSTANDERS,
    readers: {},
  });
  using client = await openRawRtsp(server.rtspPort);
  const url = server.rtspUrl("live/good");
  assertEquals(await client.play(url), 200);
  for (const method of ["PAUSE", "PLAY", "TEARDOWN"]) {
    const { status } = await client.request(method, url);
    assertEquals({ method, status }, { method, status: 200 });
  }
  await server.waitForLog(/\[RTSP\] \[session \w{8}\] destroyed/);
  assertEquals(await server.stop(), 0);
  const lines = server.log.flatMap((line) =>
    /\] (runOn(?:Read|Unread) command \w+)$/.exec(line)?.[1] ?? []
  );
  const once = [
    "runOnRead command started",
    "runOnRead command stopped",
    "runOnUnread command launched",
  ];
  assertEquals(lines, [...once, ...once]);
});

Deno.test("media flows on whatever commands do: fork, ignore signals, print 100 MB, do not exist, fail", async () => {
  await using server = await startWeir({
    config: `
paths:
  stubborn:
    runOnInit: sh -c "trap '' INT TERM; sh -c 'echo child; sleep 20; sleep 20' & echo up; sleep 20; sleep 20"
  missing:
    runOnInit: /no/such/program
  failing:
    runOnInit: sh -c 'exit 3'
  live/good:
    runOnAvailable: sh -c "yes ${
      "x".repeat(999)
    } | head -c 100000000; echo; echo printed"
    runOnRead: sleep 20
    runOnUnread: "true"
  all_others:
`,
  });
  await server.waitForLog(/^child$/);
  await server.waitForLog(/^up$/);
  await server.waitForLog(/\[path missing\] runOnInit command exited: Cannot/);
  await server.waitForLog(/\[path failing\] runOnInit command exited: code 3/);
  await using good = await startBystanders(server, BYSTANDERS);
  await server.waitForLog(/^printed$/, 60_000);
  await good.assertUnharmed();
  const exits = server.log.filter((line) => line.includes("command exited"));
  assertEquals(exits.length, 2, exits.join("\n"));
  const startMs = performance.now();
  assertEquals(await server.stop(), 0);
  const tookMs = performance.now() - startMs;
  assert(tookMs < MAX_SHUTDOWN_MS, `the end took ${tookMs} ms`);
  const log = server.log.filter((line) => !line.startsWith("xxx")).join("\n");
  assertIncludes(log, "waiting for running hooks");
  assertIncludes(
    log,
    "1 command(s) did not end in time and were killed: runOnInit",
  );
});

Deno.test("media flows on when many readers come at once and each starts a command", async () => {
  await using server = await startWeir({
    config: `
paths:
  live/hooked:
    runOnRead: sleep 20
  all_others:
`,
  });
  await using good = await startBystanders(server, BYSTANDERS);
  await using _hooked = await startBystanders(server, {
    ...BYSTANDERS,
    path: "live/hooked",
    readers: { "rtsp-tcp": 100 },
  });
  await good.assertUnharmed();
  const started = server.log.filter((line) =>
    line.endsWith("runOnRead command started")
  );
  assertEquals(started.length, 100);
  assertEquals(await server.stop(), 0);
});
