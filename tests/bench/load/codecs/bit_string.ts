/** Fixed-length field of a bit string. */
export function u(lengthBits: number, value: number): string {
  return value.toString(2).padStart(lengthBits, "0");
}

/** Exp-Golomb field of a bit string. */
export function ue(value: number): string {
  const digits = (value + 1).toString(2);
  return "0".repeat(digits.length - 1) + digits;
}

/** The fields as bytes, filled up with zero bits. */
export function bitsToBytes(fields: readonly string[]): number[] {
  const bits = fields.join("");
  const lengthBytes = Math.ceil(bits.length / 8);
  const filled = bits.padEnd(lengthBytes * 8, "0");
  return Array.from(
    { length: lengthBytes },
    (_, i) => parseInt(filled.slice(i * 8, i * 8 + 8), 2),
  );
}
