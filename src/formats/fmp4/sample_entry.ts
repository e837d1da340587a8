import { ByteReader } from "#base/byte_reader.ts";
import type { ByteWriter } from "#base/byte_writer.ts";
import { type Box, findBox, readBoxes } from "./box_reader.ts";
import { writeBox, writeZeros } from "./box_writer.ts";

const DATA_REFERENCE_INDEX = 1;
/** 72 dots an inch, 16.16 bits. */
const RESOLUTION = 0x0048_0000;
const COMPRESSOR_NAME_BYTES = 32;
const DEPTH_WITHOUT_ALPHA = 0x18;
const NO_COLOUR_TABLE = 0xffff;
/** Rates above do not fit 16.16 bits. */
const MAX_ENTRY_SAMPLE_RATE_HZ = 0xffff;

/** Fields that QuickTime adds to a sound description of version 1. */
const QUICKTIME_V1_BYTES = 16;
/** Fields of a sound description of version 2 behind those of version 0, up to the rate. */
const QUICKTIME_V2_SIZE_BYTES = 4;
/** The fields of version 2 behind the channels. */
const QUICKTIME_V2_REST_BYTES = 20;

/** How the samples of a track are coded. Spec: ISO/IEC 14496-12 §8.5.2, §12.1.3, §12.2.3. */
export interface SampleEntry {
  readonly kind: "video" | "audio";
  /** Four characters, e.g. `"avc1"`. */
  readonly format: string;
  /** Pixels; 0 for sound. */
  readonly width: number;
  /** Pixels; 0 for sound. */
  readonly height: number;
  /** 0 for pictures. */
  readonly channelCount: number;
  /** 0 for pictures. */
  readonly sampleRateHz: number;
  /** Bits a sample of sound, where it is not coded; else 16. */
  readonly sampleBits: number;
  /** Configuration of the decoder and whatever else stands in it. */
  readonly boxes: readonly Box[];
}

/** An entry of pictures. */
export function visualEntry(
  format: string,
  { width, height }: { readonly width: number; readonly height: number },
  boxes: readonly Box[],
): SampleEntry {
  const sound = { channelCount: 0, sampleRateHz: 0, sampleBits: 0 };
  return { kind: "video", format, width, height, ...sound, boxes };
}

/** An entry of sound. */
export function audioEntry(
  format: string,
  sound: {
    readonly channelCount: number;
    readonly sampleRateHz: number;
    /** 16 if left out. */
    readonly sampleBits?: number;
  },
  boxes: readonly Box[],
): SampleEntry {
  const { channelCount, sampleRateHz, sampleBits = 16 } = sound;
  return {
    kind: "audio",
    format,
    width: 0,
    height: 0,
    channelCount,
    sampleRateHz,
    sampleBits,
    boxes,
  };
}

/** Appends a sample entry. */
export function writeSampleEntry(writer: ByteWriter, entry: SampleEntry): void {
  writeBox(writer, entry.format, () => {
    writeZeros(writer, 6);
    writer.u16(DATA_REFERENCE_INDEX);
    if (entry.kind === "video") writeVisualFields(writer, entry);
    else writeAudioFields(writer, entry);
    for (const { type, body } of entry.boxes) {
      writeBox(writer, type, () => writer.bytes(body));
    }
  });
}

function writeVisualFields(writer: ByteWriter, entry: SampleEntry): void {
  writeZeros(writer, 16);
  writer.u16(entry.width).u16(entry.height)
    .u32(RESOLUTION).u32(RESOLUTION)
    .u32(0)
    .u16(1); // frame_count
  writeZeros(writer, COMPRESSOR_NAME_BYTES);
  writer.u16(DEPTH_WITHOUT_ALPHA).u16(NO_COLOUR_TABLE);
}

function writeAudioFields(writer: ByteWriter, entry: SampleEntry): void {
  const { channelCount, sampleRateHz, sampleBits } = entry;
  const entryRateHz = sampleRateHz > MAX_ENTRY_SAMPLE_RATE_HZ
    ? 0
    : sampleRateHz;
  writeZeros(writer, 8);
  writer.u16(channelCount).u16(sampleBits).u32(0).u16(entryRateHz).u16(0);
}

/**
 * Parses a sample entry of pictures or sound.
 *
 * Output: `boxes` are views.
 * Deviates: sound descriptions of QuickTime, versions 1 and 2, are read too, and what they have within `wave`.
 *
 * @throws {ParseError} if it is cut.
 */
export function parseSampleEntry(
  { type, body }: Box,
  kind: "video" | "audio",
): SampleEntry {
  const reader = new ByteReader(body, `MP4 sample entry ${type}`);
  reader.take(6, "reserved");
  reader.u16("data_reference_index");
  if (kind === "audio") return parseAudioFields(reader, type);
  reader.take(16, "pre_defined");
  const width = reader.u16("width");
  const height = reader.u16("height");
  reader.take(4 + 4 + 4 + 2, "horizresolution");
  reader.take(COMPRESSOR_NAME_BYTES + 4, "compressorname");
  const boxes = readBoxes(reader.takeRest("boxes"));
  return visualEntry(type, { width, height }, boxes);
}

function parseAudioFields(reader: ByteReader, format: string): SampleEntry {
  const version = reader.u16("version");
  reader.take(6, "reserved");
  let channelCount = reader.u16("channelcount");
  let sampleBits = reader.u16("samplesize");
  reader.u32("pre_defined");
  let sampleRateHz = reader.u16("samplerate");
  reader.u16("samplerate.fraction");
  if (version === 1) reader.take(QUICKTIME_V1_BYTES, "samplesPerPacket");
  if (version === 2) {
    reader.take(QUICKTIME_V2_SIZE_BYTES, "sizeOfStructOnly");
    const rate = reader.take(8, "audioSampleRate");
    const view = new DataView(rate.buffer, rate.byteOffset, rate.length);
    const rateHz = view.getFloat64(0);
    if (Number.isInteger(rateHz) && rateHz > 0) sampleRateHz = rateHz;
    channelCount = reader.u32("numAudioChannels");
    const rest = reader.take(QUICKTIME_V2_REST_BYTES, "always7F000000");
    sampleBits = rest[7]!;
  }
  const boxes = readBoxes(reader.takeRest("boxes"));
  const wave = version === 0 ? undefined : findBox(boxes, "wave");
  return audioEntry(
    format,
    { channelCount, sampleRateHz, sampleBits },
    wave === undefined ? boxes : [...boxes, ...readBoxes(wave)],
  );
}
