import { BitReader } from "#base/bit_reader.ts";
import { BitWriter } from "#base/bit_writer.ts";
import type { AacParameters } from "#codecs/codec.ts";

/** Sampling frequencies by `samplingFrequencyIndex`. Spec: ISO/IEC 14496-3 §1.6.3.4. */
export const AAC_SAMPLE_RATES_HZ: readonly number[] = [
  96_000,
  88_200,
  64_000,
  48_000,
  44_100,
  32_000,
  24_000,
  22_050,
  16_000,
  12_000,
  11_025,
  8_000,
  7_350,
];

/** Channels a program config element may add up to; more is refused. */
const MAX_CHANNEL_COUNT = 8;

/** Channels by `channelConfiguration`; 0 stands for "not here". Spec: ISO/IEC 14496-3 §1.6.3.5. */
const CHANNEL_COUNTS = [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 0, 8, 0];

/** An escaped frequency has 24 bits. */
const MAX_SAMPLE_RATE_HZ = 2 ** 24 - 1;

const CHANNELS_IN_PROGRAM_CONFIG = 0;
const ESCAPED_FREQUENCY_INDEX = 15;
const ESCAPED_OBJECT_TYPE = 31;

const OBJECT_TYPE_SCALABLE = 6;
const OBJECT_TYPE_SBR = 5;
const OBJECT_TYPE_ER_SCALABLE = 20;
const OBJECT_TYPE_ER_LD = 23;
const OBJECT_TYPE_PS = 29;

/** Object types whose configuration is a GASpecificConfig without parts of its own. */
const GENERAL_AUDIO_TYPES = [1, 2, 3, 4, 6, 17, 19, 20, 23];
/** Of these the error resilient ones, which have more flags. */
const FIRST_ER_OBJECT_TYPE = 17;
/** Object types that {@linkcode serializeAudioSpecificConfig} writes: main, LC, SSR and LTP. */
const MAX_SIMPLE_OBJECT_TYPE = 4;

const SYNC_EXTENSION_SBR = 0x2b7;
const SYNC_EXTENSION_PS = 0x548;
const SYNC_EXTENSION_BITS = 11;

/** What an AudioSpecificConfig tells. Spec: ISO/IEC 14496-3 §1.6.2.1. */
export interface AudioSpecificConfig {
  /** Object type of the core codec: 2 is AAC LC, also below SBR and PS. */
  readonly audioObjectType: number;
  /** Sampling frequency of the core codec. */
  readonly sampleRateHz: number;
  /** Channels of the core codec, 1 to 8. */
  readonly channelCount: number;
  /** As it stands there, 0 to 15; 0 if a program config element lists the channels. */
  readonly channelConfiguration: number;
  /** Sampling frequency behind SBR; undefined if SBR is not signalled. */
  readonly extensionSampleRateHz: number | undefined;
  /** Spectral band replication is signalled. */
  readonly isSbr: boolean;
  /** Parametric stereo is signalled: one core channel gives two. */
  readonly isPs: boolean;
  /** Samples of the core codec in an access unit: 1024 or 960, for low delay 512 or 480. */
  readonly frameLengthSamples: number;
}

/**
 * Parses an AudioSpecificConfig, with hierarchical and backward compatible signalling of SBR and PS.
 *
 * Input: the whole configuration; what stands behind it is not read.
 * Limits: AAC object types; 8 channels.
 * Spec: ISO/IEC 14496-3 §1.6.2.1, §4.4.1.
 *
 * @throws {ParseError} if it is cut, a value is reserved or it is not AAC.
 */
export function parseAudioSpecificConfig(
  bytes: Uint8Array,
): AudioSpecificConfig {
  return readAudioSpecificConfig(
    new BitReader(bytes, "AudioSpecificConfig"),
    { isLengthKnown: true },
  );
}

/**
 * Reads an AudioSpecificConfig from within another structure; leaves the cursor behind it.
 *
 * `isLengthKnown`: the reader ends where the configuration ends, so a sync extension may follow.
 * Spec: ISO/IEC 14496-3 §1.6.2.1.
 *
 * @throws {ParseError} as {@linkcode parseAudioSpecificConfig}.
 */
export function readAudioSpecificConfig(
  reader: BitReader,
  { isLengthKnown }: { isLengthKnown: boolean },
): AudioSpecificConfig {
  const startBits = reader.offsetBits;
  let audioObjectType = readObjectType(reader, "audioObjectType");
  const sampleRateHz = readSampleRate(reader, "samplingFrequencyIndex");
  const channelConfiguration = reader.bits(4, "channelConfiguration");
  let extension: Extension = NO_EXTENSION;
  if (
    audioObjectType === OBJECT_TYPE_SBR || audioObjectType === OBJECT_TYPE_PS
  ) {
    extension = {
      extensionSampleRateHz: readSampleRate(
        reader,
        "extensionSamplingFrequencyIndex",
      ),
      isSbr: true,
      isPs: audioObjectType === OBJECT_TYPE_PS,
    };
    audioObjectType = readObjectType(reader, "audioObjectType");
  }
  if (!GENERAL_AUDIO_TYPES.includes(audioObjectType)) {
    throw reader.error(
      `must be an AAC object type, found ${audioObjectType}`,
      "audioObjectType",
    );
  }
  const isShortFrame = reader.flag("frameLengthFlag");
  const channelCount = readGeneralAudioTail(
    reader,
    startBits,
    { audioObjectType, channelConfiguration },
  );
  if (isLengthKnown && !extension.isSbr) {
    extension = readSyncExtension(reader);
  }
  return {
    audioObjectType,
    sampleRateHz,
    channelCount,
    channelConfiguration,
    ...extension,
    frameLengthSamples: frameLength(audioObjectType, isShortFrame),
  };
}

/**
 * Serializes the plain form: no SBR, no PS, frames of 1024 samples.
 *
 * Input: `audioObjectType` 1 to 4, `channelCount` 1 to 8. Output: owned.
 * Spec: ISO/IEC 14496-3 §1.6.2.1.
 *
 * @throws {RangeError} if this form cannot express it.
 */
export function serializeAudioSpecificConfig(
  { audioObjectType, sampleRateHz, channelCount }: {
    audioObjectType: number;
    sampleRateHz: number;
    channelCount: number;
  },
): Uint8Array<ArrayBuffer> {
  checkRange("audioObjectType", audioObjectType, MAX_SIMPLE_OBJECT_TYPE);
  checkRange("samplingFrequency", sampleRateHz, MAX_SAMPLE_RATE_HZ);
  checkRange("channelCount", channelCount, MAX_CHANNEL_COUNT);
  const channelConfiguration = CHANNEL_COUNTS.indexOf(channelCount, 1);
  const writer = new BitWriter().bits(5, audioObjectType);
  const frequencyIndex = AAC_SAMPLE_RATES_HZ.indexOf(sampleRateHz);
  if (frequencyIndex >= 0) writer.bits(4, frequencyIndex);
  else writer.bits(4, ESCAPED_FREQUENCY_INDEX).bits(24, sampleRateHz);
  return writer.bits(4, channelConfiguration)
    .bits(3, 0) // frameLengthFlag, dependsOnCoreCoder, extensionFlag
    .finish();
}

/**
 * Parameters of a track with this AudioSpecificConfig.
 *
 * Input: owned, kept in the result.
 *
 * @throws {ParseError} as {@linkcode parseAudioSpecificConfig}.
 */
export function aacParametersOf(
  audioSpecificConfig: Uint8Array,
): AacParameters {
  const config = parseAudioSpecificConfig(audioSpecificConfig);
  return {
    codec: "aac",
    audioSpecificConfig,
    sampleRateHz: config.sampleRateHz,
    channelCount: config.channelCount,
  };
}

type Extension = Pick<
  AudioSpecificConfig,
  "extensionSampleRateHz" | "isSbr" | "isPs"
>;

const NO_EXTENSION: Extension = {
  extensionSampleRateHz: undefined,
  isSbr: false,
  isPs: false,
};

function frameLength(audioObjectType: number, isShortFrame: boolean): number {
  if (audioObjectType === OBJECT_TYPE_ER_LD) return isShortFrame ? 480 : 512;
  return isShortFrame ? 960 : 1024;
}

function readObjectType(reader: BitReader, field: string): number {
  const objectType = reader.bits(5, field);
  if (objectType !== ESCAPED_OBJECT_TYPE) return objectType;
  return 32 + reader.bits(6, field);
}

function readSampleRate(reader: BitReader, field: string): number {
  const index = reader.bits(4, field);
  const sampleRateHz = index === ESCAPED_FREQUENCY_INDEX
    ? reader.bits(24, field)
    : AAC_SAMPLE_RATES_HZ[index];
  if (sampleRateHz === undefined) {
    throw reader.error(`must not be reserved, found ${index}`, field);
  }
  if (sampleRateHz === 0) throw reader.error("must not be 0 Hz", field);
  return sampleRateHz;
}

function checkRange(field: string, value: number, max: number): void {
  if (value >= 1 && value <= max) return;
  throw new RangeError(
    `Cannot serialize AudioSpecificConfig: ${field}: must be 1 to ${max}, found ${value}`,
  );
}

/** The rest of GASpecificConfig and `epConfig`; returns the number of channels. */
function readGeneralAudioTail(
  reader: BitReader,
  startBits: number,
  { audioObjectType, channelConfiguration }: {
    audioObjectType: number;
    channelConfiguration: number;
  },
): number {
  if (reader.flag("dependsOnCoreCoder")) reader.skip(14, "coreCoderDelay");
  const hasExtension = reader.flag("extensionFlag");
  const channelCount = channelConfiguration === CHANNELS_IN_PROGRAM_CONFIG
    ? readProgramConfig(reader, startBits)
    : CHANNEL_COUNTS[channelConfiguration]!;
  if (channelCount === 0) {
    throw reader.error(
      `must give 1 to 8 channels, found ${channelConfiguration}`,
      "channelConfiguration",
    );
  }
  if (
    audioObjectType === OBJECT_TYPE_SCALABLE ||
    audioObjectType === OBJECT_TYPE_ER_SCALABLE
  ) {
    reader.skip(3, "layerNr");
  }
  const isErrorResilient = audioObjectType >= FIRST_ER_OBJECT_TYPE;
  if (hasExtension) {
    if (isErrorResilient) reader.skip(3, "aacResilienceFlags");
    reader.skip(1, "extensionFlag3");
  }
  if (isErrorResilient) {
    const epConfig = reader.bits(2, "epConfig");
    if (epConfig > 1) {
      throw reader.error(`must be 0 or 1, found ${epConfig}`, "epConfig");
    }
  }
  return channelCount;
}

/** Reads program_config_element; returns the number of channels. Spec: ISO/IEC 14496-3 §4.4.1.1. */
function readProgramConfig(reader: BitReader, startBits: number): number {
  const field = "program_config_element";
  reader.skip(10, field); // element_instance_tag, object_type, sampling_frequency_index
  const elementCount = reader.bits(4, `${field}.num_front_channel_elements`) +
    reader.bits(4, `${field}.num_side_channel_elements`) +
    reader.bits(4, `${field}.num_back_channel_elements`);
  const lfeCount = reader.bits(2, `${field}.num_lfe_channel_elements`);
  const dataCount = reader.bits(3, `${field}.num_assoc_data_elements`);
  const couplingCount = reader.bits(4, `${field}.num_valid_cc_elements`);
  if (reader.flag(`${field}.mono_mixdown_present`)) reader.skip(4, field);
  if (reader.flag(`${field}.stereo_mixdown_present`)) reader.skip(4, field);
  if (reader.flag(`${field}.matrix_mixdown_idx_present`)) reader.skip(3, field);
  let channelCount = lfeCount;
  for (let i = 0; i < elementCount; i++) {
    channelCount += reader.flag(`${field}.element_is_cpe`) ? 2 : 1;
    reader.skip(4, `${field}.element_tag_select`);
  }
  reader.skip(4 * (lfeCount + dataCount) + 5 * couplingCount, field);
  // byte_alignment counts from the start of the configuration.
  reader.skip(-(reader.offsetBits - startBits) & 7, `${field}.byte_alignment`);
  const commentBytes = reader.bits(8, `${field}.comment_field_bytes`);
  reader.skip(8 * commentBytes, `${field}.comment_field_data`);
  if (channelCount < 1 || channelCount > MAX_CHANNEL_COUNT) {
    throw reader.error(
      `must give 1 to ${MAX_CHANNEL_COUNT} channels, found ${channelCount}`,
      field,
    );
  }
  return channelCount;
}

/** Reads the backward compatible signalling; anything else at the end is padding. */
function readSyncExtension(reader: BitReader): Extension {
  if (reader.remainingBits < 16) return NO_EXTENSION;
  const sync = reader.bits(SYNC_EXTENSION_BITS, "syncExtensionType");
  if (sync !== SYNC_EXTENSION_SBR) return NO_EXTENSION;
  const objectType = readObjectType(reader, "extensionAudioObjectType");
  if (objectType !== OBJECT_TYPE_SBR) return NO_EXTENSION;
  if (!reader.flag("sbrPresentFlag")) return NO_EXTENSION;
  return {
    extensionSampleRateHz: readSampleRate(
      reader,
      "extensionSamplingFrequencyIndex",
    ),
    isSbr: true,
    isPs: reader.remainingBits > SYNC_EXTENSION_BITS &&
      reader.bits(SYNC_EXTENSION_BITS, "syncExtensionType") ===
        SYNC_EXTENSION_PS &&
      reader.flag("psPresentFlag"),
  };
}
