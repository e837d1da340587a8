/** Bytes of a frame header, without the checksum that may follow. Spec: ISO/IEC 11172-3 §2.4.1.3. */
export const MPEG_AUDIO_HEADER_BYTES = 4;

/** What the header of an MPEG-1 or MPEG-2 audio frame says. */
export interface MpegAudioHeader {
  /** 1, 2 (lower sampling frequencies), or 2.5 for the unofficial extension to still lower ones. */
  readonly version: 1 | 2 | 2.5;
  /** 3 is what is called MP3. */
  readonly layer: 1 | 2 | 3;
  readonly bitRateBps: number;
  readonly sampleRateHz: number;
  readonly channelCount: 1 | 2;
  /** Samples of each channel: 384, 576 or 1,152. */
  readonly sampleCount: number;
  /** The whole frame, header included. */
  readonly frameSizeBytes: number;
}

const VERSIONS = [2.5, undefined, 2, 1] as const;
const LAYERS = [undefined, 3, 2, 1] as const;

/** Sampling frequencies of version 1; the others have a half and a quarter. Spec: ISO/IEC 11172-3 §2.4.2.3. */
const SAMPLE_RATES_HZ = [44_100, 48_000, 32_000];

/** Bit rates by `bitrate_index`; 0 stands for the free format. Spec: ISO/IEC 11172-3 §2.4.2.3. */
const BIT_RATES_KBPS_V1 = {
  1: [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  2: [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  3: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
} as const;
/** The same for versions 2 and 2.5. Spec: ISO/IEC 13818-3 §2.4.2.3. */
const BIT_RATES_KBPS_V2 = {
  1: [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  3: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
} as const;

const MODE_SINGLE_CHANNEL = 3;

/**
 * Reads the header of the frame that begins at `at`; the frame itself need not be there.
 *
 * Hot path. Output: undefined if no header stands there, or one of the free format, which does not tell its size.
 * Spec: ISO/IEC 11172-3 §2.4.1.3, ISO/IEC 13818-3 §2.4.1.3.
 */
export function parseMpegAudioHeader(
  bytes: Uint8Array,
  at = 0,
): MpegAudioHeader | undefined {
  if (bytes.length - at < MPEG_AUDIO_HEADER_BYTES) return undefined;
  const second = bytes[at + 1]!;
  if (bytes[at] !== 0xff || (second & 0b111_00000) !== 0b111_00000) {
    return undefined;
  }
  const version = VERSIONS[second >>> 3 & 0b11];
  const layer = LAYERS[second >>> 1 & 0b11];
  if (version === undefined || layer === undefined) return undefined;
  const third = bytes[at + 2]!;
  const bitRatesKbps = version === 1 ? BIT_RATES_KBPS_V1 : BIT_RATES_KBPS_V2;
  const bitRateBps = 1_000 * (bitRatesKbps[layer][third >>> 4] ?? 0);
  const baseRateHz = SAMPLE_RATES_HZ[third >>> 2 & 0b11];
  if (bitRateBps === 0 || baseRateHz === undefined) return undefined;
  const sampleRateHz = baseRateHz /
    (version === 1 ? 1 : version === 2 ? 2 : 4);
  const sampleCount = layer === 1
    ? 384
    : layer === 3 && version !== 1
    ? 576
    : 1_152;
  const paddingSlots = third >>> 1 & 1;
  const slotBytes = layer === 1 ? 4 : 1;
  const slots = Math.floor(
    sampleCount / 8 * bitRateBps / (sampleRateHz * slotBytes),
  );
  const mode = bytes[at + 3]! >>> 6;
  return {
    version,
    layer,
    bitRateBps,
    sampleRateHz,
    channelCount: mode === MODE_SINGLE_CHANNEL ? 1 : 2,
    sampleCount,
    frameSizeBytes: (slots + paddingSlots) * slotBytes,
  };
}
