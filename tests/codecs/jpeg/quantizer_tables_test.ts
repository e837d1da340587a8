import {
  JPEG_QUANTIZER_TABLE_BYTES,
  jpegQuantizerTables,
} from "#codecs/jpeg/quantizer_tables.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { QUALITY_50 } from "./samples.ts";

Deno.test("jpegQuantizerTables() gives the tables of the specification for 50 [libjpeg]", () => {
  assertEquals(jpegQuantizerTables(50), QUALITY_50);
});

for (
  const { quality, luma, chroma } of [
    // 5,000 percent: all values reach the limit.
    { quality: 1, luma: [255, 255, 255], chroma: [255, 255, 255] },
    { quality: 25, luma: [32, 22, 24], chroma: [34, 36, 36] },
    { quality: 80, luma: [6, 4, 5], chroma: [7, 7, 7] },
    { quality: 99, luma: [1, 1, 1], chroma: [1, 1, 1] },
  ]
) {
  Deno.test(`jpegQuantizerTables() scales for ${quality}`, () => {
    const tables = jpegQuantizerTables(quality);
    assertEquals([...tables.luma.subarray(0, 3)], luma);
    assertEquals([...tables.chroma.subarray(0, 3)], chroma);
  });
}

Deno.test("jpegQuantizerTables() has 64 values of 1 to 255 for every quality", () => {
  for (let quality = 1; quality <= 99; quality++) {
    const { luma, chroma } = jpegQuantizerTables(quality);
    for (const table of [luma, chroma]) {
      assertEquals(table.length, JPEG_QUANTIZER_TABLE_BYTES);
      assert(table.every((value) => value >= 1));
    }
  }
});
