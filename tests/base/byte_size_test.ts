import { parseByteSize, printByteSize } from "#base/byte_size.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

/** Text, bytes, and the text that is printed for them. */
const SIZES: [text: string, sizeBytes: number, printed: string][] = [
  ["1B", 1, "1B"],
  ["1023b", 1_023, "1023B"],
  ["1K", 1_024, "1K"],
  ["1kb", 1_024, "1K"],
  ["1KiB", 1_024, "1K"],
  ["50M", 52_428_800, "50M"],
  ["50MB", 52_428_800, "50M"],
  ["50mib", 52_428_800, "50M"],
  ["1.5G", 1_610_612_736, "1.5G"],
  ["1.5GiB", 1_610_612_736, "1.5G"],
  [".5k", 512, "512B"],
  ["2T", 2 * 1024 ** 4, "2T"],
  ["3P", 3 * 1024 ** 5, "3P"],
  ["1E", 1024 ** 6, "1E"],
  ["1024G", 1024 ** 4, "1T"],
  [" 7 M ", 7 * 1024 ** 2, "7M"],
];

for (const [text, sizeBytes, printed] of SIZES) {
  Deno.test(`parseByteSize() reads '${text}'`, () => {
    assertEquals(parseByteSize(text), sizeBytes);
    assertEquals(printByteSize(sizeBytes), printed);
    assertEquals(parseByteSize(printed), sizeBytes);
  });
}

Deno.test("printByteSize() writes zero as 0B", () => {
  assertEquals(printByteSize(0), "0B");
});

for (
  const text of [
    "",
    "5",
    "M",
    "0M",
    "-5M",
    "5X",
    "5 M B",
    "1e3M",
    "5iB",
    "1".repeat(40) + "M",
  ]
) {
  Deno.test(`parseByteSize() refuses '${text.slice(0, 20)}'`, () => {
    assertEquals(
      assertThrows(() => parseByteSize(text), RangeError).message,
      "byte quantity must be a positive integer with a unit of measurement like M, MB, MiB, G, GiB, or GB",
    );
  });
}
