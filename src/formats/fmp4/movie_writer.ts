import type { ByteWriter } from "#base/byte_writer.ts";
import { rescaleTicks } from "#base/time.ts";
import { AUDIO_BIT_RATE_BPS, VIDEO_BIT_RATE_BPS } from "./bit_rates.ts";
import {
  BOX_HEADER_BYTES,
  writeBox,
  writeFourCc,
  writeFullBox,
  writeU64,
  writeZeros,
} from "./box_writer.ts";
import { type SampleEntry, writeSampleEntry } from "./sample_entry.ts";

/** Ticks a second of a movie that is written: milliseconds. */
export const MOVIE_TIMESCALE_HZ = 1_000;

/** Where the duration stands in a movie header of version 0, from the start of its box. */
export const MOVIE_DURATION_OFFSET_BYTES = BOX_HEADER_BYTES + 4 + 4 + 4 + 4;

/** Enabled, in movie, in preview. Spec: ISO/IEC 14496-12 §8.3.2. */
const TRACK_FLAGS = 0b011;
/** Media stands in the same file. Spec: ISO/IEC 14496-12 §8.7.2. */
const SELF_CONTAINED_FLAG = 1;
/** "und" in three times five bits. Spec: ISO/IEC 14496-12 §8.4.2. */
const UNDETERMINED_LANGUAGE = 0x55c4;
const RATE_1 = 0x0001_0000;
const VOLUME_1 = 0x0100;
const UNITY_MATRIX = [RATE_1, 0, 0, 0, RATE_1, 0, 0, 0, 0x4000_0000];
/** A reader has to look for the next free number. */
const NEXT_TRACK_UNKNOWN = 0xffff_ffff;

/** A part of a track that is shown. Spec: ISO/IEC 14496-12 §8.6.6. */
export interface EditListEntry {
  /** Ticks of the movie; 0 stands for all that comes where the file has fragments. */
  readonly durationTicks: number;
  /** Ticks of the track; -1 if nothing is shown. */
  readonly mediaTicks: number;
}

/** A track as the header of a file describes it. */
export interface MovieTrack {
  /** From 1. */
  readonly trackNumber: number;
  readonly clockRateHz: number;
  readonly entry: SampleEntry;
  /** Ticks of the track; 0 where the samples are in fragments. */
  readonly durationTicks: number;
  readonly edits: readonly EditListEntry[];
  /** Appends `stts` and what follows it. */
  writeSampleTables(writer: ByteWriter): void;
}

/** What the header of a file says. */
export interface MovieHead {
  /** Ticks of {@linkcode MOVIE_TIMESCALE_HZ}; 0 if it is not known. */
  readonly durationTicks: number;
  readonly tracks: readonly MovieTrack[];
  /** The samples are in fragments. */
  readonly isFragmented: boolean;
  /** Boxes for the end of the movie box, serialised. */
  readonly userData: Uint8Array;
}

/** Appends `ftyp`. Spec: ISO/IEC 14496-12 §4.3. */
export function writeFileType(
  writer: ByteWriter,
  majorBrand: string,
  compatibleBrands: readonly string[],
): void {
  writeBox(writer, "ftyp", () => {
    writeFourCc(writer, majorBrand);
    writer.u32(1);
    for (const brand of compatibleBrands) writeFourCc(writer, brand);
  });
}

/** Appends `moov`. Spec: ISO/IEC 14496-12 §8.2. */
export function writeMovie(writer: ByteWriter, head: MovieHead): void {
  writeBox(writer, "moov", () => {
    writeMovieHeader(writer, head.durationTicks);
    for (const track of head.tracks) writeTrack(writer, track);
    if (head.isFragmented) {
      writeBox(writer, "mvex", () => {
        for (const { trackNumber } of head.tracks) {
          writeFullBox(writer, "trex", {}, () => {
            writer.u32(trackNumber).u32(1).u32(0).u32(0).u32(0);
          });
        }
      });
    }
    writer.bytes(head.userData);
  });
}

function writeMovieHeader(writer: ByteWriter, durationTicks: number): void {
  writeFullBox(writer, "mvhd", {}, () => {
    writer.u32(0).u32(0).u32(MOVIE_TIMESCALE_HZ).u32(durationTicks)
      .u32(RATE_1).u16(VOLUME_1);
    writeZeros(writer, 10);
    for (const value of UNITY_MATRIX) writer.u32(value);
    writeZeros(writer, 24);
    writer.u32(NEXT_TRACK_UNKNOWN);
  });
}

function writeTrack(writer: ByteWriter, track: MovieTrack): void {
  const { trackNumber, clockRateHz, entry, edits } = track;
  const isVideo = entry.kind === "video";
  writeBox(writer, "trak", () => {
    writeFullBox(writer, "tkhd", { flags: TRACK_FLAGS }, () => {
      const durationTicks = edits.length > 0
        ? edits.reduce((sum, edit) => sum + edit.durationTicks, 0)
        : rescaleTicks(track.durationTicks, clockRateHz, MOVIE_TIMESCALE_HZ);
      writer.u32(0).u32(0).u32(trackNumber).u32(0).u32(durationTicks);
      writeZeros(writer, 8);
      // Sound of several tracks is an alternative to the others.
      writer.u16(0).u16(isVideo ? 0 : 1).u16(isVideo ? 0 : VOLUME_1).u16(0);
      for (const value of UNITY_MATRIX) writer.u32(value);
      writer.u16(entry.width).u16(0).u16(entry.height).u16(0);
    });
    if (edits.length > 0) writeEdits(writer, edits);
    writeBox(writer, "mdia", () => writeMedia(writer, track));
  });
}

function writeEdits(
  writer: ByteWriter,
  edits: readonly EditListEntry[],
): void {
  writeBox(writer, "edts", () => {
    writeFullBox(writer, "elst", { version: 1 }, () => {
      writer.u32(edits.length);
      for (const { durationTicks, mediaTicks } of edits) {
        writeU64(writer, durationTicks);
        if (mediaTicks < 0) writer.u32(0xffff_ffff).u32(0xffff_ffff);
        else writeU64(writer, mediaTicks);
        writer.u32(RATE_1);
      }
    });
  });
}

function writeMedia(writer: ByteWriter, track: MovieTrack): void {
  const { clockRateHz, durationTicks, entry } = track;
  const isVideo = entry.kind === "video";
  writeFullBox(writer, "mdhd", { version: 1 }, () => {
    writeZeros(writer, 16);
    writer.u32(clockRateHz);
    writeU64(writer, durationTicks);
    writer.u16(UNDETERMINED_LANGUAGE).u16(0);
  });
  writeFullBox(writer, "hdlr", {}, () => {
    writer.u32(0);
    writeFourCc(writer, isVideo ? "vide" : "soun");
    writeZeros(writer, 12);
    const name = isVideo ? "VideoHandler" : "SoundHandler";
    writer.bytes(new TextEncoder().encode(`${name}\0`));
  });
  writeBox(writer, "minf", () => {
    if (isVideo) {
      writeFullBox(writer, "vmhd", { flags: 1 }, () => writeZeros(writer, 8));
    } else writeFullBox(writer, "smhd", {}, () => writeZeros(writer, 4));
    writeBox(writer, "dinf", () => {
      writeFullBox(writer, "dref", {}, () => {
        writer.u32(1);
        writeFullBox(
          writer,
          "url ",
          { flags: SELF_CONTAINED_FLAG },
          () => {},
        );
      });
    });
    writeBox(writer, "stbl", () => {
      writeFullBox(writer, "stsd", {}, () => {
        writer.u32(1);
        writeSampleEntry(writer, withBitRate(entry));
      });
      track.writeSampleTables(writer);
    });
  });
}

/** Adds `btrt`. Spec: ISO/IEC 14496-12 §8.5.2. */
function withBitRate(entry: SampleEntry): SampleEntry {
  const bps = entry.kind === "video" ? VIDEO_BIT_RATE_BPS : AUDIO_BIT_RATE_BPS;
  const body = new Uint8Array(12);
  const view = new DataView(body.buffer);
  view.setUint32(4, bps);
  view.setUint32(8, bps);
  return { ...entry, boxes: [...entry.boxes, { type: "btrt", body }] };
}
