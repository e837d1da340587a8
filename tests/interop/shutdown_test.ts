import { assert, assertEquals } from "#test/assert.ts";
import { startBystanders } from "#test/bystanders.ts";
import { clip } from "#test/clips.ts";
import { type RunningProcess, startProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { openRawRtmp } from "#test/raw_rtmp.ts";
import { openRawRtsp } from "#test/raw_rtsp.ts";
import { openRawTcp } from "#test/raw_tcp.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { addressOf, WAYS } from "./ffmpeg_peer.ts";

/** From the signal to the end of the process. */
const MAX_SHUTDOWN_MS = 5_000;

/** 24 Mbit/s: a socket that nobody reads is full soon. */
const LARGE_STREAM = { framesPerSecond: 30, frameBytes: 100_000, gopFrames: 5 };

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  interopTest({
    name: `${signal} ends the server and the streams of everybody`,
    needs: ["ffmpeg"],
    fn: async () => {
      await using server = await startWeir();
      await using started = new AsyncDisposableStack();
      const file = await clip("bframes_aac");
      const publishers: RunningProcess[] = [];
      for (const [i, way] of WAYS.entries()) {
        const url = addressOf(server, way, `p${i}`);
        publishers.push(started.use(publish(file, url, way)));
      }
      const readers: RunningProcess[] = [];
      for (const [i, way] of WAYS.entries()) {
        const path = `p${(i + 1) % WAYS.length}`;
        await server.waitForLog(new RegExp(`path ${path}\\] stream is avail`));
        readers.push(started.use(read(addressOf(server, way, path), way)));
      }
      for (const reader of readers) await reader.waitForLine(/^frame=\d{2,}/);
      await assertEndsInTime(server, signal);
      for (const reader of readers) {
        const { code } = await reader.waitForExit();
        assertEquals(code, 0, reader.stderr);
        assert(!/Error|error/.test(reader.stderr), reader.stderr);
      }
      for (const publisher of publishers) await publisher.waitForExit();
    },
  });
}

function publish(file: string, url: string, way: string): RunningProcess {
  const format = way === "RTMP" ? ["-f", "flv"] : ["-f", "rtsp", ...ways(way)];
  return startProcess("ffmpeg", [
    ..."-nostdin -v error -re -stream_loop -1 -i".split(" "),
    ...[file, "-c", "copy", ...format, url],
  ]);
}

function read(url: string, way: string): RunningProcess {
  const transport = way === "RTMP" ? [] : ways(way);
  return startProcess("ffmpeg", [
    ..."-nostdin -v error -progress pipe:1 -stats_period 0.1".split(" "),
    ...[...transport, "-i", url, ..."-c copy -f null -".split(" ")],
  ]);
}

function ways(way: string): string[] {
  return ["-rtsp_transport", way === "RTSP/TCP" ? "tcp" : "udp"];
}

Deno.test("SIGTERM ends the server in time although readers are stuck, and others get their end", async () => {
  await using server = await startWeir({ config: "writeQueueSize: 16" });
  await using good = await startBystanders(server, {
    path: "live/cam",
    publisher: "rtsp",
    readers: { "rtsp-tcp": 2, "rtsp-udp": 2, rtmp: 2 },
    stream: LARGE_STREAM,
  });
  using rtsp = await openRawRtsp(server.rtspPort);
  assertEquals(await rtsp.play(server.rtspUrl("live/cam")), 200);
  using rtmp = await openRawRtmp(server.rtmpPort);
  await rtmp.connect("live");
  assertEquals(await rtmp.play("cam"), "NetStream.Play.Reset");
  await server.waitForLog(/\[RTSP\] .* reader is too slow/);
  await server.waitForLog(/\[RTMP\] .* reader is too slow/);
  await Promise.all([
    assertEndsInTime(server, "SIGTERM"),
    assertRefusesNewcomers(server),
  ]);
  for (const [protocol, { ended }] of await good.snapshots()) {
    assertEquals({ protocol, ended }, { protocol, ended: 2 });
  }
});

async function assertEndsInTime(
  server: WeirProcess,
  signal: "SIGINT" | "SIGTERM",
): Promise<void> {
  const startMs = performance.now();
  server.kill(signal);
  assertEquals(await server.stop(), 0);
  const tookMs = performance.now() - startMs;
  assert(tookMs < MAX_SHUTDOWN_MS, `the end took ${tookMs} ms`);
  const late = server.log.filter((line) => /did not end in time/.test(line));
  assertEquals(late, []);
}

/** Whoever comes while the server ends is turned away: at most by the end of a connection, then at the door. */
async function assertRefusesNewcomers(server: WeirProcess): Promise<void> {
  await server.waitForLog(/shutting down gracefully$/);
  for (const port of [server.rtspPort, server.rtmpPort]) {
    while (await isLetIn(port));
  }
}

async function isLetIn(port: number): Promise<boolean> {
  try {
    using newcomer = await openRawTcp(port);
    await newcomer.readToEnd();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}
