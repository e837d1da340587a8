import type { CodecParameters } from "#codecs/codec.ts";
import {
  PAYLOAD_FORMATS,
  payloadFormatById,
  payloadFormatFor,
} from "#formats/rtp/payload_formats.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const AAC = {
  codec: "aac",
  audioSpecificConfig: Uint8Array.of(0x11, 0x90),
  sampleRateHz: 48_000,
  channelCount: 2,
} as const;

const CODECS: { formatId: string; codec: CodecParameters }[] = [
  { formatId: "rtp/h264", codec: { codec: "h264", sps: [], pps: [] } },
  { formatId: "rtp/h265", codec: { codec: "h265", vps: [], sps: [], pps: [] } },
  { formatId: "rtp/mpeg4-generic", codec: AAC },
  {
    formatId: "rtp/mp4a-latm",
    codec: {
      ...AAC,
      latm: { streamMuxConfig: undefined, isConfigInBand: true },
    },
  },
  { formatId: "rtp/opus", codec: { codec: "opus", channelCount: 2 } },
  {
    formatId: "rtp/g711",
    codec: { codec: "g711", law: "a", sampleRateHz: 8_000, channelCount: 1 },
  },
  {
    formatId: "rtp/generic",
    codec: {
      codec: "generic",
      mediaType: "video",
      payloadType: 26,
      rtpMap: "",
      fmtp: "",
      clockRateHz: 90_000,
    },
  },
];

for (const { formatId, codec } of CODECS) {
  Deno.test(`payloadFormatFor() finds ${formatId}, as payloadFormatById() does`, () => {
    assertEquals(payloadFormatFor(codec).formatId, formatId);
    assertEquals(payloadFormatById(formatId), payloadFormatFor(codec));
  });
}

Deno.test("PAYLOAD_FORMATS has each format once, generic last", () => {
  const ids = PAYLOAD_FORMATS.map(({ formatId }) => formatId);
  assertEquals(ids, CODECS.map(({ formatId }) => formatId));
});

Deno.test("payloadFormatById() breaks an invariant for an id that is not in the table", () => {
  assertThrows(() => payloadFormatById("rtp/none"), Error);
});
