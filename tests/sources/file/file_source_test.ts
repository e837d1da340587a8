import { joinBytes } from "#base/join_bytes.ts";
import type { Publication } from "#core/publication.ts";
import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import { pullFile, pullTest } from "#sources/file/file_source.ts";
import type { Pull } from "#sources/lazy_source.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { settled } from "#test/fake_clock.ts";
import { PATH_SETTINGS, PULL_LIMITS } from "#test/test_ports.ts";
import { CollectingSink, noLimits, testStream } from "#test/units.ts";
import {
  loggedLines,
  TEST_CLIP,
  testClipAsTs,
  testClipBytes,
} from "./clip_samples.ts";

const STEP_MS = 40;

/** A source that runs on a clock of the test's. */
function pull(run: Pull, url: string, isLooped = true) {
  const { stream, clock } = testStream();
  const { logger, lines } = loggedLines();
  const abort = new AbortController();
  const sink = new CollectingSink();
  const arrivals: { unit: MediaUnit; atMs: number }[] = [];
  const startMs = clock.monotonicMs();
  const counters = {
    inboundBytes: 0,
    receivedPackets: 0,
    lostPackets: 0,
    damagedPackets: 0,
  };
  let publication: Publication | undefined;
  const ended = run({
    url,
    pathName: "cam",
    settings: { ...PATH_SETTINGS, fileLoop: isLooped },
    limits: PULL_LIMITS,
    clock,
    logger,
    counters,
    attach(tracks: readonly Track[]) {
      publication = stream.attach(tracks);
      stream.subscribe(sink, noLimits()).resume();
      return publication;
    },
    signal: abort.signal,
  });
  let hasEnded = false;
  const finish = () => void (hasEnded = true);
  ended.then(finish, finish);
  let taken = 0;
  const take = () => {
    const units = sink.units;
    for (const unit of units.slice(taken)) {
      arrivals.push({ unit, atMs: clock.monotonicMs() - startMs });
    }
    taken = units.length;
  };
  /** Lets time go on in small steps, each once the source waits for it. */
  const play = async (durationMs: number, stepMs = STEP_MS) => {
    for (let passedMs = 0; passedMs < durationMs; passedMs += stepMs) {
      do await settled(); while (clock.pendingTimers === 0 && !hasEnded);
      take();
      clock.advance(stepMs);
    }
    await settled();
    take();
  };
  return {
    ...{ clock, lines, abort, ended, arrivals, counters, play, stream },
    isPublishing: () => publication !== undefined && !publication.isClosed,
  };
}

Deno.test("pullTest() plays in real time, over the seam, until it is stopped", async () => {
  const test = pull(pullTest, "test");
  await test.play(TEST_CLIP.seconds * 1_000 + 1_000);
  const pictures = test.arrivals.filter(({ unit }) => unit.trackId === 0);
  assert(pictures.length > TEST_CLIP.pictures, "it goes on");
  const [first] = pictures;
  for (const [i, { unit, atMs }] of pictures.entries()) {
    assertEquals(unit.dtsTicks - first!.unit.dtsTicks, i * 3_600);
    const lateMs = atMs - first!.atMs - i * 40;
    assert(
      lateMs >= -STEP_MS && lateMs <= 2 * STEP_MS,
      `picture ${i} is ${lateMs} ms late`,
    );
  }
  const sound = test.arrivals.filter(({ unit }) => unit.trackId === 1);
  for (const [i, { unit }] of sound.entries()) {
    assertEquals(unit.dtsTicks - sound[0]!.unit.dtsTicks, i * 1_024);
  }
  assert(test.counters.inboundBytes > 100_000, "bytes are counted");
  test.abort.abort(new Error("not needed"));
  assertEquals((await assertRejects(test.ended, Error)).message, "not needed");
  assertEquals(
    [test.isPublishing(), test.clock.pendingTimers, test.lines],
    [false, 0, []],
  );
});

Deno.test("pullTest() goes on from now when the machine has slept", async () => {
  const test = pull(pullTest, "test");
  await test.play(500);
  const before = test.arrivals.length;
  test.clock.advance(3_600_000);
  await test.play(500);
  const after = test.arrivals.length - before;
  assert(after < 60, `${after} units come at once`);
  const { unit } = test.arrivals.at(-1)!;
  assert(unit.dtsTicks > 0);
  test.abort.abort(new Error("over"));
  await assertRejects(test.ended, Error);
});

Deno.test("pullFile() ends with the file if it is not looped", async () => {
  const folder = await Deno.makeTempDir({ prefix: "weir_test_" });
  try {
    const file = `${folder}/a clip.bin`;
    await Deno.writeFile(file, await testClipAsTs(0.64));
    const test = pull(pullFile, `file://${folder}/a%20clip.bin`, false);
    await test.play(1_000);
    await test.ended;
    const countOf = (trackId: number) =>
      test.arrivals.filter(({ unit }) => unit.trackId === trackId).length;
    assertEquals([countOf(0), countOf(1)], [16, 30]);
    assertEquals([test.isPublishing(), test.lines], [false, []]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** The built-in clip in slow motion: what the clocks of its tracks say is `factor` times as long. */
async function slowClip(factor: number): Promise<Uint8Array> {
  const bytes = await testClipBytes();
  const text = new TextDecoder("latin1").decode(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (const { index } of text.matchAll(/mdhd\0{4}/g)) {
    const at = index + 16;
    view.setUint32(at, view.getUint32(at) / factor);
  }
  return bytes;
}

Deno.test("pullFile() shows each picture as long as the file says, without a rush", async () => {
  const folder = await Deno.makeTempDir({ prefix: "weir_test_" });
  try {
    await Deno.writeFile(`${folder}/slow.mp4`, await slowClip(800));
    const test = pull(pullFile, `file://${folder}/slow.mp4`);
    await test.play(110_000, 500);
    for (const [trackId, stepSeconds] of [[0, 32], [1, 17.07]] as const) {
      const units = test.arrivals.filter(({ unit }) =>
        unit.trackId === trackId
      );
      assert(units.length >= Math.ceil(100 / stepSeconds), "none is left out");
      for (const [i, { atMs }] of units.entries()) {
        // Some steps of the clock pass while the file is read.
        const lateSeconds = atMs / 1_000 - i * stepSeconds;
        assert(lateSeconds >= 0 && lateSeconds < 10, `${lateSeconds} s late`);
      }
    }
    test.abort.abort(new Error("over"));
    await assertRejects(test.ended, Error);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("pullFile() is not kept busy by a file whose clock jumps all the time", async () => {
  const folder = await Deno.makeTempDir({ prefix: "weir_test_" });
  try {
    const far = [
      await testClipAsTs(0.02, ["video"]),
      await testClipAsTs(0.02, ["video"], 1_000),
    ];
    const pieces = Array.from({ length: 400 }, () => far).flat();
    await Deno.writeFile(`${folder}/a.ts`, joinBytes(pieces));
    const test = pull(pullFile, `file://${folder}/a.ts`);
    await test.play(1_000);
    const { length } = test.arrivals;
    // Hundreds of pictures of the same moment, and then of another.
    assert(length > 10 && length < 3_000, `${length} units`);
    test.abort.abort(new Error("over"));
    await assertRejects(test.ended, Error);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("pullFile() says what is wrong with its file", async () => {
  const missing = pull(pullFile, "file:///not/there.mp4");
  const { message } = await assertRejects(missing.ended, Error);
  assert(message.startsWith("Cannot read /not/there.mp4: "), message);
  const leaving = pull(pullFile, "file:///clips/../etc/passwd");
  assertEquals(
    (await assertRejects(leaving.ended, Error)).message,
    "Cannot play file:///clips/../etc/passwd: it must be like file:///folder/clip.mp4, without '..'",
  );
  const text = pull(pullFile, import.meta.url);
  assertEquals(
    (await assertRejects(text.ended, Error)).message,
    `Cannot play ${
      new URL(import.meta.url).pathname
    }: it is neither MP4 nor MPEG-TS`,
  );
});
