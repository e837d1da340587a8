import { ByteReader } from "#base/byte_reader.ts";
import { ParseError } from "#base/errors.ts";
import {
  type Box,
  findBox,
  needBox,
  readBoxes,
  readBoxHeader,
  readFullBoxHead,
  readI32,
  readU64,
} from "./box_reader.ts";
import { NON_SYNC_SAMPLE_FLAG, TRUN_FLAG } from "./fragment_writer.ts";
import type { Mp4Movie, SampleDefaults } from "./movie_reader.ts";

/** Samples of one fragment, all tracks together. */
export const MAX_FRAGMENT_SAMPLES = 65_536;

/** Flags of a track fragment. Spec: ISO/IEC 14496-12 §8.8.7. */
const TFHD_FLAG = {
  baseDataOffset: 0x00_0001,
  sampleDescriptionIndex: 0x00_0002,
  defaultDuration: 0x00_0008,
  defaultSize: 0x00_0010,
  defaultFlags: 0x00_0020,
  baseIsMoof: 0x02_0000,
} as const;

/** A sample of a file: when and where. */
export interface FileSample {
  /** Number of its track in the file. */
  readonly trackNumber: number;
  /** Decoding time, in the track's ticks; the edit list is not applied. */
  readonly dtsTicks: number;
  /** Presentation time likewise. */
  readonly ptsTicks: number;
  readonly durationTicks: number;
  readonly isSync: boolean;
  /** Where it begins, from the start of the file. */
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** Samples that may still be told of; every fragment takes of it. */
export interface SampleBudget {
  leftSamples: number;
}

/** Where a fragment goes on with what it does not tell. */
export interface FragmentContext {
  /** Where `moof` begins, from the start of the file. */
  readonly moofOffsetBytes: number;
  readonly movie: Mp4Movie;
  /** Where each track has ended before, by its number: for fragments without base times. */
  readonly nextDecodeTicks: ReadonlyMap<number, number>;
  /** Starts with {@linkcode MAX_FRAGMENT_SAMPLES}. */
  readonly budget: SampleBudget;
}

/**
 * Parses the content of `moof`.
 *
 * Output: the samples in the order of the runs; empty ones, and tracks that the movie does not list, are left out.
 * Limits: the budget.
 * Spec: ISO/IEC 14496-12 §8.8.4 to §8.8.12.
 *
 * @throws {ParseError} if it is malformed, or has too many samples.
 */
export function parseFragment(
  moof: Uint8Array,
  context: FragmentContext,
): FileSample[] {
  const samples: FileSample[] = [];
  // Without a base of its own, a track's data follows that of the one before.
  const place: DataPlace = { nextBytes: context.moofOffsetBytes };
  for (const { type, body } of readBoxes(moof)) {
    if (type === "traf") parseTrackFragment(body, context, place, samples);
  }
  return samples;
}

interface DataPlace {
  nextBytes: number;
}

function parseTrackFragment(
  traf: Uint8Array,
  { moofOffsetBytes, movie, nextDecodeTicks, budget }: FragmentContext,
  place: DataPlace,
  samples: FileSample[],
): void {
  const boxes = readBoxes(traf);
  const reader = new ByteReader(
    needBox(boxes, "tfhd", "traf"),
    "MP4 box tfhd",
  );
  const { flags } = readFullBoxHead(reader);
  const trackNumber = reader.u32("track_ID");
  const track = movie.tracks.find(({ number }) => number === trackNumber);
  let baseBytes = place.nextBytes;
  if ((flags & TFHD_FLAG.baseDataOffset) !== 0) {
    baseBytes = readU64(reader, "base_data_offset");
  } else if ((flags & TFHD_FLAG.baseIsMoof) !== 0) baseBytes = moofOffsetBytes;
  if ((flags & TFHD_FLAG.sampleDescriptionIndex) !== 0) {
    reader.u32("sample_description_index");
  }
  const known = track?.defaults ?? { durationTicks: 0, sizeBytes: 0, flags: 0 };
  const defaults: SampleDefaults = {
    durationTicks: (flags & TFHD_FLAG.defaultDuration) === 0
      ? known.durationTicks
      : reader.u32("default_sample_duration"),
    sizeBytes: (flags & TFHD_FLAG.defaultSize) === 0
      ? known.sizeBytes
      : reader.u32("default_sample_size"),
    flags: (flags & TFHD_FLAG.defaultFlags) === 0
      ? known.flags
      : reader.u32("default_sample_flags"),
  };
  const run: RunState = {
    trackNumber,
    isListed: track !== undefined,
    defaults,
    baseBytes,
    dataBytes: baseBytes,
    decodeTicks: baseTime(boxes) ?? nextDecodeTicks.get(trackNumber) ?? 0,
  };
  for (const { type, body } of boxes) {
    if (type === "trun") parseRun(body, run, { samples, budget });
  }
  place.nextBytes = run.dataBytes;
}

/** `baseMediaDecodeTime`; undefined if there is none. Spec: ISO/IEC 14496-12 §8.8.12. */
function baseTime(boxes: readonly Box[]): number | undefined {
  const tfdt = findBox(boxes, "tfdt");
  if (tfdt === undefined) return undefined;
  const reader = new ByteReader(tfdt, "MP4 box tfdt");
  const { version } = readFullBoxHead(reader);
  const ticks = version === 1
    ? readU64(reader, "baseMediaDecodeTime")
    : reader.u32("baseMediaDecodeTime");
  if (ticks <= Number.MAX_SAFE_INTEGER / 2) return ticks;
  throw reader.error("must be at most 2^52", "baseMediaDecodeTime");
}

/** Where the runs of a track fragment have got to. */
interface RunState {
  readonly trackNumber: number;
  readonly isListed: boolean;
  readonly defaults: SampleDefaults;
  readonly baseBytes: number;
  dataBytes: number;
  decodeTicks: number;
}

/** Spec: ISO/IEC 14496-12 §8.8.8. */
function parseRun(
  trun: Uint8Array,
  state: RunState,
  { samples, budget }: {
    readonly samples: FileSample[];
    readonly budget: SampleBudget;
  },
): void {
  const reader = new ByteReader(trun, "MP4 box trun");
  const { flags } = readFullBoxHead(reader);
  const count = reader.u32("sample_count");
  budget.leftSamples -= count;
  if (budget.leftSamples < 0) {
    throw reader.error(
      `must be at most ${MAX_FRAGMENT_SAMPLES} in all`,
      "sample_count",
    );
  }
  if ((flags & TRUN_FLAG.dataOffset) !== 0) {
    state.dataBytes = state.baseBytes + readI32(reader, "data_offset");
  }
  const { defaults, trackNumber, isListed } = state;
  const firstFlags = (flags & TRUN_FLAG.firstSampleFlags) === 0
    ? defaults.flags
    : reader.u32("first_sample_flags");
  for (let i = 0; i < count; i++) {
    const durationTicks = (flags & TRUN_FLAG.sampleDuration) === 0
      ? defaults.durationTicks
      : reader.u32("sample_duration");
    const sizeBytes = (flags & TRUN_FLAG.sampleSize) === 0
      ? defaults.sizeBytes
      : reader.u32("sample_size");
    const sampleFlags = (flags & TRUN_FLAG.sampleFlags) === 0
      ? i === 0 ? firstFlags : defaults.flags
      : reader.u32("sample_flags");
    // Writers of version 0, which has no sign, mean negative ones, too.
    const offsetTicks = (flags & TRUN_FLAG.compositionOffset) === 0
      ? 0
      : readI32(reader, "sample_composition_time_offset");
    if (isListed && sizeBytes > 0) {
      samples.push({
        trackNumber,
        dtsTicks: state.decodeTicks,
        ptsTicks: state.decodeTicks + offsetTicks,
        durationTicks,
        isSync: (sampleFlags & NON_SYNC_SAMPLE_FLAG) === 0,
        offsetBytes: state.dataBytes,
        sizeBytes,
      });
    }
    state.dataBytes += sizeBytes;
    state.decodeTicks += durationTicks;
  }
}

/** A sample with what it holds. */
export interface SegmentSample extends FileSample {
  /** A view. */
  readonly bytes: Uint8Array;
}

/**
 * Takes a media segment apart: any number of fragments with their data.
 *
 * Input: owned. Output: samples with their bytes, in the order of the runs.
 * Limits: {@linkcode MAX_FRAGMENT_SAMPLES} in all.
 *
 * @throws {ParseError} if it is cut, a fragment is malformed, or points out of the segment.
 */
export function readMediaSegment(
  segment: Uint8Array,
  movie: Mp4Movie,
): SegmentSample[] {
  const nextDecodeTicks = new Map<number, number>();
  const budget = { leftSamples: MAX_FRAGMENT_SAMPLES };
  const found: SegmentSample[] = [];
  for (let at = 0; at < segment.length;) {
    const header = readBoxHeader(segment, at);
    const sizeBytes = header?.sizeBytes === Infinity
      ? segment.length - at
      : header?.sizeBytes;
    if (!header || !sizeBytes || at + sizeBytes > segment.length) {
      throw segmentError(`is cut, ${segment.length - at} bytes left`, at);
    }
    if (header.type === "moof") {
      const moof = segment.subarray(at + header.headerBytes, at + sizeBytes);
      const context = { moofOffsetBytes: at, movie, nextDecodeTicks, budget };
      for (const sample of parseFragment(moof, context)) {
        const { trackNumber, dtsTicks, durationTicks } = sample;
        nextDecodeTicks.set(trackNumber, dtsTicks + durationTicks);
        // A spread would cost more than all the rest.
        found.push(
          Object.assign(sample, { bytes: sampleBytes(segment, sample) }),
        );
      }
    }
    at += sizeBytes;
  }
  return found;
}

function sampleBytes(
  segment: Uint8Array,
  { offsetBytes, sizeBytes }: FileSample,
): Uint8Array {
  const endBytes = offsetBytes + sizeBytes;
  if (offsetBytes >= 0 && endBytes <= segment.length) {
    return segment.subarray(offsetBytes, endBytes);
  }
  throw segmentError(`points to ${offsetBytes}, ${sizeBytes} bytes`, 0);
}

function segmentError(reason: string, offsetBytes: number): ParseError {
  const format = "MP4 media segment";
  return new ParseError(reason, { format, field: "box", offsetBytes });
}
