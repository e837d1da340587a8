import { PlaylistTargets } from "#protocols/hls/engine/playlist_targets.ts";
import { assert, assertEquals } from "#test/assert.ts";

/** Part targets for 200 ms, by the length of a sample. */
const FITTING = [
  ["25 pictures a second", 1 / 25, 0.205],
  ["30 pictures a second", 1 / 30, 0.205],
  ["24 pictures a second", 1 / 24, 0.215],
  ["50 pictures a second", 1 / 50, 0.2],
  ["60 pictures a second", 1 / 60, 0.2],
  ["AAC at 48 kHz", 1_024 / 48_000, 0.2],
  ["5 pictures a second", 1 / 5, 0.205],
  ["1 picture a second, too long for parts", 1, 0.2],
] as const;

for (const [name, sampleSeconds, wanted] of FITTING) {
  Deno.test(`PlaylistTargets finds a part target for ${name}`, () => {
    const targets = new PlaylistTargets(200, () => {});
    targets.fitSample(sampleSeconds);
    assertEquals(targets.partSeconds, wanted);
    if (sampleSeconds > wanted) return;
    const filledSeconds = Math.floor(wanted / sampleSeconds + 1e-9) *
      sampleSeconds;
    assert(filledSeconds >= 0.85 * wanted);
  });
}

Deno.test("PlaylistTargets grow only, and say so once viewers were told", () => {
  const grown: string[] = [];
  const targets = new PlaylistTargets(200, (what) => grown.push(what));
  targets.addSegment(2.4);
  targets.addPart(0.21);
  assertEquals([targets.durationSeconds, targets.partSeconds], [2, 0.21]);
  assertEquals(grown, []);
  targets.freeze();
  targets.fitSample(1 / 24);
  targets.addSegment(1);
  targets.addPart(0.1);
  targets.addPart(0.210_000_000_1);
  assertEquals([targets.durationSeconds, targets.partSeconds], [2, 0.21]);
  targets.addSegment(2.5);
  targets.addPart(0.212);
  assertEquals([targets.durationSeconds, targets.partSeconds], [3, 0.215]);
  assertEquals(grown, [
    "segment duration changed from 2s to 3s",
    "part duration changed from 0.21s to 0.215s",
  ]);
});
