import { ByteWriter } from "#base/byte_writer.ts";
import type { CodecParameters } from "#codecs/codec.ts";
import { writeFullBox } from "./box_writer.ts";
import { writeFileType, writeMovie } from "./movie_writer.ts";
import { mp4CodecOf } from "./mp4_codecs.ts";
import type { SampleEntry } from "./sample_entry.ts";

const MAJOR_BRAND = "mp42";
const COMPATIBLE_BRANDS = ["mp41", "mp42", "isom", "hlsf"];

const NOTHING = new Uint8Array();

/** A track of a fragmented file. */
export interface InitTrack {
  /** From 1. */
  readonly trackNumber: number;
  readonly codec: CodecParameters;
  readonly clockRateHz: number;
  /** First sample of the track, which tells what the parameters of some codecs do not. */
  readonly firstSample?: Uint8Array | undefined;
}

/** What the header of a fragmented file may say beside its tracks. */
export interface InitOptions {
  /** Milliseconds; 0 if left out: not known. */
  readonly durationMs?: number;
  /** Boxes for the end of the movie box, serialised, such as `udta`. */
  readonly userData?: Uint8Array;
}

/**
 * What a header says of a track; undefined while its parameters do not tell all of it.
 *
 * @throws {ParseError} if the parameters or the sample hold nonsense from a peer.
 */
export function initEntry(
  { codec, firstSample }: Pick<InitTrack, "codec" | "firstSample">,
): SampleEntry | undefined {
  return mp4CodecOf(codec)?.sampleEntry(codec, firstSample);
}

/**
 * Serialises what comes before the first fragment: `ftyp` and `moov`.
 *
 * Output: owned; undefined while the parameters of a track do not tell all that a header says.
 * Spec: ISO/IEC 14496-12 §8.8.
 *
 * @throws {ParseError} if parameters or a sample hold nonsense from a peer.
 */
export function serializeInitSegment(
  tracks: readonly InitTrack[],
  { durationMs = 0, userData = NOTHING }: InitOptions = {},
): Uint8Array<ArrayBuffer> | undefined {
  const movieTracks = [];
  for (const track of tracks) {
    const entry = initEntry(track);
    if (entry === undefined) return undefined;
    const { trackNumber, clockRateHz } = track;
    movieTracks.push({
      trackNumber,
      clockRateHz,
      entry,
      durationTicks: 0,
      edits: [],
      writeSampleTables: writeEmptyTables,
    });
  }
  const writer = new ByteWriter();
  writeFileType(writer, MAJOR_BRAND, COMPATIBLE_BRANDS);
  writeMovie(writer, {
    durationTicks: durationMs,
    tracks: movieTracks,
    isFragmented: true,
    userData,
  });
  return writer.finish();
}

/** A file with fragments has the tables of one without, empty. */
function writeEmptyTables(writer: ByteWriter): void {
  writeFullBox(writer, "stts", {}, () => writer.u32(0));
  writeFullBox(writer, "stsc", {}, () => writer.u32(0));
  writeFullBox(writer, "stsz", {}, () => writer.u32(0).u32(0));
  writeFullBox(writer, "stco", {}, () => writer.u32(0));
}
