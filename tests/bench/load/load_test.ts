import { assert, assertEquals } from "#test/assert.ts";
import { chunkings } from "#test/splits.ts";
import { ChunkWalker } from "./chunk_walker.ts";
import { h264 } from "./codecs/h264.ts";
import { h265 } from "./codecs/h265.ts";
import { FrameSource, StampFinder } from "./frame_source.ts";
import { evaluateGoals, median } from "./goals.ts";
import type { Figures } from "./measure.ts";
import { RtmpCounter, RtpCounter } from "./media_counter.ts";
import { InterleavedWalker } from "./rtsp_client.ts";

const NAL_SLICE = 0x41;
const NAL_IDR = 0x65;

function interleavedPacket(
  sequenceNumber: number,
  nalHeader: number,
  channel = 0,
): number[] {
  const sequence = [sequenceNumber >> 8, sequenceNumber & 0xff];
  const header = [0x80, 96, ...sequence, 0, 0, 0, 0, 0, 0, 0, 0];
  const packet = [...header, nalHeader, ...new Array(40).fill(0x24)];
  return [0x24, channel, 0, packet.length, ...packet];
}

Deno.test("InterleavedWalker counts payload and gaps however the stream is cut", () => {
  const stream = Uint8Array.from([
    ...interleavedPacket(0xffff, NAL_SLICE),
    ...interleavedPacket(9, NAL_SLICE, 1),
    ...interleavedPacket(0, NAL_SLICE),
    ...interleavedPacket(3, NAL_IDR),
  ]);
  for (const chunks of chunkings(stream)) {
    const counter = new RtpCounter(h264);
    const walker = new InterleavedWalker(counter);
    for (const chunk of chunks) walker.push(chunk);
    assertEquals(counter.payloadBytes, 3 * 41);
    assertEquals(counter.lost, 2);
  }
});

/**
 * Chunk size 8; the configuration, then a frame at 0 ms, one 33 ms later, one
 * 100 ms after that.
 */
const RTMP_STREAM = Uint8Array.fromHex(
  "0200000000000401" + "00000000" + "00000008" + // set chunk size
    "0600000000000a09" + "01000000" + "1700000000000000" + "c6" + "0101" +
    "0600000000000a09" + "01000000" + "1701000000000000" + "c6" + "0202" +
    "4600002100000a09" + "2701000000000000" + "c6" + "0303" +
    "86000064" + "2701000000000000" + "c6" + "0404" +
    "0300000000000412" + "01000000" + "02000161",
);

Deno.test("ChunkWalker counts frames and missing ones however the stream is cut", () => {
  for (const chunks of chunkings(RTMP_STREAM)) {
    const counter = new RtmpCounter(h264, 30);
    const walker = new ChunkWalker(counter);
    for (const chunk of chunks) walker.push(chunk);
    assertEquals(counter.payloadBytes, 4 * 10);
    assertEquals(counter.lost, 2);
    assertEquals(walker.controls.map((one) => one.type), [18]);
  }
});

/** Messages of H265 as they begin: with a composition time or none, with parameter sets or none. */
const H265_MESSAGES = {
  start: Uint8Array.fromHex("9068766331"),
  keyFrame: Uint8Array.fromHex("93687663310000001d2601"),
  inter: Uint8Array.fromHex("a3687663310000001d0201"),
  parameterSets: Uint8Array.fromHex("8168766331000064000000174001"),
};

Deno.test("RtmpCounter counts messages with a FourCC from their configuration on", async () => {
  const { start, keyFrame, inter, parameterSets } = H265_MESSAGES;
  for (const random of [keyFrame, parameterSets]) {
    const counter = new RtmpCounter(h265, 30);
    counter.push(0, 10, [...keyFrame]);
    counter.push(33, 10, [...start]);
    counter.push(33, 10, [...inter]);
    counter.push(133, 10, [...random]);
    await counter.keyFrame;
    assertEquals([counter.payloadBytes, counter.lost], [30, 2]);
  }
});

Deno.test("StampFinder finds each stamp once however the stream is cut", () => {
  const source = new FrameSource({ frameBytes: 60, gopFrames: 2 });
  const frames = [source.next().slice(), source.next().slice()];
  const stream = Uint8Array.from(frames.flatMap((frame) => [...frame]));
  for (const chunks of chunkings(stream)) {
    const finder = new StampFinder();
    for (const chunk of chunks) finder.pushStream(chunk);
    const delaysUs = finder.takeAll();
    assertEquals(delaysUs.length, 2);
    assert(delaysUs.every((us) => us >= 0 && us < 10_000_000));
  }
});

Deno.test("FrameSource holds no start code and a key frame in each group", () => {
  const source = new FrameSource({ frameBytes: 2_000, gopFrames: 3 });
  const types = Array.from({ length: 7 }, () => {
    const nal = source.next();
    assert(nal.every((byte, i) => byte > 1 || nal[i + 1]! > 0));
    return nal[0];
  });
  const group = [NAL_IDR, NAL_SLICE, NAL_SLICE];
  assertEquals(types, [...group, ...group, NAL_IDR]);
});

Deno.test("median() takes the middle", () => {
  assertEquals([median([3, 1, 2]), median([4, 1, 2, 3])], [2, 2.5]);
});

const WEIR: Figures = {
  server: "weir",
  protocol: "rtmp",
  codec: "h264",
  readers: 200,
  deliveredGbps: 1,
  coreSecondsPerGbit: 0.05,
  latencyP50Ms: 1,
  latencyP99Ms: 2,
  idleRssMb: 50,
  loadedRssMb: 130,
  lost: 0,
  ended: 0,
  startMs: 200,
};

Deno.test("evaluateGoals() judges only what was measured", () => {
  const nginx = { ...WEIR, server: "nginx-rtmp" as const };
  const figures = [WEIR, nginx];
  const goals = evaluateGoals({ figures, lateJoins: [], leftOut: [], hls: [] });
  assertEquals(goals.map(({ goal, verdict }) => [goal, verdict]), [
    ["RTMP, CPU against nginx-rtmp", "aim met"],
    ["rtmp, memory idle (MB)", "aim met"],
    ["rtmp, memory under load (MB)", "MISSED"],
    ["rtmp, lost", "met"],
    ["start to listening, binds the executable (ms)", "met"],
  ]);
});

Deno.test("evaluateGoals() compares with H264 where the peer carries nothing else", () => {
  const nginx = { ...WEIR, server: "nginx-rtmp" as const };
  const av1 = { ...WEIR, codec: "av1" as const, coreSecondsPerGbit: 0.07 };
  const figures = [WEIR, nginx, av1];
  const leftOut = [{ ...nginx, codec: "av1" as const, reason: "no" }];
  const goals = evaluateGoals({ figures, lateJoins: [], leftOut, hls: [] })
    .filter(({ goal }) => goal.includes("CPU"));
  assertEquals(
    goals.map(({ codec, verdict, note }) => [codec, verdict, note]),
    [
      ["h264", "aim met", ""],
      ["av1", "met", "nginx-rtmp with h264"],
    ],
  );
});
