import { DashPeriods } from "#protocols/hls/engine/dash_periods.ts";
import { Fmp4Engine } from "#protocols/hls/engine/fmp4_engine.ts";
import { assertEquals } from "#test/assert.ts";
import { openScene, push } from "./engine_scene.ts";

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, match]) => match!);
}

Deno.test("DashPeriods describes each time without a discontinuity by itself, and what it said stays true", () => {
  const scene = openScene((options, choice) => new Fmp4Engine(options, choice));
  const periods = new DashPeriods(scene.engine.playlists);
  const manifest = () => periods.manifest(0, scene.engine.summary)!;
  assertEquals(manifest(), undefined);
  push(scene, { fromSeconds: 0, toSeconds: 3.5 });
  const first = manifest();
  assertEquals(matches(first, /start="(PT[\d.]+S)"/g), ["PT0.000S"]);
  assertEquals(matches(first, /<Representation id="(\w+)"/g), [
    "video1",
    "audio2",
  ]);
  assertEquals(matches(first, /startNumber="(\d+)"/g), ["7", "7"]);
  scene.engine.endEpoch();
  push(scene, { fromSeconds: 100, toSeconds: 103.5 });
  const second = manifest();
  // 3.52 s of files, the last frame of sound included, stand for the 100 s.
  assertEquals(matches(second, /start="(PT[\d.]+S)"/g), [
    "PT0.000S",
    "PT96.480S",
  ]);
  push(scene, { fromSeconds: 103.5, toSeconds: 113 });
  const third = manifest();
  assertEquals(matches(third, /start="(PT[\d.]+S)"/g), ["PT96.480S"]);
  assertEquals(
    matches(third, /availabilityStartTime="([^"]+)"/g),
    matches(first, /availabilityStartTime="([^"]+)"/g),
  );
});
