const UNITS = "BKMGTPE";

/** Longest text looked at; no sensible size comes near. */
const MAX_SIZE_CHARS = 32;

/**
 * Reads a size as configuration files write it: `50M`, `1.5 GiB`, `900kb`; units are powers of 1024.
 *
 * Output: whole bytes.
 * Spec: MediaMTX's configuration file.
 *
 * @throws {RangeError} if the text is no positive number with a unit.
 */
export function parseByteSize(text: string): number {
  const match = text.length <= MAX_SIZE_CHARS &&
    /^\s*(\d+\.?\d*|\.\d+)\s*(B|([KMGTPE])(?:i?B)?)\s*$/i.exec(text);
  const amount = match ? Number(match[1]) : 0;
  if (!match || amount === 0) {
    throw new RangeError(
      "byte quantity must be a positive integer with a unit of measurement like M, MB, MiB, G, GiB, or GB",
    );
  }
  const exponent = UNITS.indexOf((match[3] ?? "B").toUpperCase());
  return Math.floor(amount * 1024 ** exponent);
}

/** Writes bytes in the largest unit that fits, with one decimal at most: `50M`, `1.5G`, `0B`. */
export function printByteSize(sizeBytes: number): string {
  let exponent = 0;
  while (exponent < UNITS.length - 1 && sizeBytes >= 1024 ** (exponent + 1)) {
    exponent++;
  }
  const amount = (sizeBytes / 1024 ** exponent).toFixed(1);
  return amount.replace(/\.0$/, "") + UNITS[exponent]!;
}
