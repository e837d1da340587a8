import { ParseError } from "#base/errors.ts";
import { parseJpegImage, serializeJpegImage } from "#codecs/jpeg/jpeg_image.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";
import {
  HUFFMAN_SEGMENT,
  JPEG_IMAGES,
  jpegOf,
  SCAN_420,
  type Segment,
  SEGMENTS_420,
  SHARED_TABLE,
} from "./samples.ts";

const EOI = Uint8Array.of(0xff, 0xd9);

for (const { name, bytes, headers, scan } of JPEG_IMAGES) {
  Deno.test(`parseJpegImage() reads ${name}`, () => {
    const before = bytes.slice();
    assertEquals(parseJpegImage(bytes), { ...headers, scan });
    assertEquals(bytes, before, "input must stay untouched");
  });

  Deno.test(`parseJpegImage() rejects every prefix of the headers of ${name}`, () => {
    const scanOffset = bytes.length - scan.length - EOI.length;
    for (const prefix of prefixes(bytes.subarray(0, scanOffset))) {
      assertThrows(() => parseJpegImage(prefix), ParseError);
    }
  });

  Deno.test(`serializeJpegImage() and parseJpegImage() agree on ${name}`, () => {
    for (const restartIntervalMcus of [0, 20, 65_535]) {
      const image = { ...headers, restartIntervalMcus, scan };
      assertEquals(parseJpegImage(serializeJpegImage(image)), image);
    }
  });
}

Deno.test("serializeJpegImage() writes JFIF, one EOI at the end", () => {
  const { headers, scan } = JPEG_IMAGES[0];
  const quantizers = [0, ...SHARED_TABLE, 1, ...SHARED_TABLE];
  const table = (from: number, to?: number) =>
    HUFFMAN_SEGMENT.subarray(from, to);
  const golden = jpegOf([
    [0xe0, "4a46494600010200000100010000"],
    [0xdb, Uint8Array.from(quantizers)],
    [0xdd, "0014"],
    [0xc0, "080010002003012200021101031101"],
    [
      0xc4,
      Uint8Array.from([
        ...table(0, 29),
        ...table(58, 237),
        ...table(29, 58),
        ...table(237),
      ]),
    ],
    [0xda, "03010002110311003f00"],
  ], Uint8Array.from([...SCAN_420, ...EOI]));
  const image = { ...headers, restartIntervalMcus: 20, scan };
  assertEquals(serializeJpegImage(image), golden);
  const withEoi = Uint8Array.from([...scan, ...EOI]);
  assertEquals(serializeJpegImage({ ...image, scan: withEoi }), golden);
});

/** Replaces a segment; without content, leaves it out. */
function replaced(marker: number, ...instead: Segment[]): Uint8Array {
  return jpegOf(
    SEGMENTS_420.flatMap((segment) =>
      segment[0] === marker ? instead : [segment]
    ),
    Uint8Array.from([...SCAN_420, ...EOI]),
  );
}

const FRAME = "0800100020030122000211000311";

Deno.test("parseJpegImage() takes images without Huffman tables [AVI]", () => {
  assertEquals(parseJpegImage(replaced(0xc4)).scan, SCAN_420);
});

Deno.test("parseJpegImage() takes two equal tables of Cb and Cr [logitech c920]", () => {
  const bytes = replaced(0xc0, [0xc0, `${FRAME}01`]);
  assertEquals(parseJpegImage(bytes).chroma, SHARED_TABLE);
});

Deno.test("parseJpegImage() passes over fill bytes, comments and what follows EOI", () => {
  const { bytes, headers, scan } = JPEG_IMAGES[0];
  const padded = Uint8Array.from([
    ...[0xff, 0xd8, 0xff, 0xff, 0xfe, 0, 3, 1],
    ...bytes.subarray(2),
    ...bytes,
  ]);
  assertEquals(parseJpegImage(padded), { ...headers, scan });
});

Deno.test("parseJpegImage() takes the scan up to EOI, restart markers and stuffed bytes included", () => {
  for (
    const [tail, scanHex] of [
      ["0102ff0003ffd004ffd705ffd9", "0102ff0003ffd004ffd705"],
      ["0102", "0102"],
      ["0102ff", "0102ff"],
      ["01ffffd9", "01ff"],
      ["ffd9", ""],
    ] as const
  ) {
    const bytes = jpegOf(SEGMENTS_420, Uint8Array.fromHex(tail));
    assertEquals(parseJpegImage(bytes).scan.toHex(), scanHex);
  }
});

const REJECTED: { name: string; bytes: Uint8Array; field: string }[] = [
  { name: "no image", bytes: Uint8Array.of(0xff, 0xd9, 1), field: "SOI" },
  {
    name: "a progressive image",
    bytes: replaced(0xc0, [0xc2, `${FRAME}00`]),
    field: "SOF",
  },
  {
    name: "an arithmetic-coded image",
    bytes: replaced(0xc0, [0xcc, "0010"]),
    field: "SOF",
  },
  { name: "an image without a frame", bytes: replaced(0xc0), field: "SOF" },
  {
    name: "12 bits a sample",
    bytes: replaced(0xc0, [0xc0, `0c${FRAME.slice(2)}00`]),
    field: "P",
  },
  {
    name: "an unknown height",
    bytes: replaced(0xc0, [0xc0, "0800000020030122000211000311" + "00"]),
    field: "X",
  },
  {
    name: "a grey image",
    bytes: replaced(0xc0, [0xc0, "080010002001012200"]),
    field: "Nf",
  },
  {
    name: "4:4:4",
    bytes: replaced(0xc0, [0xc0, "080010002003011100021100031100"]),
    field: "H",
  },
  {
    name: "4:2:2 with units of 2x2 [ffmpeg 5.1 yuvj422p]",
    bytes: replaced(0xc0, [0xc0, "080010002003012200021200031200"]),
    field: "H",
  },
  { name: "no quantizers", bytes: replaced(0xdb), field: "Tq" },
  {
    name: "quantizers of 16 bits",
    bytes: replaced(0xdb, [0xdb, "10".padEnd(258, "01")]),
    field: "Pq",
  },
  {
    name: "a fifth quantizer",
    bytes: replaced(0xdb, [0xdb, "04".padEnd(130, "01")]),
    field: "Pq",
  },
  {
    name: "quantizers past the end of their segment",
    bytes: replaced(0xdb, [0xdb, "00".padEnd(128, "01")]),
    field: "segment 0xdb",
  },
  {
    name: "other tables for Cb than for Cr",
    bytes: replaced(
      0xc0,
      [0xdb, "01".padEnd(130, "02")],
      [0xc0, `${FRAME}01`],
    ),
    field: "Tq",
  },
  {
    name: "optimised Huffman tables",
    bytes: replaced(0xc4, [0xc4, HUFFMAN_SEGMENT.with(20, 0x0b)]),
    field: "Td",
  },
  {
    name: "a Huffman table of a third class",
    bytes: replaced(0xc4, [0xc4, HUFFMAN_SEGMENT.with(0, 0x20)]),
    field: "Tc",
  },
  {
    name: "a Huffman table that nobody defined",
    bytes: replaced(0xda, [0xda, "03012202110311003f00"]),
    field: "Td",
  },
  {
    name: "a scan of one component",
    bytes: replaced(0xda, [0xda, "010100003f00"]),
    field: "Ns",
  },
  {
    name: "components out of order",
    bytes: replaced(0xda, [0xda, "03021101000311003f00"]),
    field: "Cs",
  },
  {
    name: "a second scan",
    bytes: jpegOf(SEGMENTS_420, Uint8Array.fromHex("0102ffda0003")),
    field: "scan",
  },
  {
    name: "EOI before the scan",
    bytes: Uint8Array.fromHex("ffd8ffd90000"),
    field: "marker",
  },
  {
    name: "garbage between segments",
    bytes: Uint8Array.fromHex("ffd8fee00002"),
    field: "marker",
  },
  {
    name: "a segment without room for its length",
    bytes: Uint8Array.fromHex("ffd8ffe00001"),
    field: "segment 0xe0",
  },
];

for (const { name, bytes, field } of REJECTED) {
  Deno.test(`parseJpegImage() rejects ${name}`, () => {
    const error = assertThrows(() => parseJpegImage(bytes), ParseError);
    assertEquals(error.field, field);
  });
}

Deno.test("parseJpegImage() throws only ParseError", () => {
  for (const bytes of mutations(JPEG_IMAGES.map((image) => image.bytes))) {
    try {
      parseJpegImage(bytes);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
