import {
  ALL_FORMATS,
  EncodedPacketSink,
  FilePathSource,
  Input,
} from "mediabunny";
import { join } from "node:path";
import { findBox } from "#formats/fmp4/box_reader.ts";
import {
  parseRecordingBox,
  RECORDING_BOX_TYPE,
  type RecordingBox,
} from "#formats/fmp4/recording_box.ts";
import { openMp4File } from "#formats/mp4/mp4_file.ts";
import { openInputFile } from "#platform/input_file.ts";
import { type FrameHash, readFrames } from "./framemd5.ts";

/** A file of a recording. */
export interface RecordedFile {
  readonly path: string;
  /** Where it belongs; undefined if it is no MP4. */
  readonly box: RecordingBox | undefined;
  /** As its header has it; 0 if it was not closed. */
  readonly durationMs: number;
}

/** Names of what is in a folder, sorted. */
export async function namesIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.map(({ name }) => name).sort();
}

/** The files of one path, in the order of their names. */
export async function recordedFiles(folder: string): Promise<RecordedFile[]> {
  const names = await namesIn(folder);
  const files: RecordedFile[] = [];
  for (const name of names) {
    const path = join(folder, name);
    if (!name.endsWith(".mp4")) {
      files.push({ path, box: undefined, durationMs: 0 });
      continue;
    }
    using input = await openInputFile(path);
    const { movie } = await openMp4File(input);
    const body = findBox(movie.userData, RECORDING_BOX_TYPE);
    files.push({
      path,
      box: body && parseRecordingBox(body),
      durationMs: movie.durationTicks * 1_000 / movie.timescaleHz,
    });
  }
  return files;
}

/**
 * Frames of files that follow each other, as one: their times are those of the stream.
 *
 * `outputArgs` as of {@linkcode readFrames}.
 */
export async function recordedFrames(
  files: readonly RecordedFile[],
  outputArgs: (path: string) => readonly string[],
): Promise<FrameHash[]> {
  const frames: FrameHash[] = [];
  for (const { path, box } of files) {
    const startMs = Number(box?.dtsNs ?? 0n) / 1e6;
    const reading = await readFrames(path, { outputArgs: outputArgs(path) });
    for (const frame of reading.frames) {
      frames.push({
        ...frame,
        dtsMs: frame.dtsMs + startMs,
        ptsMs: frame.ptsMs + startMs,
      });
    }
  }
  return frames;
}

/** What mediabunny, which shares no code with us, finds in a file. */
export interface SeenFile {
  /** Kinds of the tracks, e.g. `"video"`. */
  readonly types: readonly string[];
  /** Samples of each of them. */
  readonly sampleCounts: readonly number[];
  readonly durationMs: number;
}

/** Opens a file with mediabunny. */
export async function seenByMediabunny(path: string): Promise<SeenFile> {
  using input = new Input({
    formats: ALL_FORMATS,
    source: new FilePathSource(path),
  });
  const tracks = await input.getTracks();
  const sampleCounts: number[] = [];
  for (const track of tracks) {
    let count = 0;
    for await (const _ of new EncodedPacketSink(track).packets()) count++;
    sampleCounts.push(count);
  }
  return {
    types: tracks.map(({ type }) => type),
    sampleCounts,
    durationMs: await input.computeDuration() * 1_000,
  };
}
