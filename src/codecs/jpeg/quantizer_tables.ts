/** Values of a quantization table; each is one byte in a baseline image. */
export const JPEG_QUANTIZER_TABLE_BYTES = 64;

/** Luminance at scale 100, in zigzag order. Spec: ITU-T T.81 table K.1. */
const LUMA = Uint8Array.fromHex(
  "100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933" +
    "383740485c4e404457453738506d51575f626768673e4d71797064785c656763",
);

/** Chrominance likewise: the rest of the values are 99. Spec: ITU-T T.81 table K.2. */
const CHROMA = Uint8Array.fromHex(
  "1112121815182f1a1a2f634238426363".padEnd(
    2 * JPEG_QUANTIZER_TABLE_BYTES,
    "63",
  ),
);

/** The two tables of an image, values in zigzag order. */
export interface JpegQuantizerTables {
  readonly luma: Uint8Array;
  readonly chroma: Uint8Array;
}

/**
 * Computes the tables that a quality stands for.
 *
 * Input: 1 to 99. Output: 50 gives the tables of the JPEG specification, 99 the finest.
 * Spec: RFC 2435 §4.2, appendix A.
 */
export function jpegQuantizerTables(quality: number): JpegQuantizerTables {
  const scalePercent = quality < 50
    ? Math.floor(5_000 / quality)
    : 200 - quality * 2;
  return {
    luma: scaled(LUMA, scalePercent),
    chroma: scaled(CHROMA, scalePercent),
  };
}

function scaled(table: Uint8Array, scalePercent: number): Uint8Array {
  return table.map((value) =>
    Math.min(255, Math.max(1, Math.floor((value * scalePercent + 50) / 100)))
  );
}
