import { DashPeriods } from "#protocols/hls/engine/dash_periods.ts";
import { Fmp4Engine } from "#protocols/hls/engine/fmp4_engine.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { type CheckedManifest, DashChecker } from "#test/dash_checker.ts";
import { fragmentTimes } from "#test/hls_checker.ts";
import { AUDIO, VIDEO } from "#test/units.ts";
import { type EngineScene, openScene, push } from "./engine_scene.ts";

const WALL_START_MS = Date.UTC(2026, 0, 1);

/** Publishers come and go, for so long. */
const OUTAGES = 40;

function openEngine(isLowLatency = true): EngineScene {
  const variant = isLowLatency ? "lowLatency" : "fmp4";
  return openScene((options, choice) => new Fmp4Engine(options, choice), {
    variant,
  });
}

/** The manifest of a scene at a time, checked. */
function follow(
  scene: EngineScene,
): (seconds: number) => CheckedManifest {
  const periods = new DashPeriods();
  const checker = new DashChecker();
  return (seconds) => {
    const { playlists, summary } = scene.engine;
    const nowMs = WALL_START_MS + seconds * 1_000;
    const text = periods.manifest(nowMs, playlists, summary)!;
    return checker.check(text.replaceAll("\0", ""));
  };
}

/** Every segment that is listed is there, and has the times that it is said to have. */
function assertFiles(
  { engine: { playlists } }: EngineScene,
  manifest: CheckedManifest,
): void {
  for (const [i, track] of [VIDEO, AUDIO].entries()) {
    const { window } = playlists.renditions[i]!;
    for (const { tracks } of manifest.periods) {
      const { headerUrl, segments } = tracks[i]!;
      assert(window.find(headerUrl), headerUrl);
      for (const { url, startSeconds, durationSeconds } of segments) {
        const bytes = window.find(url);
        assert(bytes, url);
        const times = fragmentTimes(bytes);
        const isNear = (ticks: number, seconds: number) =>
          Math.abs(ticks - seconds * track.clockRateHz) < 1;
        assert(isNear(times.startTicks, startSeconds), url);
        assert(isNear(times.durationTicks, durationSeconds), url);
      }
    }
  }
}

Deno.test("DashPeriods has nothing to describe before the first segment", () => {
  const { engine: { playlists, summary } } = openEngine();
  assertEquals(new DashPeriods().manifest(0, playlists, summary), undefined);
});

for (const isLowLatency of [true, false]) {
  const variant = isLowLatency ? "lowLatency" : "fmp4";
  Deno.test(`DashPeriods says what stays true of ${variant}, while publishers come and go`, () => {
    const scene = openEngine(isLowLatency);
    const manifestAt = follow(scene);
    let seconds = 0;
    let lastEnd = 0;
    for (let i = 0; i < OUTAGES; i++) {
      const manifests: CheckedManifest[] = [];
      for (const step of [3.5, 2, 8, 5]) {
        push(scene, { fromSeconds: seconds, toSeconds: seconds + step });
        seconds += step;
        const manifest = manifestAt(seconds);
        assertFiles(scene, manifest);
        manifests.push(manifest);
      }
      scene.engine.endEpoch();
      const { periods, nowSeconds } = manifestAt(seconds + 1);
      const { startSeconds } = periods.at(-1)!;
      if (lastEnd > 0) {
        const gap = startSeconds - lastEnd;
        // Sound ends up to a frame after the pictures.
        assert(gap > 9.9 && gap < 10.1, `${gap} s are between publishers`);
      }
      lastEnd = nowSeconds - 1;
      seconds += 10;
    }
  });
}

Deno.test("DashPeriods describes parameters that change as a new period, without a gap", () => {
  const scene = openEngine();
  const manifestAt = follow(scene);
  push(scene, { fromSeconds: 0, toSeconds: 4 });
  manifestAt(4);
  scene.engine.endEpoch();
  push(scene, { fromSeconds: 4, toSeconds: 8 });
  const [first, second] = manifestAt(8).periods;
  const last = first!.tracks[1]!.segments.at(-1)!;
  const gap = second!.startSeconds - last.presentedSeconds -
    last.durationSeconds;
  // The last frame of sound began before the last picture.
  assert(Math.abs(gap) < 0.04, `${gap} s`);
});

Deno.test("DashPeriods goes by the media, not by the clock of the publisher", () => {
  const scene = openEngine();
  const manifestAt = follow(scene);
  push(scene, { fromSeconds: 0, toSeconds: 5 });
  // It says that it is a day later here than there.
  const { nowSeconds, periods } = manifestAt(86_400);
  const { presentedSeconds, durationSeconds } = periods[0]!.tracks[0]!.segments
    .at(-1)!;
  assert(nowSeconds - presentedSeconds - durationSeconds < 1, `${nowSeconds}`);
});

Deno.test("DashPeriods describes sound alone", () => {
  const scene = openScene(
    (options, choice) => new Fmp4Engine(options, choice),
    {},
    [AUDIO],
  );
  const manifestAt = follow(scene);
  push(scene, { fromSeconds: 0, toSeconds: 5, tracks: [AUDIO] });
  const [{ tracks }] = manifestAt(5).periods as [CheckedManifest["periods"][0]];
  assertEquals(tracks.map(({ mimeType }) => mimeType), ["audio/mp4"]);
});
