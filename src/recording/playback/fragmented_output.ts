import {
  openRecordedSpan,
  type SpanOptions,
  type SpanSample,
  type SpanTrack,
} from "./span_samples.ts";
import { ByteWriter } from "#base/byte_writer.ts";
import { writeFullBox } from "#formats/fmp4/box_writer.ts";
import { writeFileType, writeMovie } from "#formats/fmp4/movie_writer.ts";
import { Fmp4PartWriter } from "#formats/fmp4/part_writer.ts";
import type { SampleEntry } from "#formats/fmp4/sample_entry.ts";

const MAJOR_BRAND = "mp42";
const COMPATIBLE_BRANDS = ["mp41", "mp42", "isom", "hlsf"];

/** Least length of a part. */
const PART_SECONDS = 1;

/** Bytes of samples at which a part is closed however short it is. */
const MAX_PART_BYTES = 8 * 1_024 * 1_024;

/** The header of a file with fragments of these tracks. Owned. */
export function serializeSpanHeader(
  tracks: readonly SpanTrack[],
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writeFileType(writer, MAJOR_BRAND, COMPATIBLE_BRANDS);
  writeMovie(writer, {
    durationTicks: 0,
    tracks: tracks.map(({ number, clockRateHz, entry }) => ({
      trackNumber: number,
      clockRateHz,
      entry: withoutBitRate(entry),
      durationTicks: 0,
      edits: [],
      writeSampleTables: writeEmptyTables,
    })),
    isFragmented: true,
    userData: new Uint8Array(),
  });
  return writer.finish();
}

/** The entry as it was before its bit rate was written, which is written again. */
export function withoutBitRate(entry: SampleEntry): SampleEntry {
  const boxes = entry.boxes.filter(({ type }) => type !== "btrt");
  return { ...entry, boxes };
}

/** A file with fragments: the header, then parts; nothing if there are no samples. */
export async function* fragmentedFile(
  options: SpanOptions,
): AsyncGenerator<Uint8Array, void> {
  using span = await openRecordedSpan(options);
  let hasHeader = false;
  for await (const part of fragmentedParts(span.tracks, span.samples())) {
    if (!hasHeader) yield serializeSpanHeader(span.tracks);
    hasHeader = true;
    yield part;
  }
}

/** The parts alone. Pictures before the start are decoded at once. */
export async function* fragmentedParts(
  tracks: readonly SpanTrack[],
  samples: AsyncIterable<SpanSample>,
): AsyncGenerator<Uint8Array, void> {
  const writer = new Fmp4PartWriter(
    tracks.map(({ number, clockRateHz }) => ({
      trackId: number,
      trackNumber: number,
      clockRateHz,
    })),
  );
  let partNumber = 0;
  let fragmentNumber = 0;
  for await (const sample of samples) {
    const isNextFragment = sample.fragmentNumber > fragmentNumber;
    fragmentNumber = Math.max(fragmentNumber, sample.fragmentNumber);
    if (
      isNextFragment && writer.spanSeconds >= PART_SECONDS ||
      writer.payloadBytes >= MAX_PART_BYTES
    ) yield writer.finish(partNumber++)!.bytes;
    writer.add(timedSample(sample, await sample.read()));
  }
  const last = writer.finish(partNumber);
  if (last !== undefined) yield last.bytes;
}

function timedSample(sample: SpanSample, bytes: Uint8Array) {
  const { dtsTicks, durationTicks, trackNumber: trackId, isSync } = sample;
  const decodeTicks = Math.max(0, dtsTicks);
  // What is shown before the start is shown at the start: some players drop whatever follows a time below 0.
  const ptsTicks = Math.max(0, sample.ptsTicks);
  return {
    sample: {
      ...{ trackId, dtsTicks, ptsTicks, durationTicks, isSync, bytes },
      wallClockMs: 0,
    },
    decodeTicks,
    durationTicks: Math.max(0, dtsTicks + durationTicks) - decodeTicks,
    compositionOffsetTicks: ptsTicks - decodeTicks,
  };
}

/** A file with fragments has the tables of one without, empty. */
function writeEmptyTables(writer: ByteWriter): void {
  writeFullBox(writer, "stts", {}, () => writer.u32(0));
  writeFullBox(writer, "stsc", {}, () => writer.u32(0));
  writeFullBox(writer, "stsz", {}, () => writer.u32(0).u32(0));
  writeFullBox(writer, "stco", {}, () => writer.u32(0));
}
