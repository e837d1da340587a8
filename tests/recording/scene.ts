import { findBox } from "#formats/fmp4/box_reader.ts";
import {
  parseRecordingBox,
  RECORDING_BOX_TYPE,
  type RecordingBox,
} from "#formats/fmp4/recording_box.ts";
import { openMp4File } from "#formats/mp4/mp4_file.ts";
import type { SegmentOutput, SegmentPatch } from "#recording/segmenter.ts";
import { BytesInput } from "../formats/mp4/bytes_input.ts";

/** A file as a segmenter has made it. */
export interface MadeSegment {
  readonly startWallMs: number;
  readonly parts: Uint8Array[];
  durationMs: number | undefined;
  patch: SegmentPatch | undefined;
}

/** Keeps what a segmenter makes. */
export class CollectingOutput implements SegmentOutput {
  readonly segments: MadeSegment[] = [];

  begin(startWallMs: number): void {
    this.segments.push({
      startWallMs,
      parts: [],
      durationMs: undefined,
      patch: undefined,
    });
  }

  write(bytes: Uint8Array): void {
    this.segments.at(-1)!.parts.push(bytes);
  }

  end(durationMs: number, patch?: SegmentPatch): void {
    Object.assign(this.segments.at(-1)!, { durationMs, patch });
  }
}

/** A sample of a file: track, times in milliseconds of the file, whether a decoder may start there. */
export type SampleLine = readonly [
  track: number,
  dtsMs: number,
  ptsMs: number,
  isSync: boolean,
];

/** What a file of fragmented MP4 has. */
export interface ReadSegment {
  readonly box: RecordingBox;
  readonly durationMs: number;
  readonly trackCount: number;
  readonly samples: readonly SampleLine[];
}

/** Reads a segment as it would be on the disk. */
export async function readFmp4(segment: MadeSegment): Promise<ReadSegment> {
  const bytes = bytesOf(segment);
  const file = await openMp4File(new BytesInput(bytes));
  const { movie } = file;
  const samples: SampleLine[] = [];
  const trackNumbers = movie.tracks.map(({ number }) => number);
  for await (const one of file.samples({ trackNumbers })) {
    const { timescaleHz } = movie.tracks.find(({ number }) =>
      number === one.trackNumber
    )!;
    const ms = (ticks: number) => Math.round(ticks * 1_000 / timescaleHz);
    samples.push([
      one.trackNumber,
      ms(one.dtsTicks),
      ms(one.ptsTicks),
      one.isSync,
    ]);
  }
  return {
    box: parseRecordingBox(findBox(movie.userData, RECORDING_BOX_TYPE)!),
    durationMs: movie.durationTicks,
    trackCount: movie.tracks.length,
    samples,
  };
}

/** Bytes of a file. */
export function bytesOf({ parts, patch }: MadeSegment): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  if (patch) bytes.set(patch.bytes, patch.offsetBytes);
  return bytes;
}
