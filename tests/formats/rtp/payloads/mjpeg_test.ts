import { ParseError } from "#base/errors.ts";
import { jpegQuantizerTables } from "#codecs/jpeg/quantizer_tables.ts";
import { parseJpegImage, serializeJpegImage } from "#codecs/jpeg/jpeg_image.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { mjpegPayloadFormat } from "#formats/rtp/payloads/mjpeg.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";
import { JPEG_IMAGES, QUALITY_50 } from "../../../codecs/jpeg/samples.ts";

const PLAIN: RtpFormatDescription = {
  mediaType: "video",
  payloadType: 26,
  encodingName: "JPEG",
  clockRateHz: 90_000,
  channelCount: undefined,
  fmtp: new Map(),
};

const TABLES = QUALITY_50.luma.toHex() + QUALITY_50.chroma.toHex();
/** The fewest bytes that a packet must have room for. */
const SMALL = 160;

const depacketizer = mjpegPayloadFormat.openDepacketizer({ codec: "mjpeg" });

function fromHex(...hexes: readonly string[]): Uint8Array[] {
  return hexes.map((hex) => Uint8Array.fromHex(hex));
}

function packetize(image: Uint8Array, maxPayloadBytes: number) {
  return mjpegPayloadFormat.openPacketizer({ codec: "mjpeg" }, maxPayloadBytes)
    .packetize([image], true);
}

Deno.test("mjpegPayloadFormat is the static payload type 26", () => {
  const { parseDescription, describe } = mjpegPayloadFormat;
  assertEquals(describe({ codec: "mjpeg" }), PLAIN);
  for (const encodingName of ["JPEG", "jpeg"]) {
    const parameters = parseDescription({ ...PLAIN, encodingName });
    assertEquals(parameters, { codec: "mjpeg" });
  }
  for (
    const other of [
      { ...PLAIN, encodingName: "JPEG2000" },
      { ...PLAIN, clockRateHz: 8_000 },
    ]
  ) assertEquals(parseDescription(other), undefined);
});

Deno.test("M-JPEG inspect() takes every unit for a start", () => {
  const summary = { isRandomAccess: true, parameters: undefined };
  for (const payloads of [[], fromHex("00"), fromHex("0000000001ff0402")]) {
    assertEquals(depacketizer.inspect(payloads), summary);
  }
});

const READ = [{
  name: "Q 50, type 0",
  payloads: ["000000000032" + "0201" + "0102030405", "000000050032" + "020106"],
  image: {
    width: 16,
    height: 8,
    chromaSubsampling: "4:2:2",
    restartIntervalMcus: 0,
    ...QUALITY_50,
  },
  scan: "010203040506",
}, {
  name: "Q 99, type 65, restart markers",
  payloads: [
    "00000000416304020014ffff" + "0102ffd0",
    "00000004416304020014ffff" + "03",
  ],
  image: {
    width: 32,
    height: 16,
    chromaSubsampling: "4:2:0",
    restartIntervalMcus: 20,
    ...jpegQuantizerTables(99),
  },
  scan: "0102ffd003",
}, {
  name: "Q 255, two tables",
  payloads: ["0000000001ffffff" + "00000080" + TABLES + "01"],
  image: {
    width: 2_040,
    height: 2_040,
    chromaSubsampling: "4:2:0",
    restartIntervalMcus: 0,
    ...QUALITY_50,
  },
  scan: "01",
}, {
  name: "Q 128, one table for everything [ffmpeg 5.1]",
  payloads: ["0000000001800402" + "00000040" + QUALITY_50.luma.toHex() + "01"],
  image: {
    width: 32,
    height: 16,
    chromaSubsampling: "4:2:0",
    restartIntervalMcus: 0,
    luma: QUALITY_50.luma,
    chroma: QUALITY_50.luma,
  },
  scan: "01",
}, {
  name: "an odd field, EOI at the end",
  payloads: [
    "01000000013204020102" + "ffd9",
  ],
  image: {
    width: 32,
    height: 16,
    chromaSubsampling: "4:2:0",
    restartIntervalMcus: 0,
    ...QUALITY_50,
  },
  scan: "0102",
}] as const;

for (const { name, payloads, image, scan } of READ) {
  Deno.test(`M-JPEG extract() puts an image together: ${name}`, () => {
    const [jpeg] = depacketizer.extract(fromHex(...payloads));
    assertEquals(parseJpegImage(jpeg!), {
      ...image,
      scan: Uint8Array.fromHex(scan),
    });
    assertEquals([...jpeg!.subarray(-2)], [0xff, 0xd9]);
  });
}

const REJECTED = [
  { name: "no packet", payloads: [], field: "scan" },
  { name: "no data", payloads: ["0000000001320402"], field: "scan" },
  {
    name: "a missing first fragment",
    payloads: ["000000050132040201"],
    field: "Fragment Offset",
  },
  {
    name: "a missing fragment",
    payloads: ["000000000132040201", "000000020132040201"],
    field: "Fragment Offset",
  },
  { name: "a cut header", payloads: ["00000000013204"], field: "Height" },
  {
    name: "a cut header of a later fragment",
    payloads: ["000000000132040201", "00000001013204"],
    field: "Restart Marker header",
  },
  { name: "type 2", payloads: ["000000000232040201"], field: "Type" },
  { name: "type 66", payloads: ["00000000423204020001ffff"], field: "Type" },
  { name: "type 128", payloads: ["000000008032040201"], field: "Type" },
  { name: "Q 0", payloads: ["000000000100040201"], field: "Q" },
  { name: "Q 100", payloads: ["000000000164040201"], field: "Q" },
  {
    name: "a size that is told elsewhere [GStreamer, over 2,040 pixels]",
    payloads: ["000000000132000001"],
    field: "Width",
  },
  {
    name: "tables of another image",
    payloads: ["00000000018004020000000001"],
    field: "Length",
  },
  {
    name: "tables of 16 bits",
    payloads: ["0000000001ff040200030100" + TABLES + TABLES + "01"],
    field: "Precision",
  },
  {
    name: "half a table",
    payloads: ["0000000001ff0402000000600102"],
    field: "Length",
  },
  {
    name: "five tables",
    payloads: ["0000000001ff0402000001400102"],
    field: "Length",
  },
  {
    name: "cut tables",
    payloads: ["0000000001ff0402000000800102"],
    field: "Quantization Table Data",
  },
  {
    name: "a cut restart header",
    payloads: ["0000000041320402000a"],
    field: "Restart Count",
  },
];

for (const { name, payloads, field } of REJECTED) {
  Deno.test(`M-JPEG extract() rejects ${name}`, () => {
    const error = assertThrows(
      () => depacketizer.extract(fromHex(...payloads)),
      ParseError,
    );
    assertEquals(error.field, field);
  });
}

Deno.test("M-JPEG packetize() writes tables in the first fragment, offsets and the marker", () => {
  const scan = Uint8Array.from({ length: 300 }, (_, i) => i % 251);
  const image = serializeJpegImage({
    ...QUALITY_50,
    width: 644,
    height: 362,
    chromaSubsampling: "4:2:0",
    restartIntervalMcus: 0,
    scan,
  });
  const hex = scan.toHex();
  // 644x362 pixels are 81x46 blocks.
  assertEquals(
    packetize(image, SMALL).map(({ bytes, marker, offsetTicks }) => [
      bytes.toHex(),
      marker,
      offsetTicks,
    ]),
    [
      [
        "0000000001ff512e" + "00000080" + TABLES + hex.slice(0, 40),
        false,
        0,
      ],
      ["0000001401ff512e" + hex.slice(40, 344), false, 0],
      ["000000ac01ff512e" + hex.slice(344), true, 0],
    ],
  );
});

Deno.test("M-JPEG packetize() writes a restart header in every fragment", () => {
  const { headers } = JPEG_IMAGES[1];
  const image = serializeJpegImage({
    ...headers,
    restartIntervalMcus: 20,
    scan: new Uint8Array(40).fill(7),
  });
  assertEquals(
    packetize(image, SMALL).map(({ bytes }) => bytes.toHex()),
    [
      "0000000040ff0201" + "0014ffff" + "00000080" + TABLES + "07".repeat(16),
      "0000001040ff0201" + "0014ffff" + "07".repeat(24),
    ],
  );
});

for (const { name, bytes, headers, scan } of JPEG_IMAGES) {
  Deno.test(`M-JPEG packetize() and extract() agree at every payload size on ${name}`, () => {
    for (let size = SMALL; size < 400; size++) {
      for (const restartIntervalMcus of [0, 4]) {
        const image = { ...headers, restartIntervalMcus, scan };
        const payloads = packetize(serializeJpegImage(image), size);
        assert(payloads.every((payload) => payload.bytes.length <= size));
        assertEquals(
          payloads.findIndex(({ marker }) => marker) + 1,
          payloads.length,
        );
        const parts = depacketizer.extract(payloads.map((one) => one.bytes));
        assertEquals(parseJpegImage(parts[0]!), image);
      }
    }
  });

  Deno.test(`M-JPEG packetize() takes ${name} as it is`, () => {
    const payloads = packetize(bytes, 1_400).map((one) => one.bytes);
    const parts = depacketizer.extract(payloads);
    assertEquals(parseJpegImage(parts[0]!), parseJpegImage(bytes));
  });
}

Deno.test("M-JPEG packetize() rejects what the format cannot carry", () => {
  const { headers, scan } = JPEG_IMAGES[0];
  for (
    const [image, field] of [
      [{ ...headers, width: 2_041, scan }, "X"],
      [{ ...headers, height: 2_041, scan }, "X"],
      [{ ...headers, scan: new Uint8Array() }, "scan"],
      [{ ...headers, scan: new Uint8Array(2 ** 24 + 1) }, "scan"],
    ] as const
  ) {
    const error = assertThrows(
      () => packetize(serializeJpegImage(image), 1_400),
      ParseError,
    );
    assertEquals(error.field, field);
  }
  assertThrows(() => packetize(Uint8Array.of(1, 2, 3), 1_400), ParseError);
});

Deno.test("M-JPEG extract() throws only ParseError, inspect() never", () => {
  const seeds = READ.flatMap(({ payloads }) => fromHex(...payloads));
  for (const bytes of mutations(seeds)) {
    const payloads = [bytes, seeds[1]!];
    depacketizer.inspect(payloads);
    try {
      depacketizer.extract(payloads);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
