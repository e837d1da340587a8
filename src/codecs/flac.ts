import { readU16 } from "#base/big_endian.ts";
import { BitReader } from "#base/bit_reader.ts";
import { BitWriter } from "#base/bit_writer.ts";

/** A STREAMINFO metadata block without its header. Spec: RFC 9639 §8.2. */
export const FLAC_STREAM_INFO_BYTES = 34;

/** What every frame of a stream keeps to. Spec: RFC 9639 §8.2. */
export interface FlacStreamInfo {
  readonly sampleRateHz: number;
  /** 1 to 8. */
  readonly channelCount: number;
  /** Bits a sample, 1 to 32. */
  readonly bitDepth: number;
  /** Samples of each channel in the shortest frame, the last one aside. */
  readonly minBlockSamples: number;
  /** Samples of each channel in the longest frame. */
  readonly maxBlockSamples: number;
}

/** What the header of a FLAC frame says. Spec: RFC 9639 §9.1. */
export interface FlacFrameHeader {
  /** Frames may differ in length. */
  readonly isVariableBlockSize: boolean;
  /** Samples of each channel. */
  readonly blockSamples: number;
  /** Undefined if only STREAMINFO knows. */
  readonly sampleRateHz: number | undefined;
  /** 1 to 8. */
  readonly channelCount: number;
  /** Bits a sample; undefined if only STREAMINFO knows. */
  readonly bitDepth: number | undefined;
}

/** Shortest and longest block that STREAMINFO allows. Spec: RFC 9639 §8.2. */
const MIN_BLOCK_SAMPLES = 16;
const MAX_BLOCK_SAMPLES = 65_535;

/** By the code of the header; 0 refers to STREAMINFO, 12 to 14 to the end of the header. Spec: RFC 9639 §9.1.2. */
const SAMPLE_RATES_HZ = [
  ...[0, 88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000],
  ...[44_100, 48_000, 96_000],
];
const RATE_CODE_KHZ = 12;
const RATE_CODE_HZ = 13;
const RATE_CODE_TENS_OF_HZ = 14;
const RATE_CODE_FORBIDDEN = 15;

/** By the code of the header; 0 refers to STREAMINFO. Spec: RFC 9639 §9.1.4. */
const BIT_DEPTHS = [0, 8, 12, undefined, 16, 20, 24, 32];

/** Channels of their own up to here; three stereo modes follow. Spec: RFC 9639 §9.1.3. */
const MAX_INDEPENDENT_CHANNELS_CODE = 7;
const MAX_CHANNELS_CODE = 10;

const BLOCK_CODE_8_BITS = 6;
const BLOCK_CODE_16_BITS = 7;

/** Sync code, codes of size, rate, channels and depth: in front of the coded number. */
const FIXED_HEADER_BYTES = 4;
const FOOTER_BYTES = 2;

const CRC8_TABLE = crcTable(8, 0x07);
const CRC16_TABLE = crcTable(16, 0x8005);

function crcTable(widthBits: 8 | 16, polynomial: number): Uint16Array {
  const mask = 2 ** widthBits - 1;
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << widthBits - 8;
    for (let i = 0; i < 8; i++) {
      const isHighBitSet = crc >>> widthBits - 1 !== 0;
      crc = (crc << 1 & mask) ^ (isHighBitSet ? polynomial : 0);
    }
    return crc;
  });
}

/**
 * Reads the header of a frame and checks its CRC-8.
 *
 * Output: undefined if no whole header stands at the start.
 * Spec: RFC 9639 §9.1.
 */
export function parseFlacFrameHeader(
  frame: Uint8Array,
): FlacFrameHeader | undefined {
  if (
    frame.length < FIXED_HEADER_BYTES + 2 || frame[0] !== 0xff ||
    (frame[1]! & 0b1111_1110) !== 0b1111_1000
  ) return undefined;
  const third = frame[2]!;
  const fourth = frame[3]!;
  const blockCode = third >>> 4;
  const rateCode = third & 0b1111;
  const channelsCode = fourth >>> 4;
  const bitDepth = BIT_DEPTHS[fourth >>> 1 & 0b111];
  const numberBytes = codedNumberBytes(frame[FIXED_HEADER_BYTES]!);
  if (
    blockCode === 0 || rateCode === RATE_CODE_FORBIDDEN ||
    channelsCode > MAX_CHANNELS_CODE || bitDepth === undefined ||
    (fourth & 1) !== 0 || numberBytes === 0
  ) return undefined;
  const blockAt = FIXED_HEADER_BYTES + numberBytes;
  const rateAt = blockAt + uncommonBlockBytes(blockCode);
  const crcAt = rateAt + uncommonRateBytes(rateCode);
  if (crcAt >= frame.length || crc8(frame, crcAt) !== frame[crcAt]) {
    return undefined;
  }
  return {
    isVariableBlockSize: (frame[1]! & 1) !== 0,
    blockSamples: blockSamplesOf(frame, blockCode, blockAt),
    sampleRateHz: sampleRateOf(frame, rateCode, rateAt) || undefined,
    channelCount: channelsCode > MAX_INDEPENDENT_CHANNELS_CODE
      ? 2
      : channelsCode + 1,
    bitDepth: bitDepth || undefined,
  };
}

/** Bytes of the coded frame or sample number by its first one; 0 if that begins none. Spec: RFC 9639 §9.1.5. */
function codedNumberBytes(first: number): number {
  if (first < 0x80) return 1;
  const ones = Math.clz32(~(first << 24));
  return ones >= 2 && ones <= 7 ? ones : 0;
}

function uncommonBlockBytes(code: number): number {
  return code === BLOCK_CODE_8_BITS ? 1 : code === BLOCK_CODE_16_BITS ? 2 : 0;
}

function uncommonRateBytes(code: number): number {
  return code === RATE_CODE_KHZ ? 1 : code > RATE_CODE_KHZ ? 2 : 0;
}

/** Spec: RFC 9639 §9.1.1. */
function blockSamplesOf(frame: Uint8Array, code: number, at: number): number {
  if (code === BLOCK_CODE_8_BITS) return frame[at]! + 1;
  if (code === BLOCK_CODE_16_BITS) return readU16(frame, at) + 1;
  if (code === 1) return 192;
  return code < BLOCK_CODE_8_BITS ? 144 << code : 1 << code;
}

/** Spec: RFC 9639 §9.1.2. */
function sampleRateOf(frame: Uint8Array, code: number, at: number): number {
  if (code === RATE_CODE_KHZ) return frame[at]! * 1_000;
  if (code === RATE_CODE_HZ) return readU16(frame, at);
  if (code === RATE_CODE_TENS_OF_HZ) return readU16(frame, at) * 10;
  return SAMPLE_RATES_HZ[code]!;
}

function crc8(bytes: Uint8Array, endBytes: number): number {
  let crc = 0;
  for (let i = 0; i < endBytes; i++) crc = CRC8_TABLE[crc ^ bytes[i]!]!;
  return crc;
}

/**
 * Whether the CRC-16 at the end of a frame is right: nothing of it is missing.
 *
 * Spec: RFC 9639 §9.3.
 */
export function isWholeFlacFrame(frame: Uint8Array): boolean {
  const endBytes = frame.length - FOOTER_BYTES;
  if (endBytes < FIXED_HEADER_BYTES) return false;
  let crc = 0;
  for (let i = 0; i < endBytes; i++) {
    crc = (crc << 8 & 0xffff) ^ CRC16_TABLE[crc >>> 8 ^ frame[i]!]!;
  }
  return crc === readU16(frame, endBytes);
}

/**
 * Parses a STREAMINFO metadata block without its header.
 *
 * Deviates: frame sizes, length and MD5 checksum are not read, streams do not have them.
 * Spec: RFC 9639 §8.2.
 *
 * @throws {ParseError} if it is cut, or allows no samples.
 */
export function parseFlacStreamInfo(bytes: Uint8Array): FlacStreamInfo {
  const reader = new BitReader(bytes, "FLAC STREAMINFO");
  const minBlockSamples = reader.bits(16, "minimum block size");
  const maxBlockSamples = reader.bits(16, "maximum block size");
  if (maxBlockSamples < Math.max(minBlockSamples, MIN_BLOCK_SAMPLES)) {
    throw reader.error(
      `must be ${MIN_BLOCK_SAMPLES} to ${MAX_BLOCK_SAMPLES} samples, found ${minBlockSamples} to ${maxBlockSamples}`,
      "maximum block size",
    );
  }
  reader.skip(24, "minimum frame size");
  reader.skip(24, "maximum frame size");
  const sampleRateHz = reader.bits(20, "sample rate");
  if (sampleRateHz === 0) {
    throw reader.error("must be over 0, found 0", "sample rate");
  }
  const channelCount = reader.bits(3, "number of channels") + 1;
  const bitDepth = reader.bits(5, "bits per sample") + 1;
  reader.skip(36, "number of samples");
  reader.skip(128, "MD5 checksum");
  return {
    sampleRateHz,
    channelCount,
    bitDepth,
    minBlockSamples,
    maxBlockSamples,
  };
}

/**
 * Serializes a STREAMINFO metadata block without its header, of a stream whose length nobody knows.
 *
 * Output: {@linkcode FLAC_STREAM_INFO_BYTES} bytes, owned; frame sizes, length and MD5 checksum are 0: unknown.
 * Spec: RFC 9639 §8.2.
 */
export function serializeFlacStreamInfo(
  info: FlacStreamInfo,
): Uint8Array<ArrayBuffer> {
  return new BitWriter()
    .bits(16, info.minBlockSamples)
    .bits(16, info.maxBlockSamples)
    .bits(24, 0)
    .bits(24, 0)
    .bits(20, info.sampleRateHz)
    .bits(3, info.channelCount - 1)
    .bits(5, info.bitDepth - 1)
    .bits(36 - 32, 0)
    .bits(32, 0)
    .bytes(new Uint8Array(16))
    .finish();
}

/**
 * Makes the STREAMINFO of a stream from the header of one of its frames, for streams that came without.
 *
 * Input: `clockRateHz`: sampling frequency, if the frame does not tell it.
 * Output: {@linkcode FLAC_STREAM_INFO_BYTES} bytes, owned; undefined if the frame leaves its bit depth to STREAMINFO.
 */
export function flacStreamInfoFromHeader(
  header: FlacFrameHeader,
  clockRateHz: number,
): Uint8Array<ArrayBuffer> | undefined {
  const { isVariableBlockSize, blockSamples, channelCount, bitDepth } = header;
  if (bitDepth === undefined) return undefined;
  const fixedSamples = Math.max(
    MIN_BLOCK_SAMPLES,
    Math.min(blockSamples, MAX_BLOCK_SAMPLES),
  );
  return serializeFlacStreamInfo({
    sampleRateHz: header.sampleRateHz ?? clockRateHz,
    channelCount,
    bitDepth,
    minBlockSamples: isVariableBlockSize ? MIN_BLOCK_SAMPLES : fixedSamples,
    maxBlockSamples: isVariableBlockSize ? MAX_BLOCK_SAMPLES : fixedSamples,
  });
}
