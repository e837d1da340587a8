import type { RecordedChunk } from "./chunk_scan.ts";
import { fragmentedParts, serializeSpanHeader } from "./fragmented_output.ts";
import type { PlayableFile, SegmentInput } from "./recorded_segment.ts";
import { type SpanSample, tracksOf } from "./span_samples.ts";
import { rescaleTicks } from "#base/time.ts";
import { FileFragments } from "#formats/mp4/file_fragments.ts";
import { type Mp4File, openMp4File } from "#formats/mp4/mp4_file.ts";

const MICROSECONDS_HZ = 1_000_000;

/** What of a segment is wanted. */
export interface ChunkRequest {
  readonly file: PlayableFile;
  readonly chunk: RecordedChunk;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** Where the segment begins on the time line of the playlist, 0 or more. */
  readonly offsetUs: number;
}

/** The header that the chunks of a segment need. @throws {ParseError | PlatformError} */
export async function* chunkHeader(
  file: PlayableFile,
): AsyncGenerator<Uint8Array, void> {
  using input = await file.open();
  const { movie } = await openMp4File(input);
  yield serializeSpanHeader(tracksOf(movie));
}

/** The fragments of a chunk, without header. @throws {ParseError | PlatformError} */
export async function* chunkParts(
  request: ChunkRequest,
): AsyncGenerator<Uint8Array, void> {
  using input = await request.file.open();
  const file = await openMp4File(input);
  const samples = chunkSamples(request, input, file);
  yield* fragmentedParts(tracksOf(file.movie), samples);
}

async function* chunkSamples(
  { chunk, isFirst, isLast, offsetUs }: ChunkRequest,
  input: SegmentInput,
  mp4: Mp4File,
): AsyncGenerator<SpanSample, void> {
  const { movie } = mp4;
  const fragments = new FileFragments(input, movie, chunk.offsetBytes);
  const clockRates = new Map(
    tracksOf(movie).map(({ number, clockRateHz }) => [number, clockRateHz]),
  );
  for (let fragmentNumber = 1;; fragmentNumber++) {
    const fragment = await fragments.next();
    if (fragment === undefined) return;
    let isBehindEnd = true;
    for (const sample of fragment.samples) {
      const clockRateHz = clockRates.get(sample.trackNumber);
      if (clockRateHz === undefined) continue;
      const seconds = sample.dtsTicks / clockRateHz;
      if (seconds >= chunk.endSeconds && !isLast) continue;
      isBehindEnd = false;
      if (seconds < chunk.startSeconds && !isFirst) continue;
      const baseTicks = rescaleTicks(offsetUs, MICROSECONDS_HZ, clockRateHz);
      yield {
        ...sample,
        dtsTicks: sample.dtsTicks + baseTicks,
        ptsTicks: sample.ptsTicks + baseTicks,
        fragmentNumber,
        read: () => mp4.read(sample),
      };
    }
    if (isBehindEnd && fragment.samples.length > 0) return;
  }
}
