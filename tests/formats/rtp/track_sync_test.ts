import { TrackSync } from "#formats/rtp/track_sync.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { seededRandom } from "#test/splits.ts";

const VIDEO_HZ = 90_000;
const AUDIO_HZ = 48_000;
const HOUR_MS = 3_600_000;
const REPORT_INTERVAL_MS = 5_000;
const WALL_MS = 1_750_000_000_000;

/** A camera whose sound card runs at its own rate. */
interface Camera {
  /** Parts per million that the audio clock is too fast. */
  readonly driftPpm: number;
  /** Reports tell the wall clock wrongly by up to this. */
  readonly noiseMs?: number;
  /** Somebody sets the camera's clock. */
  readonly wallStep?: { readonly atMs: number; readonly byMs: number };
}

/** Distance of each audio unit from where it belongs, in milliseconds, over an hour. */
function audioErrors(camera: Camera): number[] {
  const random = seededRandom(7);
  const sync = new TrackSync();
  const video = sync.openClock(VIDEO_HZ);
  const audio = sync.openClock(AUDIO_HZ);
  const audioHz = AUDIO_HZ * (1 + camera.driftPpm / 1e6);
  const videoTicks = (ms: number) => Math.round(ms * VIDEO_HZ / 1_000) + 777;
  const audioTicks = (ms: number) => Math.round(ms * audioHz / 1_000) + 123_456;
  const { wallStep, noiseMs = 0 } = camera;
  const wallMs = (ms: number) =>
    WALL_MS + ms + (wallStep && ms >= wallStep.atMs ? wallStep.byMs : 0) +
    (random() * 2 - 1) * noiseMs;
  const errors: number[] = [];
  video.place(videoTicks(0), 0);
  for (let ms = 0; ms <= HOUR_MS; ms += 100) {
    if (ms % REPORT_INTERVAL_MS === 0) {
      video.handleReport(videoTicks(ms), wallMs(ms));
    }
    if (ms % REPORT_INTERVAL_MS === 1_000) {
      audio.handleReport(audioTicks(ms), wallMs(ms));
    }
    const ticks = audioTicks(ms);
    if (!audio.isPlaced) audio.place(ticks, ms);
    if (!audio.isPlaced) continue;
    errors.push((ticks + audio.offsetAt(ticks)) * 1_000 / AUDIO_HZ - ms);
  }
  return errors;
}

function worst(errors: readonly number[]): number {
  return Math.max(...errors.map(Math.abs));
}

for (const driftPpm of [0, 20, -50, 100]) {
  Deno.test(`TrackClock keeps sound that is ${driftPpm} ppm too fast within 1 ms for an hour`, () => {
    const errors = audioErrors({ driftPpm });
    assert(errors.length > 35_000, `${errors.length} units`);
    assert(worst(errors) < 1, `${worst(errors)} ms`);
  });
}

Deno.test("TrackClock moves nothing where the reports agree", () => {
  const sync = new TrackSync();
  const video = sync.openClock(VIDEO_HZ);
  const audio = sync.openClock(AUDIO_HZ);
  video.place(0, 0);
  video.handleReport(0, WALL_MS);
  audio.handleReport(480, WALL_MS + 10);
  audio.place(480, 12);
  const offsets = new Set<number>();
  for (let seconds = 0; seconds < 3_600; seconds += 5) {
    video.handleReport(seconds * VIDEO_HZ, WALL_MS + seconds * 1_000);
    audio.handleReport(
      seconds * AUDIO_HZ + 480,
      WALL_MS + seconds * 1_000 + 10,
    );
    offsets.add(audio.offsetAt(seconds * AUDIO_HZ + 480));
  }
  assertEquals([...offsets], [0]);
});

Deno.test("TrackClock wanders less than a camera whose reports are wrong by up to 10 ms", () => {
  const errors = audioErrors({ driftPpm: 0, noiseMs: 10 });
  assert(worst(errors) < 25, `${worst(errors)} ms`);
});

Deno.test("TrackClock stays where it is when somebody sets the camera's clock", () => {
  const errors = audioErrors({
    driftPpm: 0,
    wallStep: { atMs: HOUR_MS / 2, byMs: 7_200_000 },
  });
  assert(worst(errors) < 1, `${worst(errors)} ms`);
});

/** What an audio track is moved by, in milliseconds, behind reports every 5 s that are wrong by so much. */
function movesMs(errorsMs: readonly number[]): number[] {
  const sync = new TrackSync();
  const video = sync.openClock(VIDEO_HZ);
  const audio = sync.openClock(AUDIO_HZ);
  video.place(0, 0);
  video.handleReport(0, WALL_MS);
  audio.handleReport(0, WALL_MS);
  audio.place(0, 0);
  return errorsMs.map((errorMs, i) => {
    const seconds = 5 * (i + 1);
    video.handleReport(seconds * VIDEO_HZ, WALL_MS + seconds * 1_000);
    audio.handleReport(seconds * AUDIO_HZ, WALL_MS + seconds * 1_000 + errorMs);
    return audio.offsetAt(seconds * AUDIO_HZ) * 1_000 / AUDIO_HZ;
  });
}

Deno.test("TrackClock follows a step of one track once three reports say so", () => {
  assertEquals(movesMs([500, 500, 500, 500]), [0, 0, 500, 500]);
});

Deno.test("TrackClock believes no reports that are wrong now and then", () => {
  assertEquals(
    movesMs([500, 0, 500, 0, 500, 500, 0, 500]),
    [0, 0, 0, 0, 0, 0, 0, 0],
  );
});

Deno.test("TrackClock believes no reports that contradict each other", () => {
  assertEquals(
    movesMs([500, -900, 3_000, 500, 500, 600]),
    [0, 0, 0, 0, 0, 600],
  );
});

Deno.test("TrackClock places a track by its arrival where no report comes within 200 ms", () => {
  const sync = new TrackSync();
  const video = sync.openClock(VIDEO_HZ);
  const audio = sync.openClock(AUDIO_HZ);
  video.place(1_000, 50);
  assert(video.isPlaced);
  audio.place(9_000, 90);
  assert(!audio.isPlaced);
  audio.place(18_600, 290);
  assert(!audio.isPlaced);
  audio.place(18_648, 291);
  assert(audio.isPlaced);
  assertEquals(audio.offsetAt(9_000) + 9_000, 40 * AUDIO_HZ / 1_000);
});

Deno.test("TrackClock does not believe reports that are ten seconds off the arrival", () => {
  const sync = new TrackSync();
  const video = sync.openClock(VIDEO_HZ);
  const audio = sync.openClock(AUDIO_HZ);
  video.place(0, 0);
  video.handleReport(0, WALL_MS);
  audio.handleReport(0, WALL_MS + 11_000);
  audio.place(0, 0);
  assert(!audio.isPlaced);
  audio.placeByArrival();
  assertEquals(audio.offsetAt(0), 0);
});

Deno.test("TrackClock.wallClockMs() is that of the latest report", () => {
  const clock = new TrackSync().openClock(VIDEO_HZ);
  assertEquals(clock.wallClockMs(0), undefined);
  clock.handleReport(90_000, WALL_MS);
  assertEquals(clock.wallClockMs(180_000), WALL_MS + 1_000);
  assertEquals(clock.wallClockMs(0), WALL_MS - 1_000);
});
