/** Identification header of a stream with one channel at 44.1 kHz, blocks of 256 and 2,048 samples [libvorbis]. */
export const IDENTIFICATION_HEX: string = "01" + "766f72626973" +
  "000000000144ac0000000000008038010000000000b801";

/** A setup header as far as its modes go: what stands in front of them is not read. */
export function vorbisSetup(
  longModes: readonly boolean[],
  front: Uint8Array = new Uint8Array(12).fill(0xa5),
  modeCount: number = longModes.length,
): Uint8Array<ArrayBuffer> {
  const bits: number[] = [];
  const push = (value: number, countBits: number) => {
    for (let i = 0; i < countBits; i++) bits.push(value >>> i & 1);
  };
  push(5, 8);
  for (const letter of "vorbis") push(letter.charCodeAt(0), 8);
  for (const byte of front) push(byte, 8);
  push(modeCount - 1, 6);
  for (const isLong of longModes) {
    push(isLong ? 1 : 0, 1);
    push(0, 16);
    push(0, 16);
    push(isLong ? 1 : 0, 8);
  }
  push(1, 1);
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (const [i, bit] of bits.entries()) bytes[i >>> 3]! |= bit << (i & 7);
  return bytes;
}
