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
  {
    formatId: "rtp/av1",
    codec: { codec: "av1", sequenceHeader: undefined },
  },
  { formatId: "rtp/vp8", codec: { codec: "vp8" } },
  {
    formatId: "rtp/vp9",
    codec: { codec: "vp9", profileId: undefined, bitDepth: undefined },
  },
  {
    formatId: "rtp/mp4v-es",
    codec: { codec: "mpeg4Video", config: undefined, profileLevelId: 1 },
  },
  {
    formatId: "rtp/mpv",
    codec: { codec: "mpeg12Video", config: undefined },
  },
  { formatId: "rtp/jpeg", codec: { codec: "mjpeg" } },
  { formatId: "rtp/mpeg4-generic", codec: AAC },
  {
    formatId: "rtp/mp4a-latm",
    codec: {
      ...AAC,
      latm: { streamMuxConfig: undefined, isConfigInBand: true },
    },
  },
  { formatId: "rtp/opus", codec: { codec: "opus", channelCount: 2 } },
  { formatId: "rtp/mpa", codec: { codec: "mpegAudio" } },
  {
    formatId: "rtp/ac3",
    codec: { codec: "ac3", sampleRateHz: 48_000, channelCount: 6 },
  },
  {
    formatId: "rtp/flac",
    codec: {
      codec: "flac",
      streamInfo: undefined,
      sampleRateHz: 48_000,
      channelCount: 2,
    },
  },
  {
    formatId: "rtp/vorbis",
    codec: {
      codec: "vorbis",
      sampleRateHz: 48_000,
      channelCount: 2,
      configuration: new Uint8Array(),
    },
  },
  {
    formatId: "rtp/g711",
    codec: { codec: "g711", law: "a", sampleRateHz: 8_000, channelCount: 1 },
  },
  { formatId: "rtp/g722", codec: { codec: "g722", channelCount: 1 } },
  {
    formatId: "rtp/g726",
    codec: { codec: "g726", bitRateKbps: 32, isBigEndian: false },
  },
  {
    formatId: "rtp/lpcm",
    codec: {
      codec: "lpcm",
      bitDepth: 24,
      sampleRateHz: 48_000,
      channelCount: 2,
    },
  },
  {
    formatId: "rtp/speex",
    codec: { codec: "speex", sampleRateHz: 16_000, vbr: undefined },
  },
  { formatId: "rtp/klv", codec: { codec: "klv" } },
  { formatId: "rtp/mpegts", codec: { codec: "mpegTs" } },
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
