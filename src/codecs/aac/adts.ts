import { BitReader } from "#base/bit_reader.ts";
import {
  AAC_SAMPLE_RATES_HZ,
  type AudioSpecificConfig,
  serializeAudioSpecificConfig,
} from "./audio_specific_config.ts";

/** Size of a header without CRC. Spec: ISO/IEC 14496-3 §1.A.2.2. */
export const ADTS_HEADER_BYTES = 7;

const CRC_BYTES = 2;
const MAX_FRAME_BYTES = 0b1_1111_1111_1111;
const SYNC_WORD = 0xfff;
/** `adts_buffer_fullness` of a variable bit rate. */
const BUFFER_FULLNESS_VARIABLE = 0x7ff;
const MAX_OBJECT_TYPE = 4;
const MAX_CHANNEL_CONFIGURATION = 7;

/** Header of one ADTS frame. */
export interface AdtsHeader {
  /** 1 main, 2 LC, 3 SSR, 4 LTP. */
  readonly audioObjectType: number;
  readonly sampleRateHz: number;
  /** 1 to 7; 7 stands for 8 channels. */
  readonly channelConfiguration: number;
  /** 7, or 9 with a CRC. */
  readonly headerSizeBytes: number;
  /** Header and access unit, at most 8,191. */
  readonly frameSizeBytes: number;
}

/**
 * Parses the header of an ADTS frame; the access unit itself need not be there.
 *
 * Limits: one raw data block a frame, channels by number (not in band).
 * Spec: ISO/IEC 14496-3 §1.A.2.2, §1.A.3.2.
 *
 * @throws {ParseError} if it is cut, out of sync or beyond the limits.
 */
export function parseAdtsHeader(bytes: Uint8Array): AdtsHeader {
  const reader = new BitReader(bytes, "ADTS header");
  if (reader.bits(12, "syncword") !== SYNC_WORD) {
    throw reader.error("must be 0xfff", "syncword");
  }
  reader.skip(1, "ID");
  if (reader.bits(2, "layer") !== 0) throw reader.error("must be 0", "layer");
  const headerSizeBytes = ADTS_HEADER_BYTES +
    (reader.flag("protection_absent") ? 0 : CRC_BYTES);
  const audioObjectType = reader.bits(2, "profile_ObjectType") + 1;
  const frequencyIndex = reader.bits(4, "sampling_frequency_index");
  const sampleRateHz = AAC_SAMPLE_RATES_HZ[frequencyIndex];
  if (sampleRateHz === undefined) {
    throw reader.error(
      `must not be reserved, found ${frequencyIndex}`,
      "sampling_frequency_index",
    );
  }
  reader.skip(1, "private_bit");
  const channelConfiguration = reader.bits(3, "channel_configuration");
  if (channelConfiguration === 0) {
    throw reader.error("must be 1 to 7, found 0", "channel_configuration");
  }
  reader.skip(4, "original_copy"); // original_copy, home and two copyright bits
  const frameSizeBytes = reader.bits(13, "aac_frame_length");
  if (frameSizeBytes <= headerSizeBytes) {
    throw reader.error(
      `must be over ${headerSizeBytes}, found ${frameSizeBytes}`,
      "aac_frame_length",
    );
  }
  reader.skip(11, "adts_buffer_fullness");
  const moreBlocks = reader.bits(2, "number_of_raw_data_blocks_in_frame");
  if (moreBlocks !== 0) {
    throw reader.error(
      `must be 0, found ${moreBlocks}`,
      "number_of_raw_data_blocks_in_frame",
    );
  }
  return {
    audioObjectType,
    sampleRateHz,
    channelConfiguration,
    headerSizeBytes,
    frameSizeBytes,
  };
}

/**
 * Serializes the header that goes in front of one raw access unit, without CRC.
 *
 * Output: {@linkcode ADTS_HEADER_BYTES} bytes, owned.
 * Spec: ISO/IEC 14496-3 §1.A.2.2.
 *
 * @throws {RangeError} if ADTS cannot express the configuration or the size.
 */
export function serializeAdtsHeader(
  config: Pick<
    AudioSpecificConfig,
    "audioObjectType" | "sampleRateHz" | "channelConfiguration"
  >,
  accessUnitBytes: number,
): Uint8Array<ArrayBuffer> {
  const { audioObjectType, sampleRateHz, channelConfiguration } = config;
  const frequencyIndex = AAC_SAMPLE_RATES_HZ.indexOf(sampleRateHz);
  if (frequencyIndex < 0) {
    throw new RangeError(
      `Cannot serialize ADTS header: sampling_frequency_index: has no value for ${sampleRateHz} Hz`,
    );
  }
  checkRange("profile_ObjectType", audioObjectType, MAX_OBJECT_TYPE);
  checkRange(
    "channel_configuration",
    channelConfiguration,
    MAX_CHANNEL_CONFIGURATION,
  );
  const frameBytes = ADTS_HEADER_BYTES + accessUnitBytes;
  checkRange("aac_frame_length", frameBytes, MAX_FRAME_BYTES);
  return Uint8Array.of(
    0xff,
    0b1111_0001, // MPEG-4, layer 0, protection_absent
    (audioObjectType - 1) << 6 | frequencyIndex << 2 |
      channelConfiguration >>> 2,
    (channelConfiguration & 0b11) << 6 | frameBytes >>> 11,
    frameBytes >>> 3 & 0xff,
    (frameBytes & 0b111) << 5 | BUFFER_FULLNESS_VARIABLE >>> 6,
    (BUFFER_FULLNESS_VARIABLE & 0b11_1111) << 2,
  );
}

/**
 * The AudioSpecificConfig that says the same as an ADTS header.
 *
 * Output: owned.
 */
export function adtsAudioSpecificConfig(
  header: AdtsHeader,
): Uint8Array<ArrayBuffer> {
  const { audioObjectType, sampleRateHz, channelConfiguration } = header;
  return serializeAudioSpecificConfig({
    audioObjectType,
    sampleRateHz,
    channelCount: channelConfiguration === MAX_CHANNEL_CONFIGURATION
      ? 8
      : channelConfiguration,
  });
}

/**
 * The raw access unit of bytes that are one whole ADTS frame; other bytes as they are.
 *
 * Hot path. A raw access unit cannot be mistaken: with a sync word in front it would be empty.
 * Output: a view.
 */
export function withoutAdtsHeader(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= ADTS_HEADER_BYTES + CRC_BYTES || !isSyncAt(bytes, 0)) {
    return bytes;
  }
  const frameBytes = (bytes[3]! & 0b11) << 11 | bytes[4]! << 3 |
    bytes[5]! >>> 5;
  if (frameBytes !== bytes.length) return bytes;
  const isProtectionAbsent = (bytes[1]! & 1) === 1;
  return bytes.subarray(
    ADTS_HEADER_BYTES + (isProtectionAbsent ? 0 : CRC_BYTES),
  );
}

/**
 * Size of the frame whose header stands at `at`; 0 if there is none that {@linkcode parseAdtsHeader} takes.
 *
 * Hot path. Input: at least {@linkcode ADTS_HEADER_BYTES} from `at` on.
 */
export function adtsFrameSizeBytes(bytes: Uint8Array, at: number): number {
  if (!isHeaderAt(bytes, at)) return 0;
  return (bytes[at + 3]! & 0b11) << 11 | bytes[at + 4]! << 3 |
    bytes[at + 5]! >>> 5;
}

/** Sync word and layer. */
function isSyncAt(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xff &&
    (bytes[at + 1]! & 0b1111_0110) === 0b1111_0000;
}

/** Whether {@linkcode parseAdtsHeader} takes what stands there: in noise nearly nothing, so no exception for each byte. */
function isHeaderAt(bytes: Uint8Array, at: number): boolean {
  if (!isSyncAt(bytes, at)) return false;
  const isProtectionAbsent = (bytes[at + 1]! & 1) === 1;
  const headerBytes = ADTS_HEADER_BYTES + (isProtectionAbsent ? 0 : CRC_BYTES);
  const frameBytes = (bytes[at + 3]! & 0b11) << 11 | bytes[at + 4]! << 3 |
    bytes[at + 5]! >>> 5;
  const frequencyIndex = bytes[at + 2]! >>> 2 & 0b1111;
  const channels = (bytes[at + 2]! & 1) << 2 | bytes[at + 3]! >>> 6;
  return frequencyIndex < AAC_SAMPLE_RATES_HZ.length && channels !== 0 &&
    frameBytes > headerBytes && (bytes[at + 6]! & 0b11) === 0;
}

function checkRange(field: string, value: number, max: number): void {
  if (value >= 1 && value <= max) return;
  throw new RangeError(
    `Cannot serialize ADTS header: ${field}: must be 1 to ${max}, found ${value}`,
  );
}
