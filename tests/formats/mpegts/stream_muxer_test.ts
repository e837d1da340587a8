import { EncodingCache } from "#core/encoding_cache.ts";
import { joinBytes } from "#base/join_bytes.ts";
import { type TsStep, TsStreamMuxer } from "#formats/mpegts/stream_muxer.ts";
import { assertEquals } from "#test/assert.ts";
import { h264Slice, VIDEO } from "#test/units.ts";
import { unitOf } from "../fmp4/mp4_samples.ts";
import { demuxed } from "./demuxed.ts";

const TRACKS = [VIDEO];

function steps(count: number): TsStep[] {
  return Array.from({ length: count }, (_, i) => ({
    units: [
      unitOf([h264Slice(i === 0, 300, i)], {
        trackId: VIDEO.id,
        dtsTicks: i * 3_600,
        isRandomAccess: i === 0,
      }),
    ],
    tracks: TRACKS,
    unitsBefore: i,
    encodings: new EncodingCache(),
  }));
}

function openMuxer(): TsStreamMuxer {
  return new TsStreamMuxer({
    latm: "adts",
    onError: (message) => {
      throw new Error(message);
    },
  });
}

Deno.test("TsStreamMuxer makes the packets of a step once", () => {
  const muxer = openMuxer();
  for (const step of steps(3)) {
    const first = muxer.encode(step);
    assertEquals(muxer.encode(step) === first, true);
  }
});

Deno.test("TsStreamMuxer gives a late joiner what others had before, and no gap behind it", () => {
  const muxer = openMuxer();
  const all = steps(40);
  const live = all.slice(0, 30).map((step) => muxer.encode(step));
  for (const { encodings } of all.slice(0, 30)) encodings.release();
  // While the joiner catches up, the stream goes on.
  const joined = all.slice(0, 15).map((step) => muxer.encode(step));
  for (const step of all.slice(30)) live.push(muxer.encode(step));
  for (const step of all.slice(15)) joined.push(muxer.encode(step));
  assertEquals(joinBytes(joined), joinBytes(live));
  assertEquals(demuxed(joined).lostPackets, 0);
});

Deno.test("TsStreamMuxer begins with tables after a pause without readers", () => {
  const muxer = openMuxer();
  const all = steps(10);
  muxer.encode(all[0]!);
  const again = muxer.encode(all[1]!);
  const later = muxer.encode(all[8]!);
  const pidOf = (bytes: Uint8Array) => (bytes[1]! & 31) << 8 | bytes[2]!;
  assertEquals([pidOf(again), pidOf(later)], [256, 0]);
});

Deno.test("TsStreamMuxer gives steps from before its first one tables, too", () => {
  const muxer = openMuxer();
  const all = steps(10);
  muxer.encode(all[5]!);
  const older = all.slice(0, 5).map((step) => muxer.encode(step));
  const { tracks, lostPackets } = demuxed(older);
  assertEquals([tracks[0]?.units.length, lostPackets], [5, 0]);
});
