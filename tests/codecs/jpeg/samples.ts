/** Content of the DHT segment of images of ffmpeg 5.1, `huffman=default`: luminance before chrominance, DC first. */
export const HUFFMAN_SEGMENT = Uint8Array.fromHex(
  "0000010501010101010100000000000000000102030405060708090a0b010003" +
    "0101010101010101010000000000000102030405060708090a0b100002010303" +
    "020403050504040000017d010203000411051221314106135161072271143281" +
    "91a1082342b1c11552d1f02433627282090a161718191a25262728292a343536" +
    "3738393a434445464748494a535455565758595a636465666768696a73747576" +
    "7778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3" +
    "b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7" +
    "e8e9eaf1f2f3f4f5f6f7f8f9fa11000201020404030407050404000102770001" +
    "02031104052131061241510761711322328108144291a1b1c109233352f01562" +
    "72d10a162434e125f11718191a262728292a35363738393a434445464748494a" +
    "535455565758595a636465666768696a737475767778797a8283848586878889" +
    "8a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5" +
    "c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa",
);

/** Luminance and chrominance table of quality 50, as libjpeg writes them. */
export const QUALITY_50 = {
  luma: Uint8Array.fromHex(
    "100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933" +
      "383740485c4e404457453738506d51575f626768673e4d71797064785c656763",
  ),
  chroma: Uint8Array.fromHex(
    "1112121815182f1a1a2f63423842636363636363636363636363636363636363" +
      "6363636363636363636363636363636363636363636363636363636363636363",
  ),
} as const;

/** Table of an image of ffmpeg 5.1 whose components share it. */
export const SHARED_TABLE = Uint8Array.fromHex(
  "0828282f282f373737373737413c414343434141414143434348484855555548" +
    "484843434848505055555c5f5c575755575f5f646464787873738c8c91acaccf",
);

/** Entropy-coded data of one image of 32x16, 4:2:0. */
export const SCAN_420 = Uint8Array.fromHex(
  "f2ef9cb10bf5edc7e26bb049a752403db3d1718f5ce318ac94c7ef17a93b4e3d" +
    "71d6ba004797b31cf5d9df1bb38fae3f1af1ab55755eab4be89eb6b9eece9ae7" +
    "d5fc37b3fc2cbfaf91e69f3c6c33c1ea3a1e0fa76ae9a3965e769fd07f5aaee7" +
    "1e528f9482c707f87272335763e7cc07e62483c7f160f38afa29559b8ddb7f7b" +
    "fe6b5fd3aee71b8a7171e8fa7c93b7af4d8f",
);

/** Entropy-coded data of one image of 16x8, 4:2:2. */
export const SCAN_422 = Uint8Array.fromHex("e1e8a00f");

/** A segment of an image: marker and content. */
export type Segment = readonly [marker: number, content: Uint8Array | string];

/** Puts an image together; content may be hexadecimal. */
export function jpegOf(
  segments: readonly Segment[],
  tail: Uint8Array,
): Uint8Array {
  const bytes = [0xff, 0xd8];
  for (const [marker, content] of segments) {
    const body = typeof content === "string"
      ? Uint8Array.fromHex(content)
      : content;
    const lengthBytes = body.length + 2;
    bytes.push(0xff, marker, lengthBytes >> 8, lengthBytes & 0xff, ...body);
  }
  return Uint8Array.from([...bytes, ...tail]);
}

const EOI = [0xff, 0xd9];

function quantizers(...tables: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(tables.flatMap((table, id) => [id, ...table]));
}

/** Segments of the 4:2:0 image of ffmpeg 5.1, without APP0 and comments. */
export const SEGMENTS_420: readonly Segment[] = [
  [0xdb, quantizers(SHARED_TABLE, SHARED_TABLE)],
  [0xc4, HUFFMAN_SEGMENT],
  [0xc0, "080010002003012200021100031100"],
  [0xda, "03010002110311003f00"],
];

/** Images of real encoders. */
export const JPEG_IMAGES = [{
  name: "4:2:0, one table for all components [ffmpeg 5.1]",
  bytes: jpegOf(
    [[0xe0, "4a46494600010200000100010000"], ...SEGMENTS_420],
    Uint8Array.from([...SCAN_420, ...EOI]),
  ),
  headers: {
    width: 32,
    height: 16,
    chromaSubsampling: "4:2:0",
    restartIntervalMcus: 0,
    luma: SHARED_TABLE,
    chroma: SHARED_TABLE,
  },
  scan: SCAN_420,
}, {
  name: "4:2:2, a DHT segment for each table [GStreamer jpegenc]",
  bytes: jpegOf(
    [
      [0xe0, "4a46494600010100000100010000"],
      [0xdb, Uint8Array.from([0, ...QUALITY_50.luma])],
      [0xdb, Uint8Array.from([1, ...QUALITY_50.chroma])],
      [0xc0, "080008001003012100021101031101"],
      [0xc4, HUFFMAN_SEGMENT.subarray(0, 29)],
      [0xc4, HUFFMAN_SEGMENT.subarray(58, 237)],
      [0xc4, HUFFMAN_SEGMENT.subarray(29, 58)],
      [0xc4, HUFFMAN_SEGMENT.subarray(237)],
      [0xda, "03010002110311003f00"],
    ],
    Uint8Array.from([...SCAN_422, ...EOI]),
  ),
  headers: {
    width: 16,
    height: 8,
    chromaSubsampling: "4:2:2",
    restartIntervalMcus: 0,
    ...QUALITY_50,
  },
  scan: SCAN_422,
}] as const;
