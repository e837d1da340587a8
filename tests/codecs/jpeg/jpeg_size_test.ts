import { jpegSize } from "#codecs/jpeg/jpeg_size.ts";
import { assertEquals } from "#test/assert.ts";
import { JPEG_IMAGES } from "./samples.ts";

for (const { name, bytes, headers } of JPEG_IMAGES) {
  Deno.test(`jpegSize() reads ${name}`, () => {
    const { width, height } = headers;
    assertEquals(jpegSize(bytes), { width, height });
  });
}

const CASES = [
  ["a progressive image", "ffd8ffc2001108016802800301220002110103", [640, 360]],
  ["fill bytes before a marker", "ffd8ffffffc00011080001000203", [2, 1]],
  ["no image", "00d8ffc00011080001000203", undefined],
  ["no start", "ffd9ffc00011080001000203", undefined],
  [
    "Huffman tables, which have a marker of the range",
    "ffd8ffc40002",
    undefined,
  ],
  ["a scan before the frame", "ffd8ffda000c0102030405060708", undefined],
  ["a frame without height", "ffd8ffc0001108000000020301", undefined],
  ["a segment that is no marker", "ffd8000000000000000000000000", undefined],
  ["nothing", "", undefined],
] as const;

for (const [name, hex, size] of CASES) {
  Deno.test(`jpegSize() knows ${name}`, () => {
    const wanted = size && { width: size[0], height: size[1] };
    assertEquals(jpegSize(Uint8Array.fromHex(hex)), wanted);
  });
}

Deno.test("jpegSize() of a prefix is that of the whole image, or unknown", () => {
  const { bytes, headers: { width, height } } = JPEG_IMAGES[0]!;
  for (let length = 0; length < bytes.length; length++) {
    const found = jpegSize(bytes.subarray(0, length));
    if (found !== undefined) assertEquals(found, { width, height });
  }
});

Deno.test("jpegSize() passes over a limited number of segments", () => {
  const segments = "fffe0002".repeat(300);
  const image = Uint8Array.fromHex(`ffd8${segments}ffc00011080001000203`);
  assertEquals(jpegSize(image), undefined);
});
