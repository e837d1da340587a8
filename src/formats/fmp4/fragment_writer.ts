import { writeU16, writeU32 } from "#base/big_endian.ts";
import { assert } from "#base/errors.ts";
import { BOX_HEADER_BYTES } from "./box_writer.ts";
import type { TimedSample } from "./sample_timer.ts";

/** `default-base-is-moof`. Spec: ISO/IEC 14496-12 §8.8.7. */
const TFHD_FLAGS = 0x02_0000;
/** Flags of a track run. Spec: ISO/IEC 14496-12 §8.8.8. */
export const TRUN_FLAG = {
  dataOffset: 0x001,
  firstSampleFlags: 0x004,
  sampleDuration: 0x100,
  sampleSize: 0x200,
  sampleFlags: 0x400,
  compositionOffset: 0x800,
} as const;
/** `sample_is_non_sync_sample`. Spec: ISO/IEC 14496-12 §8.8.3.1. */
export const NON_SYNC_SAMPLE_FLAG = 0x0001_0000;

/** Base times of 64 bits in `tfdt`, signed offsets in `trun`. */
const VERSION_1 = 1 << 24;

const FULL_BOX_BYTES = BOX_HEADER_BYTES + 4;
const MFHD_BYTES = FULL_BOX_BYTES + 4;
const TFHD_BYTES = FULL_BOX_BYTES + 4;
const TFDT_BYTES = FULL_BOX_BYTES + 8;
/** Count and data offset behind the head. */
const TRUN_FIXED_BYTES = FULL_BOX_BYTES + 4 + 4;
const FIELD_BYTES = 4;

/** The size of a box has 32 bits here. */
const MAX_FRAGMENT_BYTES = 2 ** 32 - 1;

/** Samples of one track that follow each other. */
export interface FragmentRun {
  /** Number of the track in the file, from 1. */
  readonly trackNumber: number;
  /** At least one. */
  readonly samples: readonly TimedSample[];
}

/**
 * Serialises a movie fragment: `moof`, and `mdat` with the samples, the runs one after the other.
 *
 * The first sample's `decodeTicks` are the base time of its run; the others follow by their durations.
 *
 * Input: at least one run, none empty. Output: owned, allocated once.
 * Spec: ISO/IEC 14496-12 §8.8.4 to §8.8.12.
 */
export function serializeFragment(
  sequenceNumber: number,
  runs: readonly FragmentRun[],
): Uint8Array<ArrayBuffer> {
  const layouts = runs.map(layoutOf);
  let moofBytes = BOX_HEADER_BYTES + MFHD_BYTES;
  let dataBytes = 0;
  for (const layout of layouts) {
    moofBytes += layout.trafBytes;
    dataBytes += layout.dataBytes;
  }
  const totalBytes = moofBytes + BOX_HEADER_BYTES + dataBytes;
  assert(totalBytes <= MAX_FRAGMENT_BYTES, "a fragment is below 4 GiB");
  const bytes = new Uint8Array(totalBytes);
  let at = head(bytes, 0, moofBytes, "moof");
  at = fullHead(bytes, at, MFHD_BYTES, "mfhd", 0);
  writeU32(bytes, at, sequenceNumber);
  at += FIELD_BYTES;
  let dataAt = moofBytes + BOX_HEADER_BYTES;
  for (const layout of layouts) {
    at = writeTraf(bytes, at, layout, dataAt);
    dataAt += layout.dataBytes;
  }
  at = head(bytes, at, BOX_HEADER_BYTES + dataBytes, "mdat");
  for (const { samples } of runs) {
    for (let i = 0; i < samples.length; i++) {
      const sample = samples[i]!.sample.bytes;
      bytes.set(sample, at);
      at += sample.length;
    }
  }
  assert(at === totalBytes, "a fragment is filled");
  return bytes;
}

/** How the boxes of one run look. */
interface RunLayout {
  readonly run: FragmentRun;
  readonly trunFlags: number;
  readonly trunBytes: number;
  readonly trafBytes: number;
  readonly dataBytes: number;
}

function layoutOf(run: FragmentRun): RunLayout {
  const { samples } = run;
  let dataBytes = 0;
  let hasNonSync = false;
  let hasOffset = false;
  for (let i = 0; i < samples.length; i++) {
    const { sample, compositionOffsetTicks } = samples[i]!;
    dataBytes += sample.bytes.length;
    hasNonSync ||= !sample.isSync;
    hasOffset ||= compositionOffsetTicks !== 0;
  }
  const fieldCount = 2 + Number(hasNonSync) + Number(hasOffset);
  const trunBytes = TRUN_FIXED_BYTES +
    samples.length * fieldCount * FIELD_BYTES;
  return {
    run,
    trunFlags: TRUN_FLAG.dataOffset | TRUN_FLAG.sampleDuration |
      TRUN_FLAG.sampleSize | (hasNonSync ? TRUN_FLAG.sampleFlags : 0) |
      (hasOffset ? TRUN_FLAG.compositionOffset : 0),
    trunBytes,
    trafBytes: BOX_HEADER_BYTES + TFHD_BYTES + TFDT_BYTES + trunBytes,
    dataBytes,
  };
}

function writeTraf(
  bytes: Uint8Array,
  fromBytes: number,
  layout: RunLayout,
  dataAt: number,
): number {
  const { run: { trackNumber, samples }, trunFlags } = layout;
  const first = samples[0];
  assert(first && first.decodeTicks >= 0, "a run begins at 0 or later");
  let at = head(bytes, fromBytes, layout.trafBytes, "traf");
  at = fullHead(bytes, at, TFHD_BYTES, "tfhd", TFHD_FLAGS);
  writeU32(bytes, at, trackNumber);
  at = fullHead(bytes, at + FIELD_BYTES, TFDT_BYTES, "tfdt", VERSION_1);
  writeU32(bytes, at, Math.floor(first.decodeTicks / 2 ** 32));
  writeU32(bytes, at + FIELD_BYTES, first.decodeTicks);
  at += 2 * FIELD_BYTES;
  at = fullHead(bytes, at, layout.trunBytes, "trun", VERSION_1 | trunFlags);
  writeU32(bytes, at, samples.length);
  writeU32(bytes, at + FIELD_BYTES, dataAt);
  at += 2 * FIELD_BYTES;
  const hasFlags = (trunFlags & TRUN_FLAG.sampleFlags) !== 0;
  const hasOffset = (trunFlags & TRUN_FLAG.compositionOffset) !== 0;
  for (let i = 0; i < samples.length; i++) {
    const { sample, durationTicks, compositionOffsetTicks } = samples[i]!;
    writeU32(bytes, at, durationTicks);
    writeU32(bytes, at + FIELD_BYTES, sample.bytes.length);
    at += 2 * FIELD_BYTES;
    if (hasFlags) {
      writeU32(bytes, at, sample.isSync ? 0 : NON_SYNC_SAMPLE_FLAG);
      at += FIELD_BYTES;
    }
    if (hasOffset) {
      writeU32(bytes, at, compositionOffsetTicks);
      at += FIELD_BYTES;
    }
  }
  return at;
}

/** Size and type; answers where the content begins. */
function head(
  bytes: Uint8Array,
  at: number,
  sizeBytes: number,
  type: string,
): number {
  writeU32(bytes, at, sizeBytes);
  writeU16(bytes, at + 4, type.charCodeAt(0) << 8 | type.charCodeAt(1));
  writeU16(bytes, at + 6, type.charCodeAt(2) << 8 | type.charCodeAt(3));
  return at + BOX_HEADER_BYTES;
}

function fullHead(
  bytes: Uint8Array,
  at: number,
  sizeBytes: number,
  type: string,
  versionAndFlags: number,
): number {
  writeU32(bytes, head(bytes, at, sizeBytes, type), versionAndFlags);
  return at + FULL_BOX_BYTES;
}
