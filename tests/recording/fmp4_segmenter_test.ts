import type { Publication } from "#core/publication.ts";
import type { Track } from "#core/track.ts";
import type { BatchSink } from "#core/subscription.ts";
import { Fmp4Segmenter } from "#recording/fmp4_segmenter.ts";
import { DRIFT_MESSAGE, NO_KEY_FRAME_MESSAGE } from "#recording/segmenter.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { START_WALL_MS } from "#test/fake_clock.ts";
import {
  AUDIO,
  AUDIO_FRAME_TICKS,
  audioUnit,
  H264_PARAMETERS,
  H264_REORDERED_PARAMETERS,
  noLimits,
  type TestStream,
  testStream,
  VIDEO,
  videoUnit,
} from "#test/units.ts";
import { bytesOf, CollectingOutput, readFmp4 } from "./scene.ts";

interface Scene extends TestStream {
  readonly output: CollectingOutput;
  readonly told: string[];
  readonly segmenter: Fmp4Segmenter;
  publication: Publication;
}

/** A recording of a stream: parts of 200 ms, segments of a second. */
function scene(
  tracks: readonly Track[],
  settings: { readonly maxPartBytes?: number } = {},
): Scene {
  const test = testStream();
  const output = new CollectingOutput();
  const told: string[] = [];
  const segmenter = new Fmp4Segmenter({
    settings: {
      recordPartDurationMs: 200,
      recordMaxPartSizeBytes: settings.maxPartBytes ?? 1_000_000,
      recordSegmentDurationMs: 1_000,
    },
    output,
    onWarning: (message) => told.push(message),
  });
  const publication = test.stream.attach(tracks);
  const sink: BatchSink = {
    deliver(batch) {
      segmenter.push(batch);
      return true;
    },
    end: () => segmenter.end(),
  };
  test.stream.subscribe(sink, noLimits()).resume();
  return { ...test, output, told, segmenter, publication };
}

/** Publishes a picture every 40 ms, a key frame first and then after so many; time goes on with them. */
function publishPictures(
  { publication, clock }: Scene,
  count: number,
  options: {
    readonly keyEvery?: number;
    readonly from?: number;
    readonly track?: Track;
  } = {},
): void {
  const { keyEvery = 25, from = 0, track = VIDEO } = options;
  for (let i = from; i < from + count; i++) {
    const isRandomAccess = i % keyEvery === 0;
    publication.publish(track, videoUnit(i * 3_600, { isRandomAccess }));
    publication.flush();
    clock.advance(40);
  }
}

const times = (count: number, stepMs = 40) =>
  Array.from({ length: count }, (_, i) => i * stepMs);

Deno.test("Fmp4Segmenter writes every picture, in segments that begin with key frames", async () => {
  const all = scene([VIDEO]);
  publishPictures(all, 60, { keyEvery: 15 });
  all.stream.endReaders("end");
  const { segments } = all.output;
  assertEquals(segments.map(({ durationMs }) => Math.round(durationMs!)), [
    1_200,
    1_200,
  ]);
  const read = await Promise.all(segments.map(readFmp4));
  for (const [i, { samples, box, durationMs, trackCount }] of read.entries()) {
    assertEquals(samples.map(([, dtsMs]) => dtsMs), times(30));
    assertEquals(samples[0]![3], true);
    assertEquals([durationMs, trackCount], [1_200, 1]);
    assertEquals(box.segmentNumber, BigInt(i));
    assertEquals(box.streamId, read[0]!.box.streamId);
    // A stream begins at one second, see the timeline.
    assertEquals(box.dtsNs, 1_000_000_000n + BigInt(i) * 1_200_000_000n);
    const startWallMs = START_WALL_MS + i * 1_200;
    assertEquals(box.wallClockNs, BigInt(startWallMs) * 1_000_000n);
    assertEquals(segments[i]!.startWallMs, startWallMs);
  }
  assertEquals(all.told, []);
});

Deno.test("Fmp4Segmenter cuts at any picture where no key frame comes for a minute", async () => {
  const all = scene([VIDEO]);
  publishPictures(all, 1_600, { keyEvery: Infinity });
  all.stream.endReaders("end");
  const read = await Promise.all(all.output.segments.map(readFmp4));
  assertEquals(
    read.map(({ samples }) => [samples.length, samples[0]![3]]),
    [[1_525, true], [75, true]],
  );
  assertEquals(read[1]!.box.streamId, read[0]!.box.streamId);
  assertEquals(all.told, [NO_KEY_FRAME_MESSAGE]);
  const patient = scene([VIDEO]);
  publishPictures(patient, 1_600, { keyEvery: 1_500 });
  assertEquals(patient.output.segments.length, 2);
  assertEquals(patient.told, []);
});

Deno.test("Fmp4Segmenter closes a part when it is long enough, and a file ends with every part", async () => {
  const all = scene([VIDEO]);
  publishPictures(all, 12);
  // Five pictures of 40 ms make a part; the sixth, whose length the seventh tells, closes it.
  const lengths = all.output.segments[0]!.parts.map((_, i, parts) =>
    readFmp4({ ...all.output.segments[0]!, parts: parts.slice(0, i + 1) })
  );
  const counts = (await Promise.all(lengths)).map(({ samples }) =>
    samples.length
  );
  assertEquals(counts, [5, 10]);
  assertEquals(all.output.segments[0]!.durationMs, undefined);
});

Deno.test("Fmp4Segmenter closes a part that would become too large", async () => {
  const all = scene([VIDEO], { maxPartBytes: 60 });
  publishPictures(all, 10);
  all.stream.endReaders("end");
  const [segment] = all.output.segments;
  // Pictures of 24 bytes; the key frame has its parameter sets, and is too large by itself.
  assertEquals(segment!.parts.length, 6);
  assertEquals((await readFmp4(segment!)).samples.length, 10);
});

Deno.test("Fmp4Segmenter waits for a key frame, and writes one picture alone", async () => {
  const all = scene([VIDEO]);
  publishPictures(all, 1);
  all.stream.endReaders("end");
  assertEquals((await readFmp4(all.output.segments[0]!)).samples, [[
    1,
    0,
    0,
    true,
  ]]);
});

Deno.test("Fmp4Segmenter writes nothing of a stream without samples", () => {
  const all = scene([VIDEO]);
  all.stream.endReaders("end");
  assertEquals(all.output.segments, []);
});

Deno.test("Fmp4Segmenter cuts sound alone anywhere", async () => {
  const all = scene([AUDIO]);
  for (let i = 0; i < 100; i++) {
    all.publication.publish(AUDIO, audioUnit(i * AUDIO_FRAME_TICKS));
    all.publication.flush();
    all.clock.advance(AUDIO_FRAME_TICKS / 48);
  }
  all.stream.endReaders("end");
  const read = await Promise.all(all.output.segments.map(readFmp4));
  assertEquals(read.map(({ samples }) => samples.length), [47, 47, 6]);
});

Deno.test("Fmp4Segmenter begins a segment with the oldest sample that waits", async () => {
  const all = scene([VIDEO, AUDIO]);
  let sound = 0;
  for (let i = 0; i < 52; i++) {
    const options = { isRandomAccess: i % 26 === 0 };
    all.publication.publish(VIDEO, videoUnit(i * 3_600, options));
    while (sound * AUDIO_FRAME_TICKS / 48 < (i + 1) * 40) {
      all.publication.publish(AUDIO, audioUnit(sound++ * AUDIO_FRAME_TICKS));
    }
    all.publication.flush();
    all.clock.advance(40);
  }
  all.stream.endReaders("end");
  const read = await Promise.all(all.output.segments.map(readFmp4));
  assertEquals(read.length, 2);
  const count = (track: number) =>
    read.map(({ samples }) => samples.filter((one) => one[0] === track).length);
  assertEquals(count(1), [26, 26]);
  assertEquals(count(2).reduce((a, b) => a + b), sound);
  // The frame of sound that waits began 16 ms before the key frame.
  assertEquals(read[1]!.box.dtsNs, 1_000_000_000n + 1_024_000_000n);
  assertEquals(read[1]!.samples.find(([track]) => track === 1), [
    1,
    16,
    16,
    true,
  ]);
  assertEquals(all.told, []);
});

Deno.test("Fmp4Segmenter flushes a track that stands still into the segment that ends", async () => {
  const all = scene([VIDEO, AUDIO]);
  publishPictures(all, 1);
  for (let i = 0; i < 3; i++) {
    all.publication.publish(AUDIO, audioUnit(i * AUDIO_FRAME_TICKS));
  }
  publishPictures(all, 59, { keyEvery: 30, from: 1 });
  all.stream.endReaders("end");
  const read = await Promise.all(all.output.segments.map(readFmp4));
  const sounds = read.map(({ samples }) =>
    samples.filter(([track]) => track === 2).length
  );
  assertEquals(sounds, [3, 0]);
});

Deno.test("Fmp4Segmenter shows sound that is late before the rest, and leaves out what is much too late", async () => {
  const all = scene([VIDEO, AUDIO]);
  const { publication } = all;
  publishPictures(all, 75);
  // The third file begins at two seconds.
  for (const ms of [500, 1_900, 2_100]) {
    publication.publish(AUDIO, audioUnit(48 * ms));
  }
  publication.publish(VIDEO, videoUnit(75 * 3_600));
  publication.flush();
  all.stream.endReaders("end");
  const { samples } = await readFmp4(all.output.segments[2]!);
  assertEquals(samples.filter(([track]) => track === 2), [
    [2, 0, -100, true],
    [2, 100, 100, true],
  ]);
  assertEquals(all.told, [
    "sample of track 2 received too late, discarding",
  ]);
});

Deno.test("Fmp4Segmenter begins a stream of its own when parameters change", async () => {
  const all = scene([VIDEO]);
  publishPictures(all, 10);
  const other = { ...VIDEO, codec: H264_REORDERED_PARAMETERS };
  all.publication.setTracks([other]);
  publishPictures(all, 10, { from: 25, track: other });
  all.stream.endReaders("end");
  const [one, two] = await Promise.all(all.output.segments.map(readFmp4));
  assertEquals([one!.samples.length, two!.samples.length], [10, 10]);
  assert(one!.box.streamId.join() !== two!.box.streamId.join());
  assertEquals(two!.box.segmentNumber, 0n);
});

Deno.test("Fmp4Segmenter goes on when the same parameters come again, or better ones", async () => {
  const all = scene([VIDEO]);
  publishPictures(all, 10);
  all.publication.setTracks([{ ...VIDEO, codec: { ...H264_PARAMETERS } }]);
  publishPictures(all, 5, { from: 10 });
  all.stream.endReaders("end");
  assertEquals(all.output.segments.length, 1);
  const { samples } = await readFmp4(all.output.segments[0]!);
  assertEquals(samples.length, 15);
});

Deno.test("Fmp4Segmenter begins a stream of its own when a track comes", async () => {
  const all = scene([VIDEO]);
  publishPictures(all, 10);
  all.publication.setTracks([VIDEO, AUDIO]);
  publishPictures(all, 10, { from: 25 });
  all.stream.endReaders("end");
  const read = await Promise.all(all.output.segments.map(readFmp4));
  assertEquals(read.map(({ trackCount }) => trackCount), [1, 2]);
});

Deno.test("Fmp4Segmenter begins a stream of its own when the wall clock has moved away", async () => {
  const all = scene([VIDEO]);
  publishPictures(all, 10);
  all.clock.shiftWall(60_000);
  publishPictures(all, 10, { from: 25 });
  all.stream.endReaders("end");
  const read = await Promise.all(all.output.segments.map(readFmp4));
  assertEquals(read.map(({ samples }) => samples.length), [10, 10]);
  assertEquals(all.told, [DRIFT_MESSAGE]);
  assertEquals(
    all.output.segments[1]!.startWallMs - all.output.segments[0]!.startWallMs >
      60_000,
    true,
  );
});

Deno.test("Fmp4Segmenter leaves a track out of whose parameters nothing is known, until they are", async () => {
  const unknown: Track = {
    ...VIDEO,
    codec: { codec: "h264", sps: [], pps: [] },
  };
  const all = scene([unknown, AUDIO]);
  for (let i = 0; i < 20; i++) {
    all.publication.publish(
      unknown,
      videoUnit(i * 3_600, {
        isRandomAccess: i === 0,
      }),
    );
    all.publication.publish(AUDIO, audioUnit(i * 1_920));
    all.publication.flush();
  }
  all.publication.setTracks([VIDEO, AUDIO]);
  for (let i = 25; i < 35; i++) {
    all.publication.publish(
      VIDEO,
      videoUnit(i * 3_600, {
        isRandomAccess: i === 25,
      }),
    );
    all.publication.publish(AUDIO, audioUnit(i * 1_920));
    all.publication.flush();
  }
  all.stream.endReaders("end");
  const read = await Promise.all(all.output.segments.map(readFmp4));
  assertEquals(read.map(({ trackCount }) => trackCount), [1, 2]);
  assert(
    all.told.every((line) => line.startsWith("too little is known of track 1")),
    all.told.join("\n"),
  );
});

Deno.test("Fmp4Segmenter says no duration in a file that is not closed", async () => {
  const all = scene([VIDEO]);
  publishPictures(all, 12);
  const read = await readFmp4(all.output.segments[0]!);
  assertEquals(read.durationMs, 0);
  assertEquals(bytesOf(all.output.segments[0]!).length > 0, true);
});
