import { ClipError } from "#sources/file/clip.ts";
import type { PlacedUnit } from "#sources/file/clip_line.ts";
import { clipUnits } from "#sources/file/clip_units.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import {
  loggedLines,
  MemoryStore,
  TEST_CLIP,
  testClipAsTs,
  testClipBytes,
} from "./clip_samples.ts";

/** The units of a store, up to a time. */
async function unitsUntil(
  store: MemoryStore,
  seconds: number,
  isLooped = true,
): Promise<{ units: PlacedUnit[]; lines: string[] }> {
  const { logger, lines } = loggedLines();
  const units: PlacedUnit[] = [];
  for await (const unit of clipUnits({ store, isLooped, logger })) {
    if (unit.dtsSeconds >= seconds) break;
    units.push(unit);
  }
  return { units, lines };
}

function steps(units: readonly PlacedUnit[], kind: string): number[] {
  const ticks = units.filter(({ track }) => track.kind === kind)
    .map(({ dtsTicks }) => dtsTicks);
  return [...new Set(ticks.slice(1).map((one, i) => one - ticks[i]!))];
}

Deno.test("clipUnits() plays a clip again and again on one line of time", async () => {
  const store = new MemoryStore("clip", { clip: await testClipBytes() });
  const { units, lines } = await unitsUntil(store, 3 * TEST_CLIP.seconds);
  assertEquals([steps(units, "video"), steps(units, "audio")], [[3_600], [
    1_024,
  ]]);
  assertEquals(
    units.length,
    3 * (TEST_CLIP.pictures + TEST_CLIP.soundFrames),
  );
  assertEquals([lines, store.openClips], [[], 0]);
});

Deno.test("clipUnits() plays a list once if it is not looped", async () => {
  const store = new MemoryStore("list", {
    first: await testClipAsTs(1.6),
    second: await testClipAsTs(3.2),
  });
  const { units, lines } = await unitsUntil(store, Infinity, false);
  assertEquals(lines, []);
  assertEquals([steps(units, "video"), steps(units, "audio")], [[3_600], [
    1_024,
  ]]);
  const pictures = units.filter(({ track }) => track.kind === "video");
  assertEquals(pictures.length, 120);
  assertEquals(new Set(units.map(({ trackSet }) => trackSet)).size, 1);
});

Deno.test("clipUnits() leaves out clips that cannot be played, and says so once", async () => {
  const store = new MemoryStore("list", {
    text: new TextEncoder().encode("this is a text and no clip at all"),
    clip: await testClipAsTs(0.64),
    cut: (await testClipBytes()).slice(0, 5_000),
  });
  const { units, lines } = await unitsUntil(store, 3);
  assertEquals(steps(units, "video"), [3_600]);
  assertEquals(lines.filter((line) => line.startsWith("warn")), [
    "warn: text: it is left out: it is neither MP4 nor MPEG-TS",
    "warn: cut: it is left out: Cannot parse MP4 file: moov at byte 0: is missing or cut",
  ]);
});

Deno.test("clipUnits() plays what is there of a clip that is cut", async () => {
  const whole = await testClipBytes();
  const store = new MemoryStore("cut", { cut: whole.slice(0, 70_000) });
  const { units, lines } = await unitsUntil(store, 20);
  const [told, ...again] = lines;
  assertEquals(
    told!.replace(/byte \d+/, "byte N"),
    "warn: cut: the rest is left out: Cannot parse MP4 file: sample at byte N: is cut",
  );
  assert(again.length > 0 && again.every((line) => line.startsWith("debug")));
  assert(units.at(-1)!.dtsSeconds > 19.9, "it goes on");
});

Deno.test("clipUnits() says why nothing can be played", async () => {
  const none = new MemoryStore("/clips/a.mp4", {
    "/clips/a.mp4": new Uint8Array(100),
  });
  const error = await assertRejects(unitsUntil(none, 1), ClipError);
  assertEquals(
    error.message,
    "Cannot play /clips/a.mp4: it is neither MP4 nor MPEG-TS",
  );
  assertEquals(none.openClips, 0);
});

Deno.test("clipUnits() tells of other tracks when their clip comes", async () => {
  const store = new MemoryStore("list", {
    both: await testClipAsTs(0.64),
    sound: await testClipAsTs(0.64, ["audio"]),
  });
  const { units } = await unitsUntil(store, 1.2);
  const sets = [...new Set(units.map(({ trackSet }) => trackSet))];
  assertEquals(
    sets.map(({ tracks }) => tracks.map(({ id, kind }) => [id, kind])),
    [[[0, "video"], [1, "audio"]], [[1, "audio"]]],
  );
  assertEquals(steps(units, "audio"), [1_024]);
});
