import { ByteReader } from "#base/byte_reader.ts";
import { ParseError } from "#base/errors.ts";
import { rescaleTicks } from "#base/time.ts";
import {
  type Box,
  findBox,
  fourCcAt,
  needBox,
  readBoxes,
  readFullBoxHead,
  readU64,
} from "./box_reader.ts";
import type { EditListEntry } from "./movie_writer.ts";
import { parseSampleEntry, type SampleEntry } from "./sample_entry.ts";

/** Tracks of one file. */
export const MAX_MOVIE_TRACKS = 64;

/** Edits of one track that are read; few have more than two. */
const MAX_EDITS = 64;

/** Far above any clock: products with times stay safe integers. */
const MAX_TIMESCALE_HZ = 1_000_000_000;

/** Types of handlers whose tracks are read. Spec: ISO/IEC 14496-12 §12. */
const HANDLERS: Readonly<Record<string, "video" | "audio">> = {
  vide: "video",
  soun: "audio",
};

/** Says that the duration is not known. */
const UNKNOWN_DURATION_32 = 0xffff_ffff;
const EMPTY_EDIT_64 = 2 ** 64;

/** What a fragment takes for granted where it says nothing. Spec: ISO/IEC 14496-12 §8.8.3. */
export interface SampleDefaults {
  readonly durationTicks: number;
  readonly sizeBytes: number;
  readonly flags: number;
}

/** A track that the header of a file describes. */
export interface Mp4MovieTrack {
  /** `track_ID`. */
  readonly number: number;
  /** Ticks a second, over 0. */
  readonly timescaleHz: number;
  /** Ticks; 0 if it is not known. */
  readonly durationTicks: number;
  /** The first sample entry; undefined if the track is neither of pictures nor of sound. */
  readonly entry: SampleEntry | undefined;
  /** What the edit list adds to the times of all samples, ticks. */
  readonly editOffsetTicks: number;
  readonly defaults: SampleDefaults;
  /** Boxes of the sample table. */
  readonly sampleTable: readonly Box[];
}

/** The header of a file. */
export interface Mp4Movie {
  /** Ticks a second of `durationTicks`. */
  readonly timescaleHz: number;
  /** 0 if it is not known. */
  readonly durationTicks: number;
  readonly tracks: readonly Mp4MovieTrack[];
  /** Samples are, or may be, in fragments. */
  readonly isFragmented: boolean;
  /** Boxes of `udta`. */
  readonly userData: readonly Box[];
}

const NO_DEFAULTS: SampleDefaults = {
  durationTicks: 0,
  sizeBytes: 0,
  flags: 0,
};

/**
 * Parses an init segment: everything before the first fragment.
 *
 * Output: views. Limits: as {@linkcode parseMovie}.
 *
 * @throws {ParseError} if it is malformed, or has no `moov`.
 */
export function parseInitSegment(bytes: Uint8Array): Mp4Movie {
  return parseMovie(needBox(readBoxes(bytes), "moov", "init segment"));
}

/**
 * Parses the content of `moov`.
 *
 * Output: views. Limits: {@linkcode MAX_MOVIE_TRACKS}.
 * Spec: ISO/IEC 14496-12 §8.2, §8.3, §8.8.
 * Deviates: of several sample entries the first counts.
 *
 * @throws {ParseError} if it is malformed.
 */
export function parseMovie(moov: Uint8Array): Mp4Movie {
  const boxes = readBoxes(moov);
  const header = parseTimes(needBox(boxes, "mvhd", "moov"), "mvhd");
  const mvex = findBox(boxes, "mvex");
  const defaults = mvex === undefined
    ? new Map<number, SampleDefaults>()
    : parseDefaults(mvex);
  const tracks: Mp4MovieTrack[] = [];
  for (const { type, body } of boxes) {
    if (type !== "trak") continue;
    if (tracks.length === MAX_MOVIE_TRACKS) {
      throw movieError(`must be at most ${MAX_MOVIE_TRACKS}`, "trak");
    }
    tracks.push(parseTrack(body, header.timescaleHz, defaults));
  }
  const udta = findBox(boxes, "udta");
  return {
    ...header,
    tracks,
    isFragmented: mvex !== undefined,
    userData: udta === undefined ? [] : readBoxes(udta),
  };
}

function movieError(reason: string, field: string): ParseError {
  return new ParseError(reason, { format: "MP4 movie", field, offsetBytes: 0 });
}

/** Time scale and duration of `mvhd` or `mdhd`. */
function parseTimes(
  body: Uint8Array,
  type: string,
): { readonly timescaleHz: number; readonly durationTicks: number } {
  const reader = new ByteReader(body, `MP4 box ${type}`);
  const { version } = readFullBoxHead(reader);
  reader.take(version === 1 ? 16 : 8, "creation_time");
  const timescaleHz = reader.u32("timescale");
  if (timescaleHz === 0 || timescaleHz > MAX_TIMESCALE_HZ) {
    throw reader.error(
      `must be 1 to ${MAX_TIMESCALE_HZ}, found ${timescaleHz}`,
      "timescale",
    );
  }
  const durationTicks = version === 1
    ? readU64(reader, "duration")
    : reader.u32("duration");
  const isKnown = durationTicks !== UNKNOWN_DURATION_32 &&
    durationTicks <= Number.MAX_SAFE_INTEGER;
  return { timescaleHz, durationTicks: isKnown ? durationTicks : 0 };
}

function parseDefaults(mvex: Uint8Array): Map<number, SampleDefaults> {
  const defaults = new Map<number, SampleDefaults>();
  for (const { type, body } of readBoxes(mvex)) {
    if (type !== "trex") continue;
    const reader = new ByteReader(body, "MP4 box trex");
    readFullBoxHead(reader);
    const number = reader.u32("track_ID");
    reader.u32("default_sample_description_index");
    defaults.set(number, {
      durationTicks: reader.u32("default_sample_duration"),
      sizeBytes: reader.u32("default_sample_size"),
      flags: reader.u32("default_sample_flags"),
    });
  }
  return defaults;
}

function parseTrack(
  trak: Uint8Array,
  movieTimescaleHz: number,
  defaults: ReadonlyMap<number, SampleDefaults>,
): Mp4MovieTrack {
  const boxes = readBoxes(trak);
  const number = parseTrackNumber(needBox(boxes, "tkhd", "trak"));
  const media = readBoxes(needBox(boxes, "mdia", "trak"));
  const times = parseTimes(needBox(media, "mdhd", "mdia"), "mdhd");
  const kind = parseHandler(needBox(media, "hdlr", "mdia"));
  const minf = readBoxes(needBox(media, "minf", "mdia"));
  const sampleTable = readBoxes(needBox(minf, "stbl", "minf"));
  const edts = findBox(boxes, "edts");
  const elst = edts && findBox(readBoxes(edts), "elst");
  return {
    number,
    ...times,
    entry: kind &&
      parseFirstEntry(needBox(sampleTable, "stsd", "stbl"), kind),
    editOffsetTicks: elst === undefined
      ? 0
      : editOffset(parseEdits(elst), movieTimescaleHz, times.timescaleHz),
    defaults: defaults.get(number) ?? NO_DEFAULTS,
    sampleTable,
  };
}

function parseTrackNumber(tkhd: Uint8Array): number {
  const reader = new ByteReader(tkhd, "MP4 box tkhd");
  const { version } = readFullBoxHead(reader);
  reader.take(version === 1 ? 16 : 8, "creation_time");
  return reader.u32("track_ID");
}

function parseHandler(hdlr: Uint8Array): "video" | "audio" | undefined {
  const reader = new ByteReader(hdlr, "MP4 box hdlr");
  readFullBoxHead(reader);
  reader.u32("pre_defined");
  return HANDLERS[fourCcAt(reader.take(4, "handler_type"), 0)];
}

function parseFirstEntry(
  stsd: Uint8Array,
  kind: "video" | "audio",
): SampleEntry | undefined {
  const reader = new ByteReader(stsd, "MP4 box stsd");
  readFullBoxHead(reader);
  reader.u32("entry_count");
  const [first] = readBoxes(reader.takeRest("entries"));
  return first && parseSampleEntry(first, kind);
}

/** Spec: ISO/IEC 14496-12 §8.6.6. */
function parseEdits(elst: Uint8Array): EditListEntry[] {
  const reader = new ByteReader(elst, "MP4 box elst");
  const { version } = readFullBoxHead(reader);
  const count = Math.min(reader.u32("entry_count"), MAX_EDITS);
  const edits: EditListEntry[] = [];
  for (let i = 0; i < count; i++) {
    const field = `entries[${i}]`;
    const durationTicks = version === 1
      ? readU64(reader, `${field}.segment_duration`)
      : reader.u32(`${field}.segment_duration`);
    let mediaTicks = version === 1
      ? readU64(reader, `${field}.media_time`)
      : reader.u32(`${field}.media_time`) | 0;
    if (mediaTicks >= EMPTY_EDIT_64 / 2) mediaTicks = -1;
    reader.u32(`${field}.media_rate`);
    edits.push({ durationTicks, mediaTicks });
  }
  return edits;
}

/** What empty edits in front add, and what the first one with media cuts off; later ones are left out. */
function editOffset(
  edits: readonly EditListEntry[],
  movieTimescaleHz: number,
  timescaleHz: number,
): number {
  let emptyTicks = 0;
  for (const { durationTicks, mediaTicks } of edits) {
    if (mediaTicks >= 0) {
      const delayTicks = rescaleTicks(
        emptyTicks,
        movieTimescaleHz,
        timescaleHz,
      );
      const offsetTicks = delayTicks - mediaTicks;
      return Number.isSafeInteger(offsetTicks) ? offsetTicks : 0;
    }
    emptyTicks += durationTicks;
  }
  return 0;
}
