import type { Track } from "#core/track.ts";
import {
  chooseTracks,
  isSameShape,
} from "#protocols/hls/engine/track_choice.ts";
import { assertEquals } from "#test/assert.ts";
import { AUDIO, VIDEO } from "#test/units.ts";

const OPUS: Track = {
  id: 5,
  kind: "audio",
  codec: { codec: "opus", channelCount: 2 },
  clockRateHz: 48_000,
};
const VP9: Track = {
  id: 6,
  kind: "video",
  codec: { codec: "vp9", profileId: 0, bitDepth: 8 },
  clockRateHz: 90_000,
};
const KLV: Track = {
  id: 7,
  kind: "data",
  codec: { codec: "klv" } as Track["codec"],
  clockRateHz: 90_000,
};

const CHOICES = [
  ["fmp4", [VIDEO, AUDIO], "1 2"],
  ["fmp4", [AUDIO, OPUS, VIDEO], "3 1 2"],
  ["lowLatency", [VIDEO, VP9, AUDIO], "2 3"],
  ["lowLatency", [AUDIO], "1"],
  ["lowLatency", [KLV], ""],
  ["mpegts", [VIDEO, AUDIO, { ...AUDIO, id: 9 }, KLV], "1 2 4"],
  ["mpegts", [VP9, OPUS], ""],
  ["mpegts", [KLV], ""],
] as const;

for (const [variant, tracks, expected] of CHOICES) {
  const names = tracks.map(({ codec: { codec } }) => codec).join(", ");
  Deno.test(`chooseTracks() of ${names} for ${variant}`, () => {
    const { carried, skipped, leading } = chooseTracks(tracks, variant);
    assertEquals(carried.map(({ position }) => position).join(" "), expected);
    assertEquals(carried.length + skipped.length, tracks.length);
    assertEquals(leading, carried[0]);
  });
}

Deno.test("isSameShape() takes other parameters, but no other tracks", () => {
  const choice = chooseTracks([VIDEO, AUDIO], "fmp4");
  const same = chooseTracks([{ ...VIDEO, id: 8 }, OPUS], "fmp4");
  assertEquals(isSameShape(choice, same), true);
  assertEquals(isSameShape(choice, chooseTracks([VIDEO], "fmp4")), false);
  assertEquals(
    isSameShape(choice, chooseTracks([AUDIO, VIDEO], "fmp4")),
    false,
  );
});
