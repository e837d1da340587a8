import {
  emptyTsHeader,
  parseTsHeader,
  TS_PACKET_BYTES,
} from "#formats/mpegts/ts_packet.ts";
import { assertEquals } from "#test/assert.ts";

/** One table of headers: what stands behind is zero. */
const HEADERS = [
  {
    name: "of a section [VLC 3.0.21]",
    hex: "474000 10",
    header: { pid: 0, isUnitStart: true, payloadOffsetBytes: 4 },
  },
  {
    name: "that goes on",
    hex: "471fff 1f",
    header: { pid: 0x1fff, continuityCounter: 15, payloadOffsetBytes: 4 },
  },
  {
    name: "with a clock and a place to start [ffmpeg 5.1]",
    hex: "474100 30 0750 00007b0c7e00",
    header: {
      pid: 0x100,
      isUnitStart: true,
      isRandomAccess: true,
      payloadOffsetBytes: 12,
    },
  },
  {
    name: "with a discontinuity and nothing else",
    hex: "470101 25 b780",
    header: { pid: 0x101, continuityCounter: 5, isDiscontinuity: true },
  },
  {
    name: "with an adaptation field of no bytes",
    hex: "470100 31 00",
    header: { pid: 0x100, continuityCounter: 1, payloadOffsetBytes: 5 },
  },
  {
    name: "of a scrambled packet",
    hex: "470100 91",
    header: {
      pid: 0x100,
      isScrambled: true,
      continuityCounter: 1,
      payloadOffsetBytes: 4,
    },
  },
];

for (const { name, hex, header } of HEADERS) {
  Deno.test(`parseTsHeader() reads a header ${name}`, () => {
    const bytes = new Uint8Array(10 + TS_PACKET_BYTES);
    bytes.set(Uint8Array.fromHex(hex.replaceAll(" ", "")), 10);
    const found = emptyTsHeader();
    assertEquals(parseTsHeader(bytes, 10, found), undefined);
    assertEquals(found, { ...emptyTsHeader(), ...header });
  });
}

Deno.test("parseTsHeader() rejects what cannot be used", () => {
  const rejections = [
    ["47810010", "ts_transport_error"],
    ["47010030b8", "ts_bad_adaptation_field"],
    ["47010020ff", "ts_bad_adaptation_field"],
  ];
  for (const [hex, rejection] of rejections) {
    const bytes = new Uint8Array(TS_PACKET_BYTES);
    bytes.set(Uint8Array.fromHex(hex!));
    assertEquals(parseTsHeader(bytes, 0, emptyTsHeader()), rejection);
  }
});
