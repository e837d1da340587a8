import { BitReader } from "#base/bit_reader.ts";
import { BitWriter } from "#base/bit_writer.ts";
import { ParseError } from "#base/errors.ts";
import {
  parseAudioSpecificConfig,
  readAudioSpecificConfig,
} from "./audio_specific_config.ts";

/** Longest AudioSpecificConfig that a StreamMuxConfig may hold. */
const MAX_AUDIO_SPECIFIC_CONFIG_BITS = 8 * 1_024;
/** Sub-frames of an AudioMuxElement: as many as `numSubFrames` can express. */
const MAX_SUB_FRAME_COUNT = 64;

/** Version 0, one time framing, one sub-frame, one program, one layer; the last bit belongs to what follows. */
const CUT_CONFIG_HEAD = 0b0_1_000000;
const CUT_CONFIG_HEAD_BYTES = 2;
const CUT_CONFIG_HEAD_BITS = 15;

const BUFFER_FULLNESS_VARIABLE = 0xff;
/** A length byte of this value says that one more follows. */
const LENGTH_BYTE_GOES_ON = 0xff;

/** Layout of AudioMuxElements: one program with one layer of AAC. Spec: ISO/IEC 14496-3 §1.7.3. */
export interface StreamMuxConfig {
  /** 1 states the length of the AudioSpecificConfig, 0 does not. */
  readonly audioMuxVersion: 0 | 1;
  /** Access units in each AudioMuxElement, 1 to 64. */
  readonly subFrameCount: number;
  /** Last byte padded with zero bits. */
  readonly audioSpecificConfig: Uint8Array;
  /** Length of the AudioSpecificConfig without the padding. */
  readonly audioSpecificConfigBits: number;
}

/** An AudioMuxElement taken apart. */
export interface AudioMuxElement {
  /** The layout it was read with: its own, or the one that was given. */
  readonly config: StreamMuxConfig;
  /** Raw access units: views where they start at a byte. */
  readonly accessUnits: Uint8Array[];
}

/**
 * Parses a StreamMuxConfig, as `config` of an fmtp line carries it.
 *
 * Limits: one program, one layer, same time framing, frames of variable length, no other data; 1,024 bytes of
 * AudioSpecificConfig. A CRC is not checked.
 * Spec: ISO/IEC 14496-3 §1.7.3.1.
 *
 * @throws {ParseError} if it is cut or beyond the limits.
 */
export function parseStreamMuxConfig(bytes: Uint8Array): StreamMuxConfig {
  return readStreamMuxConfig(new BitReader(bytes, "StreamMuxConfig"), bytes);
}

/**
 * Parses a StreamMuxConfig as publishers announce it.
 *
 * Deviates: GStreamer's rtpmp4apay puts the whole AudioSpecificConfig, sync extension included, behind the head of
 * version 0 and leaves out the rest.
 *
 * @throws {ParseError} as {@linkcode parseStreamMuxConfig}.
 */
export function parseAnnouncedStreamMuxConfig(
  bytes: Uint8Array,
): StreamMuxConfig {
  try {
    return parseStreamMuxConfig(bytes);
  } catch (error) {
    const isCut = error instanceof ParseError && bytes.length > 2 &&
      bytes[0] === CUT_CONFIG_HEAD && bytes[1]! <= 1;
    if (!isCut) throw error;
    const wholeBytes = bytes.length - CUT_CONFIG_HEAD_BYTES;
    return streamMuxConfigOf(
      bitRange(bytes, CUT_CONFIG_HEAD_BITS, 8 * wholeBytes),
    );
  }
}

/**
 * Serializes a StreamMuxConfig: variable bit rate, no other data, no CRC.
 *
 * Output: owned, last byte padded with zero bits.
 * Spec: ISO/IEC 14496-3 §1.7.3.1.
 */
export function serializeStreamMuxConfig(
  config: StreamMuxConfig,
): Uint8Array<ArrayBuffer> {
  const writer = new BitWriter();
  writeStreamMuxConfig(writer, config);
  return writer.finish();
}

/**
 * Layout for one access unit an element with this AudioSpecificConfig.
 *
 * Version 1 is taken only where the configuration would be ambiguous without its length.
 *
 * @throws {ParseError} if the AudioSpecificConfig cannot be read.
 */
export function streamMuxConfigOf(
  audioSpecificConfig: Uint8Array,
): StreamMuxConfig {
  const whole = parseAudioSpecificConfig(audioSpecificConfig);
  const reader = new BitReader(audioSpecificConfig, "AudioSpecificConfig");
  const plain = readAudioSpecificConfig(reader, { isLengthKnown: false });
  const isLengthNeeded = whole.isSbr !== plain.isSbr;
  return {
    audioMuxVersion: isLengthNeeded ? 1 : 0,
    subFrameCount: 1,
    audioSpecificConfig,
    audioSpecificConfigBits: isLengthNeeded
      ? audioSpecificConfig.length * 8
      : reader.offsetBits,
  };
}

/**
 * Reads the StreamMuxConfig that an AudioMuxElement brings along.
 *
 * Input: an element whose configuration is in band, or at least its start.
 * Output: undefined if it says that the last one still holds; `lengthBits` from the start of the element.
 *
 * @throws {ParseError} as {@linkcode parseStreamMuxConfig}.
 */
export function parseInBandStreamMuxConfig(
  bytes: Uint8Array,
): { config: StreamMuxConfig; lengthBits: number } | undefined {
  const reader = new BitReader(bytes, "AudioMuxElement");
  if (reader.flag("useSameStreamMux")) return undefined;
  const config = readStreamMuxConfig(reader, bytes);
  return { config, lengthBits: reader.offsetBits };
}

/**
 * Takes an AudioMuxElement apart.
 *
 * Input: one whole element, owned. `isConfigInBand` is `muxConfigPresent`; `known` is the layout from out of band,
 * or the last one seen in band.
 * Spec: ISO/IEC 14496-3 §1.7.3.1.
 *
 * @throws {ParseError} if it is cut, bytes are left, or no layout is known.
 */
export function parseAudioMuxElement(
  bytes: Uint8Array,
  { isConfigInBand, known }: {
    isConfigInBand: boolean;
    known: StreamMuxConfig | undefined;
  },
): AudioMuxElement {
  const reader = new BitReader(bytes, "AudioMuxElement");
  const config = isConfigInBand && !reader.flag("useSameStreamMux")
    ? readStreamMuxConfig(reader, bytes)
    : known;
  if (!config) {
    throw reader.error("needs a StreamMuxConfig, none was seen", "config");
  }
  const accessUnits: Uint8Array[] = [];
  for (let i = 0; i < config.subFrameCount; i++) {
    const lengthBits = 8 * readPayloadLengthBytes(reader, i);
    const startBits = reader.offsetBits;
    reader.skip(lengthBits, `payload[${i}]`);
    accessUnits.push(bitRange(bytes, startBits, lengthBits));
  }
  if (reader.remainingBits >= 8) {
    throw reader.error(
      `must end here, ${reader.remainingBits >>> 3} bytes left`,
      "ByteAlign",
    );
  }
  return { config, accessUnits };
}

/**
 * Builds an AudioMuxElement.
 *
 * Input: as many access units as the layout in use says. `config` goes in front if it is given
 * (`muxConfigPresent`), else the reader has it from out of band.
 * Output: one element, owned.
 * Spec: ISO/IEC 14496-3 §1.7.3.1.
 */
export function serializeAudioMuxElement(
  accessUnits: readonly Uint8Array[],
  config: StreamMuxConfig | undefined,
): Uint8Array<ArrayBuffer> {
  const head = new BitWriter();
  if (config) writeStreamMuxConfig(head.bits(1, 0), config);
  let sizeBits = head.lengthBits;
  for (const { length } of accessUnits) {
    sizeBits += 8 * (Math.floor(length / LENGTH_BYTE_GOES_ON) + 1 + length);
  }
  const element = new Uint8Array(Math.ceil(sizeBits / 8));
  element.set(head.finish());
  let atBits = head.lengthBits;
  for (const accessUnit of accessUnits) {
    let restBytes = accessUnit.length;
    for (; restBytes >= LENGTH_BYTE_GOES_ON; atBits += 8) {
      putByte(element, atBits, LENGTH_BYTE_GOES_ON);
      restBytes -= LENGTH_BYTE_GOES_ON;
    }
    putByte(element, atBits, restBytes);
    atBits += 8;
    putBytes(element, atBits, accessUnit);
    atBits += 8 * accessUnit.length;
  }
  return element;
}

function readStreamMuxConfig(
  reader: BitReader,
  bytes: Uint8Array,
): StreamMuxConfig {
  const audioMuxVersion = reader.flag("audioMuxVersion") ? 1 : 0;
  if (audioMuxVersion === 1) {
    expectBits(reader, 1, 0, "audioMuxVersionA");
    readLatmValue(reader, "taraBufferFullness");
  }
  expectBits(reader, 1, 1, "allStreamsSameTimeFraming");
  const subFrameCount = reader.bits(6, "numSubFrames") + 1;
  expectBits(reader, 4, 0, "numProgram");
  expectBits(reader, 3, 0, "numLayer");
  let lengthBits: number | undefined;
  if (audioMuxVersion === 1) {
    lengthBits = readLatmValue(reader, "ascLen");
    if (lengthBits > MAX_AUDIO_SPECIFIC_CONFIG_BITS) {
      throw reader.error(
        `must be at most ${MAX_AUDIO_SPECIFIC_CONFIG_BITS}, found ${lengthBits}`,
        "ascLen",
      );
    }
  }
  const startBits = reader.offsetBits;
  if (lengthBits === undefined) {
    readAudioSpecificConfig(reader, { isLengthKnown: false });
    lengthBits = reader.offsetBits - startBits;
  } else reader.skip(lengthBits, "AudioSpecificConfig");
  const audioSpecificConfig = bitRange(bytes, startBits, lengthBits).slice();
  if (audioMuxVersion === 1) parseAudioSpecificConfig(audioSpecificConfig);
  expectBits(reader, 3, 0, "frameLengthType");
  reader.skip(8, "latmBufferFullness");
  expectBits(reader, 1, 0, "otherDataPresent");
  if (reader.flag("crcCheckPresent")) reader.skip(8, "crcCheckSum");
  return {
    audioMuxVersion,
    subFrameCount,
    audioSpecificConfig,
    audioSpecificConfigBits: lengthBits,
  };
}

function writeStreamMuxConfig(
  writer: BitWriter,
  config: StreamMuxConfig,
): void {
  const { audioMuxVersion, subFrameCount, audioSpecificConfigBits } = config;
  writer.bits(1, audioMuxVersion);
  if (audioMuxVersion === 1) {
    writer.bits(1, 0); // audioMuxVersionA
    writeLatmValue(writer, BUFFER_FULLNESS_VARIABLE); // taraBufferFullness
  }
  writer.bits(1, 1) // allStreamsSameTimeFraming
    .bits(6, Math.min(subFrameCount, MAX_SUB_FRAME_COUNT) - 1)
    .bits(7, 0); // numProgram, numLayer
  if (audioMuxVersion === 1) writeLatmValue(writer, audioSpecificConfigBits);
  const wholeBytes = audioSpecificConfigBits >>> 3;
  writer.bytes(config.audioSpecificConfig.subarray(0, wholeBytes));
  const restBits = audioSpecificConfigBits & 7;
  if (restBits > 0) {
    writer.bits(
      restBits,
      config.audioSpecificConfig[wholeBytes]! >>> (8 - restBits),
    );
  }
  writer.bits(3, 0) // frameLengthType
    .bits(8, BUFFER_FULLNESS_VARIABLE)
    .bits(2, 0); // otherDataPresent, crcCheckPresent
}

/** LatmGetValue(): 1 to 4 bytes behind their count. */
function readLatmValue(reader: BitReader, field: string): number {
  const byteCount = reader.bits(2, field) + 1;
  return reader.bits(8 * byteCount, field);
}

function writeLatmValue(writer: BitWriter, value: number): void {
  const byteCount = value > 0xff ? 2 : 1;
  writer.bits(2, byteCount - 1).bits(8 * byteCount, value);
}

function expectBits(
  reader: BitReader,
  countBits: number,
  wanted: number,
  field: string,
): void {
  const found = reader.bits(countBits, field);
  if (found !== wanted) {
    throw reader.error(`must be ${wanted}, found ${found}`, field);
  }
}

function readPayloadLengthBytes(reader: BitReader, index: number): number {
  const field = `MuxSlotLengthBytes[${index}]`;
  let lengthBytes = 0;
  for (;;) {
    const part = reader.bits(8, field);
    lengthBytes += part;
    if (part !== LENGTH_BYTE_GOES_ON) return lengthBytes;
  }
}

/** Bits that were checked to be there, moved to a byte boundary: a view if they are at one, else a copy. */
function bitRange(
  bytes: Uint8Array,
  startBits: number,
  lengthBits: number,
): Uint8Array {
  const shift = startBits & 7;
  const restBits = lengthBits & 7;
  let at = startBits >>> 3;
  const sizeBytes = Math.ceil(lengthBits / 8);
  if (shift === 0 && restBits === 0) return bytes.subarray(at, at + sizeBytes);
  const range = new Uint8Array(sizeBytes);
  for (let i = 0; i < sizeBytes; i++, at++) {
    const next = at + 1 < bytes.length ? bytes[at + 1]! : 0;
    range[i] = bytes[at]! << shift | next >>> (8 - shift);
  }
  if (restBits > 0) range[sizeBytes - 1]! &= 0xff << (8 - restBits);
  return range;
}

/** Writes 8 bits at any bit position of zeroed bytes. */
function putByte(target: Uint8Array, atBits: number, byte: number): void {
  const at = atBits >>> 3;
  const shift = atBits & 7;
  target[at]! |= byte >>> shift;
  if (shift > 0) target[at + 1] = byte << (8 - shift);
}

function putBytes(target: Uint8Array, atBits: number, bytes: Uint8Array): void {
  if ((atBits & 7) === 0) target.set(bytes, atBits >>> 3);
  else {for (let i = 0; i < bytes.length; i++) {
      putByte(target, atBits + 8 * i, bytes[i]!);
    }}
}
