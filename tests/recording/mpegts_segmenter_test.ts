import type { Publication } from "#core/publication.ts";
import type { Track } from "#core/track.ts";
import { MpegTsDemuxer } from "#formats/mpegts/demuxer.ts";
import { isInMpegts, MpegtsSegmenter } from "#recording/mpegts_segmenter.ts";
import { DRIFT_MESSAGE, NO_KEY_FRAME_MESSAGE } from "#recording/segmenter.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { START_WALL_MS } from "#test/fake_clock.ts";
import {
  AUDIO,
  AUDIO_FRAME_TICKS,
  audioUnit,
  noLimits,
  type TestStream,
  testStream,
  VIDEO,
  videoUnit,
} from "#test/units.ts";
import { bytesOf, CollectingOutput, type MadeSegment } from "./scene.ts";

interface Scene extends TestStream {
  readonly output: CollectingOutput;
  readonly told: string[];
  readonly publication: Publication;
}

/** A recording of a stream: parts of 200 ms, segments of a second. */
function scene(tracks: readonly Track[]): Scene {
  const test = testStream();
  const output = new CollectingOutput();
  const told: string[] = [];
  const segmenter = new MpegtsSegmenter({
    settings: {
      recordPartDurationMs: 200,
      recordMaxPartSizeBytes: 1_000_000,
      recordSegmentDurationMs: 1_000,
    },
    output,
    onWarning: (message) => told.push(message),
  });
  const publication = test.stream.attach(tracks);
  test.stream.subscribe({
    deliver(batch) {
      segmenter.push(batch);
      return true;
    },
    end: () => segmenter.end(),
  }, noLimits()).resume();
  return { ...test, output, told, publication };
}

function publishPictures(
  { publication, clock }: Scene,
  count: number,
  options: {
    readonly keyEvery?: number;
    readonly from?: number;
    readonly sizeBytes?: number;
  } = {},
): void {
  const { keyEvery = 25, from = 0, sizeBytes = 20 } = options;
  for (let i = from; i < from + count; i++) {
    const isRandomAccess = i % keyEvery === 0;
    const unit = videoUnit(i * 3_600, { isRandomAccess, sizeBytes });
    publication.publish(VIDEO, unit);
    publication.flush();
    clock.advance(40);
  }
}

/** How many units of each track a file has; it must begin with its tables. */
function unitCounts(segment: MadeSegment): Record<string, number> {
  const bytes = bytesOf(segment);
  assertEquals(bytes.length % 188, 0);
  assertEquals([...bytes.subarray(0, 3)], [0x47, 0x40, 0x00]);
  const counts: Record<string, number> = {};
  const demuxer = new MpegTsDemuxer({
    handleTracks: () => {},
    handleUnit: ({ kind }) => void (counts[kind] = (counts[kind] ?? 0) + 1),
    handleSkipped: () => {},
    handleError: (message: string) => {
      throw new Error(message);
    },
  });
  demuxer.push(bytes);
  demuxer.end();
  return counts;
}

Deno.test("MpegtsSegmenter writes every picture, in segments that begin with tables and key frames", () => {
  const all = scene([VIDEO]);
  publishPictures(all, 60, { keyEvery: 30 });
  all.stream.endReaders("end");
  const { segments } = all.output;
  assertEquals(segments.map(unitCounts), [{ video: 30 }, { video: 30 }]);
  assertEquals(
    segments.map(({ startWallMs, durationMs }) => [
      startWallMs,
      Math.round(durationMs!),
    ]),
    [[START_WALL_MS, 1_160], [START_WALL_MS + 1_200, 1_160]],
  );
  assertEquals(all.told, []);
});

Deno.test("MpegtsSegmenter writes when a part is long enough, or large enough", () => {
  const all = scene([VIDEO]);
  publishPictures(all, 11);
  assertEquals(all.output.segments[0]!.parts.length, 2);
  const large = scene([VIDEO]);
  publishPictures(large, 5, { sizeBytes: 40_000 });
  assertEquals(large.output.segments[0]!.parts.length, 2);
});

Deno.test("MpegtsSegmenter cuts sound alone anywhere", () => {
  const all = scene([AUDIO]);
  for (let i = 0; i < 100; i++) {
    all.publication.publish(AUDIO, audioUnit(i * AUDIO_FRAME_TICKS));
    all.publication.flush();
    all.clock.advance(AUDIO_FRAME_TICKS / 48);
  }
  all.stream.endReaders("end");
  assertEquals(all.output.segments.map(unitCounts), [
    { audio: 47 },
    { audio: 47 },
    { audio: 6 },
  ]);
});

Deno.test("MpegtsSegmenter cuts at any picture where no key frame comes, with parameter sets", () => {
  const all = scene([VIDEO]);
  publishPictures(all, 1_600, { keyEvery: Infinity });
  all.stream.endReaders("end");
  const { segments } = all.output;
  assertEquals(segments.map(unitCounts), [{ video: 1_525 }, { video: 75 }]);
  assertEquals(all.told, [NO_KEY_FRAME_MESSAGE]);
});

Deno.test("MpegtsSegmenter goes on with a track that comes", () => {
  const all = scene([VIDEO]);
  publishPictures(all, 10);
  all.publication.setTracks([VIDEO, AUDIO]);
  all.publication.publish(AUDIO, audioUnit(10 * 1_920));
  publishPictures(all, 5, { from: 10 });
  all.stream.endReaders("end");
  assertEquals(all.output.segments.map(unitCounts), [{ video: 15, audio: 1 }]);
});

Deno.test("MpegtsSegmenter begins anew when the wall clock has moved away", () => {
  const all = scene([VIDEO]);
  publishPictures(all, 10);
  all.clock.shiftWall(60_000);
  publishPictures(all, 10, { from: 10 });
  publishPictures(all, 5, { from: 25 });
  all.stream.endReaders("end");
  const [one, two] = all.output.segments;
  assertEquals([unitCounts(one!), unitCounts(two!)], [
    { video: 10 },
    { video: 5 },
  ]);
  assertEquals(all.told, [DRIFT_MESSAGE]);
});

Deno.test("MpegtsSegmenter writes nothing of a stream without units", () => {
  const all = scene([VIDEO]);
  all.stream.endReaders("end");
  assertEquals(all.output.segments, []);
});

Deno.test("isInMpegts() knows what MPEG-TS carries", () => {
  assert(isInMpegts(VIDEO));
  assert(!isInMpegts({ ...VIDEO, codec: { codec: "vp8" } }));
  // Over RTP they say only later what they are.
  assert(
    isInMpegts({
      ...VIDEO,
      codec: { codec: "mpeg12Video", config: undefined },
    }),
  );
});
