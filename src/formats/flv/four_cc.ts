/** A FourCC as the number that stands on the wire, e.g. 0x68766331 for `"hvc1"`. */
export function fourCcNumber(fourCc: string): number {
  let number = 0;
  for (let i = 0; i < 4; i++) number = number << 8 | fourCc.charCodeAt(i);
  return number >>> 0;
}

/** A FourCC from the wire as text, for messages: what cannot be printed becomes `?`. */
export function fourCcText(number: number): string {
  const bytes = [number >>> 24, number >>> 16, number >>> 8, number];
  return String.fromCharCode(...bytes.map((byte) => byte & 0xff))
    .replace(/[^ -~]/g, "?");
}
