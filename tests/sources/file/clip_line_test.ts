import type { Track } from "#core/track.ts";
import type { ClipUnit } from "#sources/file/clip.ts";
import { ClipLine, type PlacedUnit } from "#sources/file/clip_line.ts";
import { assert, assertEquals } from "#test/assert.ts";
import {
  AUDIO,
  audioUnit,
  H264_REORDERED_PARAMETERS,
  VIDEO,
  videoUnit,
} from "#test/units.ts";

const BOTH = [VIDEO, AUDIO];

/** Pictures of 40 ms; the first is decoded at `startTicks`. */
function pictures(
  count: number,
  { startTicks = 0, tracks = BOTH, track = VIDEO }: {
    startTicks?: number;
    tracks?: readonly Track[];
    track?: Track;
  } = {},
): ClipUnit[] {
  return Array.from({ length: count }, (_, i) => ({
    ...videoUnit(startTicks + i * 3_600, { isRandomAccess: i === 0 }),
    track,
    tracks,
    durationTicks: 3_600,
  }));
}

/** Frames of AAC. */
function sound(count: number, startTicks = 0, tracks = BOTH): ClipUnit[] {
  return Array.from({ length: count }, (_, i) => ({
    ...audioUnit(startTicks + i * 1_024),
    track: AUDIO,
    tracks,
    durationTicks: 1_024,
  }));
}

function play(line: ClipLine, ...tracks: ClipUnit[][]): PlacedUnit[] {
  line.begin(tracks.map(([first]) => first!));
  return tracks.flat().map((unit) => line.place(unit));
}

function ptsOf(units: readonly PlacedUnit[], kind: Track["kind"]): number[] {
  return units.filter(({ track }) => track.kind === kind)
    .map(({ ptsTicks }) => ptsTicks);
}

Deno.test("ClipLine lets a clip follow itself without a gap, for any number of rounds", () => {
  const line = new ClipLine();
  // 0.32 s: both tracks are equally long.
  const placed = Array.from(
    { length: 1_000 },
    () => play(line, pictures(8), sound(15)),
  ).flat();
  assertEquals(
    ptsOf(placed, "video"),
    Array.from({ length: 8_000 }, (_, i) => i * 3_600),
  );
  assertEquals(
    ptsOf(placed, "audio"),
    Array.from({ length: 15_000 }, (_, i) => i * 1_024),
  );
  assertEquals(new Set(placed.map(({ trackSet }) => trackSet)).size, 1);
});

Deno.test("ClipLine keeps tracks in sync that are not equally long", () => {
  const line = new ClipLine();
  for (let round = 0; round < 50; round++) {
    const placed = play(line, pictures(8), sound(16));
    // 16 frames last 341.3 ms, which are 30,720 ticks.
    assertEquals(ptsOf(placed, "video")[0], round * 30_720);
    assertEquals(ptsOf(placed, "audio")[0], round * 16_384);
  }
});

Deno.test("ClipLine takes clips whose tracks begin at different times", () => {
  const line = new ClipLine();
  const round = () =>
    play(
      line,
      pictures(8, { startTicks: 900_000 + 7_200 }),
      sound(15, 480_000),
    );
  const first = round();
  const second = round();
  const step = (kind: Track["kind"]) =>
    ptsOf(second, kind)[0]! - ptsOf(first, kind)[0]!;
  assertEquals([step("video"), step("audio")], [28_800, 15_360]);
});

Deno.test("ClipLine puts the picture that is shown last before the next clip", () => {
  const line = new ClipLine();
  const reordered = () => {
    const units = pictures(4);
    const ptsTicks = [7_200, 18_000, 10_800, 14_400];
    return units.map((unit, i) => ({ ...unit, ptsTicks: ptsTicks[i]! }));
  };
  play(line, reordered());
  const second = play(line, reordered());
  assertEquals(ptsOf(second, "video")[0], 18_000 + 3_600);
  assertEquals(second[0]!.dtsTicks, 14_400);
});

Deno.test("ClipLine takes the length of sound from its frames, or of units from their distance, where nothing tells it", () => {
  const line = new ClipLine();
  const untold = (units: ClipUnit[]) =>
    units.map((unit) => ({ ...unit, durationTicks: undefined }));
  const frame = new Uint8Array(6).fill(0x21);
  const three = {
    ...sound(1)[0]!,
    origin: { kind: "payload" as const, parts: [frame, frame, frame] },
  };
  play(line, untold([three]));
  assertEquals(ptsOf(play(line, untold([three])), "audio"), [4_800]);
  const other = new ClipLine();
  play(other, untold(pictures(8)));
  assertEquals(ptsOf(play(other, untold(pictures(8))), "video")[0], 28_800);
});

Deno.test("ClipLine does not cut frames of sound that a file ends within", () => {
  const line = new ClipLine();
  const cut = () =>
    sound(15).map((unit, i) => i < 14 ? unit : { ...unit, durationTicks: 200 });
  play(line, cut());
  assertEquals(ptsOf(play(line, cut()), "audio")[0], 15_360);
});

Deno.test("ClipLine lets no clip follow faster than ten times a second", () => {
  const line = new ClipLine();
  const still = () => pictures(1).map((one) => ({ ...one, durationTicks: 0 }));
  const starts = Array.from(
    { length: 4 },
    () => ptsOf(play(line, still()), "video")[0],
  );
  assertEquals(starts, [0, 9_000, 18_000, 27_000]);
});

Deno.test("ClipLine begins behind the longest track where tracks end far apart", () => {
  const line = new ClipLine();
  // Sound begins 10 s after the pictures have ended.
  play(line, pictures(8), sound(15, 480_000));
  const second = play(line, pictures(8), sound(15, 480_000));
  const endSeconds = 10.32;
  assert(
    second[0]!.dtsSeconds >= endSeconds - 1,
    `it begins at ${second[0]!.dtsSeconds} s`,
  );
});

Deno.test("ClipLine gives the same numbers to the same codecs, and tells of other tracks", () => {
  const line = new ClipLine();
  const first = play(line, pictures(2), sound(2));
  const reparsed: Track = { ...VIDEO, id: 5, codec: { ...VIDEO.codec } };
  const same = play(
    line,
    sound(2, 0, [AUDIO, reparsed]),
    pictures(2, { track: reparsed, tracks: [AUDIO, reparsed] }),
  );
  assertEquals(same[0]!.trackSet === first[0]!.trackSet, true);
  const changed: Track = { ...VIDEO, codec: H264_REORDERED_PARAMETERS };
  const [third] = play(
    line,
    pictures(2, { track: changed, tracks: [changed] }),
  );
  assertEquals(
    third!.trackSet.tracks.map(({ id, codec }) => [id, codec]),
    [[0, H264_REORDERED_PARAMETERS]],
  );
  const vp8: Track = { ...VIDEO, codec: { codec: "vp8" } };
  const [fourth] = play(line, pictures(2, { track: vp8, tracks: [vp8] }));
  assertEquals(fourth!.track.id, 2);
  assertEquals(
    [first[0]!, third!, fourth!].map(({ trackSet }) => trackSet.number),
    [1, 2, 3],
  );
});
