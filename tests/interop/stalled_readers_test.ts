import { assert, assertEquals } from "#test/assert.ts";
import { residentBytes, startBystanders } from "#test/bystanders.ts";
import { openRawRtmp } from "#test/raw_rtmp.ts";
import { openRawRtsp } from "#test/raw_rtsp.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";

/** Of each protocol. */
const GOOD_READERS = 100;
const STALLED_READERS = 5;

const PATH = "live/cam";

/** 8 Mbit/s: a socket that nobody reads is full within a few seconds. Many key frames: a slow reader is let in again often. */
const STREAM = { framesPerSecond: 25, frameBytes: 40_000, gopFrames: 5 };

/** Less than a second of frames: discarding begins soon. */
const QUEUED_UNITS = 16;

/** What ten stalled readers may add to the memory of the server, sockets' own buffers apart. */
const MAX_GROWTH_BYTES = 64 * 1_024 * 1_024;

/** All that the server may take, with 210 readers. */
const MAX_MEMORY_BYTES = 256 * 1_024 * 1_024;

const MEMORY_INTERVAL_MS = 250;

const FORMS = [
  { name: "at once", writeTimeoutSeconds: 5 },
  { name: "after 30 s", writeTimeoutSeconds: 28 },
];

for (const { name, writeTimeoutSeconds } of FORMS) {
  Deno.test(
    `readers that stop reading cost nobody else a frame and are closed ${name}`,
    () => stallReaders(writeTimeoutSeconds),
  );
}

async function stallReaders(writeTimeoutSeconds: number): Promise<void> {
  const config =
    `writeTimeout: ${writeTimeoutSeconds}s\nwriteQueueSize: ${QUEUED_UNITS}`;
  await using server = await startWeir({ config });
  await using good = await startBystanders(server, {
    path: PATH,
    publisher: "rtsp",
    readers: { "rtsp-tcp": GOOD_READERS, rtmp: GOOD_READERS },
    stream: STREAM,
  });
  await using memory = watchMemory(server.pid);
  const before = await good.snapshots();
  const startMs = performance.now();
  using stalled = new DisposableStack();
  const readers = await openStalledReaders(server, stalled);
  const deadlineMs = (writeTimeoutSeconds + 20) * 1_000;
  await Promise.all(readers.map(({ protocol, address }) =>
    server.waitForLog(
      new RegExp(
        `\\[${protocol}\\] \\[conn ${address}\\] closed: write timed out`,
      ),
      deadlineMs,
    )
  ));
  const seconds = (performance.now() - startMs) / 1_000;
  assert(seconds > writeTimeoutSeconds, "nobody is closed too early");
  for (const [protocol, { payloadBytes }] of await good.snapshots()) {
    const bytes = payloadBytes - before.get(protocol)!.payloadBytes;
    const framesOfReader = bytes / STREAM.frameBytes / GOOD_READERS;
    assert(
      framesOfReader > 0.9 * seconds * STREAM.framesPerSecond,
      `${protocol}: ${framesOfReader} frames in ${seconds} s`,
    );
  }
  await good.assertUnharmed();
  for (const reader of readers) assertLog(server.log, reader, seconds);
  assertBounded(memory.samples);
}

/** A reader as the log names it: two protocols may see the same address. */
interface StalledReader {
  readonly protocol: "RTSP" | "RTMP";
  readonly address: string;
}

async function openStalledReaders(
  server: WeirProcess,
  opened: DisposableStack,
): Promise<StalledReader[]> {
  const readers: StalledReader[] = [];
  for (let i = 0; i < STALLED_READERS; i++) {
    const rtsp = opened.use(await openRawRtsp(server.rtspPort));
    assertEquals(await rtsp.play(server.rtspUrl(PATH)), 200);
    const rtmp = opened.use(await openRawRtmp(server.rtmpPort));
    const [app, key] = PATH.split("/");
    await rtmp.connect(app!);
    assertEquals(await rtmp.play(key!), "NetStream.Play.Reset");
    readers.push(
      { protocol: "RTSP", address: rtsp.address },
      { protocol: "RTMP", address: rtmp.address },
    );
  }
  return readers;
}

/** Discarding is said, at most once a second, and the end in one line. */
function assertLog(
  log: readonly string[],
  { protocol, address }: StalledReader,
  seconds: number,
): void {
  const session = log
    .map((line) => /\[RTSP\] \[session (\w+)\] created by (\S+)/.exec(line))
    .find((match) => match?.[2] === address)?.[1];
  const prefix = protocol === "RTSP"
    ? `[RTSP] [session ${session}]`
    : `[RTMP] [conn ${address}]`;
  const discarding = log.filter((line) =>
    line.includes(`${prefix} reader is too slow, discarding`)
  );
  const limit = seconds + 1;
  const count = discarding.length;
  assert(count > 1 && count <= limit, `${count} lines in ${seconds} s`);
  const closed = log.filter((line) =>
    line.includes(`[${protocol}] [conn ${address}] closed: write timed out`)
  );
  assertEquals(closed.length, 1);
}

/** Samples the memory of a process until disposed of. */
function watchMemory(
  pid: number,
): AsyncDisposable & { readonly samples: readonly number[] } {
  const samples: number[] = [];
  const pending = new Set<Promise<void>>();
  const timer = setInterval(() => {
    const sample = residentBytes(pid)
      .then((bytes) => void samples.push(bytes))
      .finally(() => pending.delete(sample));
    pending.add(sample);
  }, MEMORY_INTERVAL_MS);
  return {
    samples,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await Promise.all(pending);
    },
  };
}

function assertBounded(samples: readonly number[]): void {
  const peakBytes = Math.max(...samples);
  const megabytes = samples.map((bytes) => Math.round(bytes / 1e6));
  const shown = `memory in MB: ${megabytes.join(" ")}`;
  assert(peakBytes < MAX_MEMORY_BYTES, shown);
  assert(peakBytes - samples[0]! < MAX_GROWTH_BYTES, shown);
}
