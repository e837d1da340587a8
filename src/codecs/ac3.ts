/** Samples of each channel in a syncframe: six blocks of 256. Spec: ATSC A/52 §5.1. */
export const AC3_FRAME_SAMPLES = 1_536;

/** Most channels of a stream: five and the low frequencies. */
export const MAX_AC3_CHANNEL_COUNT = 6;

/** What the header of an AC-3 syncframe says. */
export interface Ac3Header {
  readonly sampleRateHz: number;
  /** 1 to 6, the low frequency channel included. */
  readonly channelCount: number;
  readonly bitRateBps: number;
  /** The whole syncframe, header included. */
  readonly frameSizeBytes: number;
}

const SYNC_WORD_FIRST = 0x0b;
const SYNC_WORD_SECOND = 0x77;
/** Bytes of a header that are read: up to `lfeon`. */
export const AC3_HEADER_BYTES = 7;
/** Later ones are another codec (E-AC-3) or rates that no decoder here must know. Spec: ATSC A/52 §5.4.2.1. */
const MAX_BSID = 8;

/** By `fscod`. Spec: ATSC A/52 table 5.6. */
const SAMPLE_RATES_HZ = [48_000, 44_100, 32_000];
/** By `frmsizecod >> 1`. Spec: ATSC A/52 table 5.18. */
const BIT_RATES_KBPS = Uint16Array.of(
  ...[32, 40, 48, 56, 64, 80, 96, 112, 128, 160],
  ...[192, 224, 256, 320, 384, 448, 512, 576, 640],
);
/** By `acmod`. Spec: ATSC A/52 table 5.8. */
const CHANNEL_COUNTS = [2, 1, 2, 3, 3, 4, 4, 5];
const ACMOD_CENTRE_ONLY = 0b001;
const ACMOD_STEREO = 0b010;
const ACMOD_HAS_CENTRE = 0b001;
const ACMOD_HAS_SURROUND = 0b100;

/**
 * Reads the header of the syncframe that begins at `at`; the frame itself need not be there.
 *
 * Hot path. Output: undefined if no header of AC-3 stands there; E-AC-3 is another codec.
 * Spec: ATSC A/52 §5.3, §5.4.1, §5.4.2.
 */
export function parseAc3Header(
  bytes: Uint8Array,
  at = 0,
): Ac3Header | undefined {
  if (
    bytes.length - at < AC3_HEADER_BYTES || bytes[at] !== SYNC_WORD_FIRST ||
    bytes[at + 1] !== SYNC_WORD_SECOND || bytes[at + 5]! >>> 3 > MAX_BSID
  ) return undefined;
  const sizes = bytes[at + 4]!;
  const frmsizecod = sizes & 0b11_1111;
  const sampleRateHz = SAMPLE_RATES_HZ[sizes >>> 6];
  const kbps = BIT_RATES_KBPS[frmsizecod >>> 1];
  if (sampleRateHz === undefined || kbps === undefined) return undefined;
  // Words of 16 bits; at 44.1 kHz they do not come out even, and an odd code has one more.
  const words = Math.floor(kbps * 96_000 / sampleRateHz) +
    (sampleRateHz === 44_100 ? frmsizecod & 1 : 0);
  const modes = bytes[at + 6]!;
  const acmod = modes >>> 5;
  // Two bits each for the mix levels of centre and surround, or for the surround mode of stereo.
  let lfeonAt = 3;
  if (acmod & ACMOD_HAS_CENTRE && acmod !== ACMOD_CENTRE_ONLY) lfeonAt += 2;
  if (acmod & ACMOD_HAS_SURROUND) lfeonAt += 2;
  if (acmod === ACMOD_STEREO) lfeonAt += 2;
  const lfeon = modes >>> (7 - lfeonAt) & 1;
  return {
    sampleRateHz,
    channelCount: CHANNEL_COUNTS[acmod]! + lfeon,
    bitRateBps: kbps * 1_000,
    frameSizeBytes: 2 * words,
  };
}
