/** Companding law of G.711. */
export type G711Law = "mu" | "a";

/** µ-law: added before the segment is searched. Spec: ITU-T G.711 table 2. */
const MU_BIAS = 0x84;
const MU_CLIP = 32_635;
const A_CLIP = 32_767;
/** Even bits of A-law are inverted on the line. Spec: ITU-T G.711 table 1. */
const A_EVEN_BITS = 0x55;

/** 16-bit sample by µ-law byte. Spec: ITU-T G.711 table 2. */
export const MU_LAW_SAMPLES: Readonly<Int16Array> = Int16Array.from(
  { length: 256 },
  (_, code) => muLawSample(code),
);

/** 16-bit sample by A-law byte. Spec: ITU-T G.711 table 1. */
export const A_LAW_SAMPLES: Readonly<Int16Array> = Int16Array.from(
  { length: 256 },
  (_, code) => aLawSample(code),
);

/** µ-law byte of a 16-bit sample. Spec: ITU-T G.711 table 2. */
export function muLawByte(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), MU_CLIP) + MU_BIAS;
  const segment = 24 - Math.clz32(magnitude);
  const mantissa = magnitude >>> (segment + 3) & 0b1111;
  return ~(sign | segment << 4 | mantissa) & 0xff;
}

/** A-law byte of a 16-bit sample. Spec: ITU-T G.711 table 1. */
export function aLawByte(sample: number): number {
  const sign = sample < 0 ? 0 : 0x80;
  // One's complement keeps -1 in the smallest negative step.
  const magnitude = Math.min(sample < 0 ? ~sample : sample, A_CLIP);
  const segment = Math.max(0, 24 - Math.clz32(magnitude));
  const mantissa = magnitude >>> (segment === 0 ? 4 : segment + 3) & 0b1111;
  return (sign | segment << 4 | mantissa) ^ A_EVEN_BITS;
}

/**
 * Expands G.711 to 16-bit linear PCM.
 *
 * Output: two bytes a sample, owned; big endian unless `isLittleEndian`.
 */
export function expandG711(
  law: G711Law,
  bytes: Uint8Array,
  { isLittleEndian = false }: { isLittleEndian?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  const samples = law === "mu" ? MU_LAW_SAMPLES : A_LAW_SAMPLES;
  const pcm = new Uint8Array(bytes.length * 2);
  const high = isLittleEndian ? 1 : 0;
  for (let i = 0; i < bytes.length; i++) {
    const sample = samples[bytes[i]!]!;
    pcm[2 * i + high] = sample >> 8;
    pcm[2 * i + 1 - high] = sample;
  }
  return pcm;
}

/**
 * Compresses 16-bit linear PCM to G.711; an odd byte at the end is left out.
 *
 * Input: big endian unless `isLittleEndian`. Output: one byte a sample, owned.
 */
export function compressG711(
  law: G711Law,
  pcm: Uint8Array,
  { isLittleEndian = false }: { isLittleEndian?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  const toByte = law === "mu" ? muLawByte : aLawByte;
  const bytes = new Uint8Array(pcm.length >>> 1);
  const high = isLittleEndian ? 1 : 0;
  for (let i = 0; i < bytes.length; i++) {
    const unsigned = pcm[2 * i + high]! << 8 | pcm[2 * i + 1 - high]!;
    bytes[i] = toByte(unsigned << 16 >> 16);
  }
  return bytes;
}

function muLawSample(code: number): number {
  const bits = ~code & 0xff;
  const segment = bits >>> 4 & 0b111;
  const magnitude = (((bits & 0b1111) << 3 | MU_BIAS) << segment) - MU_BIAS;
  return bits & 0x80 ? -magnitude : magnitude;
}

function aLawSample(code: number): number {
  const bits = code ^ A_EVEN_BITS;
  const segment = bits >>> 4 & 0b111;
  const step = (bits & 0b1111) << 4 | 0b1000;
  const magnitude = segment === 0 ? step : (step | 0x100) << (segment - 1);
  return bits & 0x80 ? magnitude : -magnitude;
}
