const POLYNOMIAL = 0x04c1_1db7;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte << 24;
  for (let bit = 0; bit < 8; bit++) {
    remainder = remainder < 0 ? remainder << 1 ^ POLYNOMIAL : remainder << 1;
  }
  return remainder;
});

/**
 * CRC_32 of sections, unsigned; 0 over bytes that end with their own.
 *
 * Spec: ISO/IEC 13818-1 annex A.
 */
export function mpegCrc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc = crc << 8 ^ TABLE[(crc >>> 24 ^ byte) & 0xff]!;
  }
  return crc >>> 0;
}
