import {
  MAX_RTCP_PACKETS_PER_COMPOUND,
  parseRtcpCompound,
  type RtcpRejection,
} from "#formats/rtp/rtcp/parse_compound.ts";
import type { WritableRtcpPacket } from "#formats/rtp/rtcp/rtcp_packet.ts";
import {
  serializeRtcpCompound,
  sourceDescription,
} from "#formats/rtp/rtcp/serialize_compound.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

const BLOCK = {
  ssrc: 0x0a0b0c0d,
  fractionLost: 64,
  cumulativeLost: -2,
  extendedHighestSequenceNumber: 0x0001_ffff,
  jitterTicks: 300,
  lastSenderReport: 0xb705_2000,
  delaySinceLastSenderReport: 0x0005_4000,
};
const BLOCK_HEX = "0a0b0c0d40fffffe0001ffff0000012cb705200000054000";

const COMPOUNDS: {
  name: string;
  hex: string;
  packets: WritableRtcpPacket[];
}[] = [
  {
    name: "a sender report and its name",
    hex: "80c80006010203 04e9011b8080000000fffffffe0000000a000003e8" +
      "81ca0003 01020304 0104 77656972 0000",
    packets: [{
      type: "senderReport",
      ssrc: 0x01020304,
      ntp: { seconds: 0xe901_1b80, fraction: 0x8000_0000 },
      rtpTimestampTicks: 0xffff_fffe,
      packetCount: 10,
      octetCount: 1000,
      reportBlocks: [],
    }, sourceDescription(0x01020304, "weir")],
  },
  {
    name: "a receiver report with two blocks",
    hex: `82c9000d01020304${BLOCK_HEX}${BLOCK_HEX}`,
    packets: [{
      type: "receiverReport",
      ssrc: 0x01020304,
      reportBlocks: [BLOCK, BLOCK],
    }],
  },
  {
    name: "an empty receiver report and a bye",
    hex: "80c9000101020304 82cb00020102030405060708",
    packets: [
      { type: "receiverReport", ssrc: 0x01020304, reportBlocks: [] },
      { type: "bye", ssrcs: [0x01020304, 0x05060708] },
    ],
  },
  {
    name: "two names of two lengths",
    hex: "82ca0005 00000001 01016100 00000002 0102 6263 00000000",
    packets: [{
      type: "sourceDescription",
      sources: [{ ssrc: 1, cname: "a" }, { ssrc: 2, cname: "bc" }],
    }],
  },
];

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(hex.replaceAll(" ", ""));
}

for (const { name, hex, packets } of COMPOUNDS) {
  Deno.test(`parseRtcpCompound() reads ${name}`, () => {
    const bytes = bytesOf(hex);
    assertEquals(parseRtcpCompound(bytes), packets);
    assertEquals(bytes, bytesOf(hex), "input must stay untouched");
  });

  Deno.test(`serializeRtcpCompound() writes ${name}`, () => {
    assertEquals(serializeRtcpCompound(packets).toHex(), bytesOf(hex).toHex());
  });

  Deno.test(`parseRtcpCompound() rejects every prefix of ${name} that cuts a packet`, () => {
    for (const prefix of prefixes(bytesOf(hex))) {
      const parsed = parseRtcpCompound(prefix);
      if (typeof parsed !== "string") assert(parsed.length < packets.length);
    }
  });
}

const ACCEPTED = [
  {
    name: "items beside CNAME",
    hex: "81ca0004 00000001 0201 78 0101 61 0601 79 0000 00",
    parsed: [sourceDescription(1, "a")],
  },
  {
    name: "a last chunk without end mark",
    hex: "81ca0002 00000001 01026162",
    parsed: [sourceDescription(1, "ab")],
  },
  {
    name: "a chunk without items",
    hex: "81ca0002 00000001 00000000",
    parsed: [sourceDescription(1, "")],
  },
  {
    name: "a report with a profile's extension",
    hex: "80c90002 00000001 ffffffff",
    parsed: [{ type: "receiverReport", ssrc: 1, reportBlocks: [] }],
  },
  {
    name: "a bye with a reason",
    hex: "81cb0002 00000001 03627965",
    parsed: [{ type: "bye", ssrcs: [1] }],
  },
  {
    name: "padding",
    hex: "a1cb0002 00000001 00000004",
    parsed: [{ type: "bye", ssrcs: [1] }],
  },
  {
    name: "an unknown type",
    hex: "80cf0001 00000001 80c90001 00000002",
    parsed: [{ type: "receiverReport", ssrc: 2, reportBlocks: [] }],
  },
  {
    name: "feedback and application packets",
    hex:
      "81ce0002 00000001 00000002 81cd0002 00000001 00000002 80cc0002 00000001 41424344",
    parsed: [{ type: "payloadFeedback" }, { type: "transportFeedback" }, {
      type: "application",
    }],
  },
];

for (const { name, hex, parsed } of ACCEPTED) {
  Deno.test(`parseRtcpCompound() accepts ${name}`, () => {
    assertEquals(parseRtcpCompound(bytesOf(hex)), parsed);
  });
}

const REJECTED: { name: string; hex: string; rejection: RtcpRejection }[] = [
  { name: "three bytes", hex: "80c900", rejection: "rtcp_too_short" },
  { name: "version 1", hex: "40c9000101020304", rejection: "rtcp_bad_version" },
  {
    name: "a cut packet",
    hex: "80c9000201020304",
    rejection: "rtcp_bad_length",
  },
  {
    name: "a cut header",
    hex: "80c900010102030480c9",
    rejection: "rtcp_bad_length",
  },
  {
    name: "padding of zero bytes",
    hex: "a0c9000101020300",
    rejection: "rtcp_bad_padding",
  },
  {
    name: "padding in the header",
    hex: "a0c9000101020308",
    rejection: "rtcp_bad_padding",
  },
  {
    name: "a missing block",
    hex: "81c9000101020304",
    rejection: "rtcp_bad_report",
  },
  {
    name: "a short sender report",
    hex: "80c8000101020304",
    rejection: "rtcp_bad_report",
  },
  {
    name: "a missing chunk",
    hex: "82ca0002 00000001 00000000",
    rejection: "rtcp_bad_source_description",
  },
  {
    name: "an item past the end",
    hex: "81ca0002 00000001 01036162",
    rejection: "rtcp_bad_source_description",
  },
  {
    name: "an item without length",
    hex: "81ca0002 00000001 01016101",
    rejection: "rtcp_bad_source_description",
  },
  {
    name: "a missing source",
    hex: "82cb000100000001",
    rejection: "rtcp_bad_bye",
  },
  {
    name: "too many packets",
    hex: "80cf0000".repeat(MAX_RTCP_PACKETS_PER_COMPOUND + 1),
    rejection: "rtcp_too_many_packets",
  },
];

for (const { name, hex, rejection } of REJECTED) {
  Deno.test(`parseRtcpCompound() rejects ${name}`, () => {
    assertEquals(parseRtcpCompound(bytesOf(hex)), rejection);
  });
}

Deno.test("parseRtcpCompound() does not throw on 10,000 mutations", () => {
  const seeds = [...COMPOUNDS, ...ACCEPTED].map(({ hex }) => bytesOf(hex));
  for (const bytes of mutations(seeds)) parseRtcpCompound(bytes);
});
