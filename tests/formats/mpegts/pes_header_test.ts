import {
  emptyPesHeader,
  parsePesHeader,
  pesSizeBytes,
} from "#formats/mpegts/pes_header.ts";
import { assertEquals } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";
import { pesBytes } from "./ts_writer.ts";

const MAX_TICKS = 2 ** 33 - 1;
const PAYLOAD = Uint8Array.of(1, 2, 3);

const PACKETS = [
  {
    name: "two times [GStreamer 1.22]",
    bytes: hex("000001e01aa981c00a314d3fb201114d3f79c1 00"),
    header: {
      ptsTicks: 324_000_000,
      dtsTicks: 323_992_800,
      payloadOffsetBytes: 19,
    },
  },
  {
    name: "the highest times",
    bytes: pesBytes({
      ptsTicks: MAX_TICKS,
      dtsTicks: MAX_TICKS - 1,
      payload: PAYLOAD,
    }),
    header: {
      ptsTicks: MAX_TICKS,
      dtsTicks: MAX_TICKS - 1,
      payloadOffsetBytes: 19,
    },
  },
  {
    name: "one time",
    bytes: pesBytes({ ptsTicks: 2 ** 32 + 5, payload: PAYLOAD }),
    header: { ptsTicks: 2 ** 32 + 5, dtsTicks: -1, payloadOffsetBytes: 14 },
  },
  {
    name: "no time, and stuffing",
    bytes: hex("000001c0000880 00 02 ffff 0102 03"),
    header: { ptsTicks: -1, dtsTicks: -1, payloadOffsetBytes: 11 },
  },
  {
    name: "no more than a length (private stream 2)",
    bytes: hex("000001bf0001 01"),
    header: { ptsTicks: -1, dtsTicks: -1, payloadOffsetBytes: 6 },
  },
];

function hex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll(" ", ""));
}

for (const { name, bytes, header } of PACKETS) {
  Deno.test(`parsePesHeader() reads a header with ${name}`, () => {
    const found = emptyPesHeader();
    assertEquals(parsePesHeader(bytes, found), undefined);
    assertEquals(found, header);
    for (
      const prefix of prefixes(bytes.subarray(0, found.payloadOffsetBytes))
    ) {
      const rejection = parsePesHeader(prefix, found);
      assertEquals(typeof rejection, "string", `${prefix.length} bytes`);
    }
  });
}

Deno.test("parsePesHeader() rejects what cannot be used", () => {
  const rejections = [
    ["000002e00000800000", "pes_bad_start_code"],
    ["000001be0003ffffff", "pes_padding"],
    ["000001e00000900000", "pes_scrambled"],
    ["000001e00000400000", "pes_cut_header"],
    ["000001e00000808004 31313131", "pes_cut_header"],
    ["000001e0000080c005 3131313131", "pes_cut_header"],
  ];
  for (const [bytes, rejection] of rejections) {
    assertEquals(parsePesHeader(hex(bytes!), emptyPesHeader()), rejection);
  }
});

Deno.test("pesSizeBytes() counts everything, or nothing where no length is told", () => {
  assertEquals(pesSizeBytes(hex("000001c00008")), 14);
  assertEquals(pesSizeBytes(hex("000001e00000")), 0);
});

Deno.test("parsePesHeader() never throws, and stays within the packet", () => {
  const seeds = PACKETS.map(({ bytes }) => bytes);
  const header = emptyPesHeader();
  for (const bytes of mutations(seeds)) {
    if (parsePesHeader(bytes, header) !== undefined) continue;
    assertEquals(header.payloadOffsetBytes <= bytes.length, true);
    assertEquals(header.ptsTicks <= MAX_TICKS, true);
  }
});
