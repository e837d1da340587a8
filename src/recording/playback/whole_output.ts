import { withoutBitRate } from "./fragmented_output.ts";
import { openRecordedSpan, type SpanOptions } from "./span_samples.ts";
import { joinBytes } from "#base/join_bytes.ts";
import { Mp4FileWriter } from "#formats/mp4/file_writer.ts";
import { HttpError } from "#http/http_error.ts";

/** Samples of one file: what is remembered of each takes up to 30 bytes. */
const MAX_FILE_SAMPLES = 4_000_000;

/** Bytes that are sent at once, if there are so many. */
const CHUNK_BYTES = 65_536;

/**
 * A file without fragments: the header with the tables of all samples, then the samples.
 *
 * The segments are walked through twice, so that only the tables are kept. An edit list hides pictures before the start.
 *
 * Limits: {@linkcode MAX_FILE_SAMPLES}.
 *
 * @throws {HttpError} 400 over the limit, before anything is answered.
 */
export async function* wholeFile(
  options: SpanOptions,
): AsyncGenerator<Uint8Array, void> {
  const header = await headerOf(options);
  if (header === undefined) return;
  yield header;
  using span = await openRecordedSpan(options);
  let chunks: Uint8Array[] = [];
  let chunkBytes = 0;
  for await (const sample of span.samples()) {
    const bytes = await sample.read();
    chunks.push(bytes);
    chunkBytes += bytes.length;
    if (chunkBytes < CHUNK_BYTES) continue;
    yield joinBytes(chunks);
    chunks = [];
    chunkBytes = 0;
  }
  yield joinBytes(chunks);
}

/** Undefined if there are no samples. */
async function headerOf(options: SpanOptions): Promise<Uint8Array | undefined> {
  using span = await openRecordedSpan(options);
  const tracks = span.tracks.map(({ number, clockRateHz, entry }) => ({
    trackNumber: number,
    clockRateHz,
    entry: withoutBitRate(entry),
    startTicks: 0,
  }));
  const writer = new Mp4FileWriter(tracks);
  const begun = new Set<number>();
  let count = 0;
  for await (const sample of span.samples()) {
    if (++count > MAX_FILE_SAMPLES) {
      throw new HttpError(
        400,
        "Cannot make an MP4 file without fragments: it would be too long, ask for less or for format=fmp4",
      );
    }
    const { trackNumber, dtsTicks, ptsTicks, ...rest } = sample;
    if (!begun.has(trackNumber)) {
      begun.add(trackNumber);
      const track = tracks.find((one) => one.trackNumber === trackNumber);
      if (track) track.startTicks = dtsTicks;
    }
    writer.add(trackNumber, {
      sizeBytes: rest.sizeBytes,
      durationTicks: rest.durationTicks,
      compositionOffsetTicks: ptsTicks - dtsTicks,
      isSync: rest.isSync,
    });
  }
  return count === 0 ? undefined : writer.header();
}
