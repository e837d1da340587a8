import {
  emptyRtpHeader,
  parseRtpHeader,
  RTP_HEADER_MIN_BYTES,
  type RtpRejection,
  serializeRtpHeader,
} from "#formats/rtp/rtp_header.ts";
import {
  rtpMarker,
  rtpPayload,
  rtpPayloadType,
  rtpSequenceNumber,
  rtpSsrc,
  rtpTimestampTicks,
} from "#formats/rtp/rtp_packet.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

const FIXED = "1234fffffffe89abcdef";

const PACKETS = [
  {
    name: "a plain packet",
    hex: `8060${FIXED}aabb`,
    marker: false,
    payload: "aabb",
  },
  { name: "a marker", hex: `80e0${FIXED}aa`, marker: true, payload: "aa" },
  { name: "no payload", hex: `8060${FIXED}`, marker: false, payload: "" },
  {
    name: "two sources",
    hex: `8260${FIXED}0000000100000002aa`,
    marker: false,
    payload: "aa",
  },
  {
    name: "an extension",
    hex: `9060${FIXED}bede000101020304aabb`,
    marker: false,
    payload: "aabb",
  },
  {
    name: "an empty extension",
    hex: `9060${FIXED}abac0000aa`,
    marker: false,
    payload: "aa",
  },
  {
    name: "padding",
    hex: `a0e0${FIXED}aabb000003`,
    marker: true,
    payload: "aabb",
  },
  {
    name: "padding alone",
    hex: `a060${FIXED}00000004`,
    marker: false,
    payload: "",
  },
  {
    name: "sources, extension and padding",
    hex: `b1e0${FIXED}00000001bede000101020304aabbcc01`,
    marker: true,
    payload: "aabbcc",
  },
];

for (const { name, hex, marker, payload } of PACKETS) {
  const bytes = Uint8Array.fromHex(hex);

  Deno.test(`parseRtpHeader() reads ${name}`, () => {
    const before = bytes.slice();
    const header = emptyRtpHeader();
    assertEquals(parseRtpHeader(bytes, header), undefined);
    const { payloadOffsetBytes, payloadEndBytes, ...fields } = header;
    assertEquals(fields, {
      marker,
      payloadType: 96,
      sequenceNumber: 0x1234,
      timestampTicks: 0xfffffffe,
      ssrc: 0x89abcdef,
    });
    assertEquals(
      bytes.subarray(payloadOffsetBytes, payloadEndBytes).toHex(),
      payload,
    );
    assertEquals(bytes, before, "input must stay untouched");
  });

  Deno.test(`rtpPayload() and its like agree about ${name}`, () => {
    assertEquals(rtpPayload(bytes).toHex(), payload);
    assertEquals(rtpMarker(bytes), marker);
    assertEquals(rtpPayloadType(bytes), 96);
    assertEquals(rtpSequenceNumber(bytes), 0x1234);
    assertEquals(rtpTimestampTicks(bytes), 0xfffffffe);
    assertEquals(rtpSsrc(bytes), 0x89abcdef);
  });

  Deno.test(`parseRtpHeader() never reads past a prefix of ${name}`, () => {
    const header = emptyRtpHeader();
    for (const prefix of prefixes(bytes)) {
      const rejection = parseRtpHeader(prefix, header);
      if (rejection === undefined) {
        assert(header.payloadOffsetBytes <= header.payloadEndBytes);
        assert(header.payloadEndBytes <= prefix.length);
      } else if (prefix.length < RTP_HEADER_MIN_BYTES) {
        assertEquals(rejection, "rtp_too_short");
      }
    }
  });
}

const REJECTED: { name: string; hex: string; rejection: RtpRejection }[] = [
  { name: "nothing", hex: "", rejection: "rtp_too_short" },
  {
    name: "eleven bytes",
    hex: `8060${FIXED.slice(2)}`,
    rejection: "rtp_too_short",
  },
  { name: "version 1", hex: `4060${FIXED}`, rejection: "rtp_bad_version" },
  {
    name: "a missing source",
    hex: `8160${FIXED}aabbcc`,
    rejection: "rtp_bad_csrc",
  },
  {
    name: "a cut extension head",
    hex: `9060${FIXED}bede00`,
    rejection: "rtp_bad_extension",
  },
  {
    name: "a cut extension",
    hex: `9060${FIXED}bede0002aabbccdd`,
    rejection: "rtp_bad_extension",
  },
  {
    name: "padding of zero bytes",
    hex: `a060${FIXED}aa00`,
    rejection: "rtp_bad_padding",
  },
  {
    name: "more padding than payload",
    hex: `a060${FIXED}aa03`,
    rejection: "rtp_bad_padding",
  },
  {
    name: "padding in the header",
    hex: `a060${FIXED}`,
    rejection: "rtp_bad_padding",
  },
];

for (const { name, hex, rejection } of REJECTED) {
  Deno.test(`parseRtpHeader() rejects ${name}`, () => {
    const bytes = Uint8Array.fromHex(hex);
    assertEquals(parseRtpHeader(bytes, emptyRtpHeader()), rejection);
  });
}

Deno.test("parseRtpHeader() and rtpPayload() agree about 10,000 mutations", () => {
  const header = emptyRtpHeader();
  const seeds = PACKETS.map(({ hex }) => Uint8Array.fromHex(hex));
  for (const bytes of mutations(seeds)) {
    if (parseRtpHeader(bytes, header) !== undefined) continue;
    const payload = rtpPayload(bytes);
    assertEquals(payload.byteOffset, header.payloadOffsetBytes);
    assertEquals(
      payload.length,
      header.payloadEndBytes - header.payloadOffsetBytes,
    );
  }
});

Deno.test("serializeRtpHeader() writes at an offset and wraps around", () => {
  const into = new Uint8Array(14).fill(0x55);
  serializeRtpHeader(into, 1, {
    marker: true,
    payloadType: 96,
    sequenceNumber: 0x1_1234,
    timestampTicks: 0x3_ffff_fffe,
    ssrc: 0x89abcdef,
  });
  assertEquals(into.toHex(), `5580e0${FIXED}55`);
});
