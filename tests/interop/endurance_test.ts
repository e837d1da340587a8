import { assert, assertEquals } from "#test/assert.ts";
import { residentBytes } from "#test/bystanders.ts";
import { freeTcpPort } from "#test/ports.ts";
import { cpuSeconds, openDescriptors } from "#test/process_figures.ts";
import { openRawRtmp } from "#test/raw_rtmp.ts";
import { openRawRtsp } from "#test/raw_rtsp.ts";
import { openRawTcp } from "#test/raw_tcp.ts";
import { rtpPacket } from "#test/units.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";

const MEBIBYTE = 1_024 * 1_024;

const PUBLISHERS_PER_WAVE = 100;
const WAVES = 5;
const FRAMES = 20;
const FRAME_INTERVAL_MS = 100;

const CONNECT_CYCLES = 10_000;
const PARALLEL_CONNECTS = 50;

/** Memory that may be kept on top of what the server had when it was warm. */
const MAX_KEPT_BYTES = 24 * MEBIBYTE;

const POLL_INTERVAL_MS = 100;
/** The server gives memory back half a minute after the last of many connections. */
const SETTLE_DEADLINE_MS = 60_000;

const DEAD_PATHS = 500;
/** The first attempts follow each other quickly. */
const DEAD_BEGINNING_MS = 15_000;
const DEAD_WINDOW_MS = 10_000;
const MAX_DEAD_CPU_SHARE = 0.05;

const ORIGIN_DEATHS = 20;

/** What the server holds. */
interface Holdings {
  readonly descriptors: number;
  readonly memoryBytes: number;
}

Deno.test("500 publishers in waves leave nothing behind", async () => {
  await using server = await startWeir();
  await publishWave(server, "warm");
  const before = await holdingsOf(server);
  for (let wave = 0; wave < WAVES; wave++) {
    await publishWave(server, `wave${wave}`);
  }
  await assertComesBack(server, before);
  assertEquals(server.log.filter((line) => / ERR /.test(line)), []);
});

Deno.test("10,000 connections that drop at once leave nothing behind", async () => {
  await using server = await startWeir();
  await connectAndDrop(server, 1_000);
  const before = await holdingsOf(server);
  await connectAndDrop(server, CONNECT_CYCLES);
  await assertComesBack(server, before);
});

Deno.test("500 paths that pull from dead addresses cost little, and little log", async () => {
  using tarpit = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const closedPort = freeTcpPort();
  const paths = Array.from({ length: DEAD_PATHS }, (_, i) => {
    const scheme = i % 2 === 0 ? "rtsp" : "rtmp";
    const port = i % 5 === 0 ? tarpit.addr.port : closedPort;
    return `  p${i}: {source: "${scheme}://127.0.0.1:${port}/live/cam"}\n`;
  });
  await using server = await startWeir({ config: `paths:\n${paths.join("")}` });
  await waitUntil(() =>
    server.log.filter((line) => line.includes("refused")).length >=
      DEAD_PATHS * 4 / 5
  );
  await delay(DEAD_BEGINNING_MS);
  const cpuBefore = await cpuSeconds(server.pid);
  const linesBefore = server.log.length;
  const startMs = performance.now();
  await delay(DEAD_WINDOW_MS);
  const seconds = (performance.now() - startMs) / 1_000;
  const share = (await cpuSeconds(server.pid) - cpuBefore) / seconds;
  assert(share < MAX_DEAD_CPU_SHARE, `${share} of a core`);
  const lines = server.log.length;
  assert(lines < 4 * DEAD_PATHS, `${lines} lines, ${linesBefore} before`);
});

Deno.test("a path has its stream again each time its origin comes back", async () => {
  const origin = { port: freeTcpPort() };
  await using server = await startWeir({
    config: `
paths:
  cam:
    source: rtsp://127.0.0.1:${origin.port}/cam
    rtspTransport: tcp
    sourceReconnectMin: 100ms
    sourceReconnectMax: 200ms
`,
  });
  let before: Holdings | undefined;
  for (let death = 0; death < ORIGIN_DEATHS; death++) {
    await using process = await startWeir({
      config: `rtspAddress: 127.0.0.1:${origin.port}\nrtmp: no\n`,
    });
    using publisher = await openRawRtsp(origin.port);
    const url = `rtsp://127.0.0.1:${origin.port}/cam`;
    assertEquals(await publisher.publish(url), 200);
    let frame = 0;
    const sending = setInterval(
      () => void publisher.sendFrame(0, picture(frame++)),
      FRAME_INTERVAL_MS,
    );
    try {
      const available = /\[path cam\] stream is available/g;
      await waitUntil(() =>
        [...server.log.join("\n").matchAll(available)].length > death
      );
      using reader = await openRawRtsp(server.rtspPort);
      assertEquals(await reader.play(server.rtspUrl("cam")), 200);
      await reader.media(1);
    } finally {
      clearInterval(sending);
    }
    process.kill("SIGKILL");
    await waitUntil(() => server.log.at(-1)!.includes("trying again"));
    before ??= await holdingsOf(server);
  }
  await assertComesBack(server, before!);
});

async function publishWave(server: WeirProcess, name: string): Promise<void> {
  await Promise.all(
    Array.from(
      { length: PUBLISHERS_PER_WAVE },
      (_, i) =>
        i % 2 === 0
          ? publishRtsp(server, `${name}/${i}`)
          : publishRtmp(server, name, `${i}`),
    ),
  );
}

async function publishRtsp(server: WeirProcess, path: string): Promise<void> {
  using client = await openRawRtsp(server.rtspPort);
  assertEquals(await client.publish(server.rtspUrl(path)), 200);
  for (let i = 0; i < FRAMES; i++) {
    await client.sendFrame(0, picture(i));
    await delay(FRAME_INTERVAL_MS);
  }
}

async function publishRtmp(
  server: WeirProcess,
  app: string,
  key: string,
): Promise<void> {
  using client = await openRawRtmp(server.rtmpPort);
  await client.connect(app);
  assertEquals(await client.publish(key), "NetStream.Publish.Start");
  for (let i = 0; i < FRAMES; i++) {
    await client.sendKeyFrame();
    await delay(FRAME_INTERVAL_MS);
  }
}

async function connectAndDrop(
  server: WeirProcess,
  count: number,
): Promise<void> {
  let left = count;
  await Promise.all(Array.from({ length: PARALLEL_CONNECTS }, async () => {
    while (left-- > 0) {
      const port = left % 2 === 0 ? server.rtspPort : server.rtmpPort;
      using client = await openRawTcp(port);
      if (left % 4 === 0) await client.send("\x03OPTIONS");
    }
  }));
}

async function holdingsOf({ pid }: WeirProcess): Promise<Holdings> {
  return {
    descriptors: await openDescriptors(pid),
    memoryBytes: await residentBytes(pid),
  };
}

/** The server holds no more than before, sooner or later. */
async function assertComesBack(
  server: WeirProcess,
  before: Holdings,
): Promise<void> {
  const deadlineMs = performance.now() + SETTLE_DEADLINE_MS;
  for (;;) {
    const { descriptors, memoryBytes } = await holdingsOf(server);
    if (
      descriptors <= before.descriptors &&
      memoryBytes <= before.memoryBytes + MAX_KEPT_BYTES
    ) return;
    assert(
      performance.now() < deadlineMs,
      `${descriptors} descriptors and ${memoryBytes} bytes, there were ${before.descriptors} and ${before.memoryBytes}`,
    );
    await delay(POLL_INTERVAL_MS);
  }
}

/** A key frame in one packet. */
function picture(index: number): Uint8Array {
  return rtpPacket({
    payloadType: 96,
    sequenceNumber: index,
    timestampTicks: index * 9_000,
    marker: true,
  }, Uint8Array.from([0x65, 0x88, ...new Uint8Array(900).fill(index + 1)]));
}

async function waitUntil(isTrue: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + SETTLE_DEADLINE_MS;
  while (!isTrue()) {
    assert(
      performance.now() < deadlineMs,
      `not within ${SETTLE_DEADLINE_MS} ms`,
    );
    await delay(POLL_INTERVAL_MS);
  }
}

function delay(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
