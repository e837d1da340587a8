import { readU32 } from "#base/big_endian.ts";
import { findBox, readBoxHeader } from "#formats/fmp4/box_reader.ts";
import { BOX_HEADER_BYTES } from "#formats/fmp4/box_writer.ts";
import {
  MAX_FRAGMENT_SAMPLES,
  parseFragment,
} from "#formats/fmp4/fragment_reader.ts";
import { type Mp4Movie, parseMovie } from "#formats/fmp4/movie_reader.ts";
import { RECORDING_BOX_TYPE } from "#formats/fmp4/recording_box.ts";
import { InputWindow } from "#formats/mp4/random_access_input.ts";
import { TS_PACKET_BYTES, TS_SYNC_BYTE } from "#formats/mpegts/ts_packet.ts";
import { isBeingWritten, openOutputFile } from "#platform/disk.ts";
import { removeFile } from "#platform/files.ts";
import { type InputFile, openInputFile } from "#platform/input_file.ts";
import { durationPatch } from "./fmp4_header.ts";

/** What is read to find the duration, and the next box. */
const HEAD_BYTES = 256;

/** A header of a recording or of a part of it is far below. */
const MAX_BOX_BYTES = 16 * 1_024 * 1_024;

/** What was done to a file: `removed` if there was nothing whole in it. */
export type RepairOutcome =
  | { readonly kind: "sound" | "removed" }
  | { readonly kind: "cut"; readonly bytes: number };

const SOUND: RepairOutcome = { kind: "sound" };
const REMOVED: RepairOutcome = { kind: "removed" };

/** Parts at the end that are asked for the duration: not every one has samples of every track. */
const TIMED_PARTS = 4;

/** Where a box is. */
interface BoxPlace {
  readonly at: number;
  readonly bytes: number;
}

/** Parts of a file that are whole. */
interface WholeParts {
  readonly endBytes: number;
  readonly durationMs: number;
}

/**
 * Cuts a file that was not closed behind its last whole part; files of other programs are left alone, and those
 * that another server writes at the moment.
 *
 * Output: `cut` says how many bytes were lost, none if only the duration was missing.
 *
 * @throws {PlatformError} if it cannot be read or written.
 * @throws {ParseError} if it is malformed.
 */
export async function repairSegment(file: string): Promise<RepairOutcome> {
  if (await isBeingWritten(file)) return SOUND;
  using input = await openInputFile(file);
  if (input.sizeBytes === 0) return await remove(file);
  return file.endsWith(".ts")
    ? await repairMpegts(file, input)
    : await repairFmp4(file, input);
}

async function repairMpegts(
  file: string,
  input: InputFile,
): Promise<RepairOutcome> {
  const restBytes = input.sizeBytes % TS_PACKET_BYTES;
  if (restBytes === 0) return SOUND;
  const [first] = await input.readAt(0, 1);
  if (first !== TS_SYNC_BYTE) return SOUND;
  const wholeBytes = input.sizeBytes - restBytes;
  if (wholeBytes === 0) return await remove(file);
  const output = await openOutputFile(file);
  try {
    await output.truncate(wholeBytes);
  } finally {
    await output.close();
  }
  return { kind: "cut", bytes: restBytes };
}

async function repairFmp4(
  file: string,
  input: InputFile,
): Promise<RepairOutcome> {
  const { sizeBytes } = input;
  const head = await input.readAt(0, Math.min(HEAD_BYTES, sizeBytes));
  const fileType = readBoxHeader(head);
  if (fileType === undefined) return await remove(file);
  if (fileType.type !== "ftyp") return SOUND;
  const movieAt = fileType.sizeBytes;
  const movieHeader = readBoxHeader(head, movieAt);
  if (movieHeader !== undefined && movieHeader.type !== "moov") return SOUND;
  const movieEnd = movieAt + (movieHeader?.sizeBytes ?? Infinity);
  if (movieEnd > sizeBytes) return await remove(file);
  const patch = durationPatch(head, 0);
  if (head.length < patch.offsetBytes + 4) return SOUND;
  if (readU32(head, patch.offsetBytes) !== 0) return SOUND;
  const window = new InputWindow(input, HEAD_BYTES);
  if (movieEnd - movieAt > MAX_BOX_BYTES) return SOUND;
  const movie = parseMovie(
    await window.read(
      movieAt + BOX_HEADER_BYTES,
      movieEnd - movieAt - BOX_HEADER_BYTES,
    ),
  );
  const isRecording = movie.isFragmented &&
    findBox(movie.userData, RECORDING_BOX_TYPE) !== undefined;
  if (!isRecording) return SOUND;
  const whole = await wholeParts(window, { movie, movieEnd, sizeBytes });
  if (whole === undefined) return await remove(file);
  const { offsetBytes, bytes } = durationPatch(head, whole.durationMs);
  const output = await openOutputFile(file);
  try {
    await output.truncate(whole.endBytes);
    await output.replace(offsetBytes, bytes);
  } finally {
    await output.close();
  }
  return { kind: "cut", bytes: sizeBytes - whole.endBytes };
}

/** Everything up to the last part that is there to its end; undefined if there is none. */
async function wholeParts(
  window: InputWindow,
  { movie, movieEnd, sizeBytes }: {
    readonly movie: Mp4Movie;
    readonly movieEnd: number;
    readonly sizeBytes: number;
  },
): Promise<WholeParts | undefined> {
  let moof: BoxPlace | undefined;
  const last: BoxPlace[] = [];
  let endBytes = movieEnd;
  for (let at = movieEnd; at < sizeBytes;) {
    const header = readBoxHeader(await window.read(at, BOX_HEADER_BYTES * 2));
    if (header === undefined || at + header.sizeBytes > sizeBytes) break;
    if (header.type === "moof") moof = { at, bytes: header.sizeBytes };
    else if (header.type === "mdat" && moof !== undefined) {
      last.push(moof);
      if (last.length > TIMED_PARTS) last.shift();
      moof = undefined;
      endBytes = at + header.sizeBytes;
    }
    at += header.sizeBytes;
  }
  if (last.length === 0) return undefined;
  let durationMs = 0;
  for (const place of last) {
    const endMs = await endOfPartMs(window, place, movie);
    durationMs = Math.max(durationMs, endMs);
  }
  return { endBytes, durationMs };
}

/** When the last sample of a part has ended. */
async function endOfPartMs(
  window: InputWindow,
  { at, bytes }: BoxPlace,
  movie: Mp4Movie,
): Promise<number> {
  if (bytes > MAX_BOX_BYTES) return 0;
  const body = await window.read(
    at + BOX_HEADER_BYTES,
    bytes - BOX_HEADER_BYTES,
  );
  const samples = parseFragment(body, {
    moofOffsetBytes: at,
    movie,
    nextDecodeTicks: new Map(),
    budget: { leftSamples: MAX_FRAGMENT_SAMPLES },
  });
  let endMs = 0;
  for (const { trackNumber, dtsTicks, durationTicks } of samples) {
    const track = movie.tracks.find(({ number }) => number === trackNumber);
    const endTicks = dtsTicks + durationTicks;
    endMs = Math.max(endMs, endTicks * 1_000 / track!.timescaleHz);
  }
  return endMs;
}

async function remove(file: string): Promise<RepairOutcome> {
  await removeFile(file);
  return REMOVED;
}
