import { writeU32 } from "#base/big_endian.ts";
import { assert } from "#base/errors.ts";
import { readBoxHeader } from "#formats/fmp4/box_reader.ts";
import { BOX_HEADER_BYTES } from "#formats/fmp4/box_writer.ts";
import { serializeInitSegment } from "#formats/fmp4/init_segment.ts";
import { MOVIE_DURATION_OFFSET_BYTES } from "#formats/fmp4/movie_writer.ts";
import { serializeRecordingBox } from "#formats/fmp4/recording_box.ts";
import type { FileOrigin, Fmp4Track } from "./fmp4_track.ts";
import type { SegmentPatch } from "./segmenter.ts";

const NS_PER_SECOND = 1_000_000_000n;

/** Where a file belongs. */
export interface SegmentIdentity {
  readonly origin: FileOrigin;
  /** UUID, 16 bytes. */
  readonly streamId: Uint8Array;
  readonly segmentNumber: bigint;
}

/** What comes before the first part of a file whose duration is not known yet. Input: tracks that are known. */
export function segmentHeader(
  tracks: readonly Fmp4Track[],
  { origin, streamId, segmentNumber }: SegmentIdentity,
): Uint8Array {
  const { dtsTicks, clockRateHz, wallMs } = origin;
  const header = serializeInitSegment(
    tracks.map(({ number, track, firstSample }) => ({
      trackNumber: number,
      codec: track.codec,
      clockRateHz: track.clockRateHz,
      firstSample,
    })),
    {
      userData: serializeRecordingBox({
        streamId,
        segmentNumber,
        dtsNs: BigInt(dtsTicks) * NS_PER_SECOND / BigInt(clockRateHz),
        wallClockNs: BigInt(Math.round(wallMs * 1_000)) * 1_000n,
      }),
    },
  );
  assert(header !== undefined, "a header has tracks that are known");
  return header;
}

/** Puts the duration into a file. Input: `head` is its beginning, up to the duration at least. */
export function durationPatch(
  head: Uint8Array,
  durationMs: number,
): SegmentPatch {
  const fileType = readBoxHeader(head);
  assert(fileType !== undefined, "a file begins with a box");
  const movieAt = fileType.sizeBytes + BOX_HEADER_BYTES;
  const bytes = new Uint8Array(4);
  writeU32(bytes, 0, Math.round(durationMs));
  return { offsetBytes: movieAt + MOVIE_DURATION_OFFSET_BYTES, bytes };
}
