import { ParseError } from "#base/errors.ts";
import type { CodecParameters } from "#codecs/codec.ts";
import type { Track } from "#core/track.ts";
import {
  describeMedia,
  formatFromMedia,
  mediaFromTrack,
  parseFmtp,
  serializeFmtp,
} from "#formats/sdp/codec_mapping.ts";
import { parseSessionDescription } from "#formats/sdp/session_description.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import type { MediaDescription } from "#formats/sdp/media_description.ts";
import { mutations } from "#test/splits.ts";

function mediaOf(text: string): MediaDescription {
  return parseSessionDescription(text).media[0]!;
}

const FMTPS = [
  { name: "nothing", text: "", entries: [] },
  {
    name: "values",
    text: "a=1;b=2; c=3 ;",
    entries: [["a", "1"], ["b", "2"], ["c", "3"]],
  },
  {
    name: "names in any case",
    text: "SizeLength=13; CONFIG=aBc",
    entries: [["sizelength", "13"], ["config", "aBc"]],
  },
  {
    name: "base64",
    text: "sprop-parameter-sets=Z0I=,aM4==",
    entries: [["sprop-parameter-sets", "Z0I=,aM4=="]],
  },
  {
    name: "flags",
    text: "useinbandfec;;x=",
    entries: [["useinbandfec", ""], ["x", ""]],
  },
  {
    name: "a doubled name, the last one",
    text: "a=1;A=2",
    entries: [["a", "2"]],
  },
] as const;

for (const { name, text, entries } of FMTPS) {
  Deno.test(`parseFmtp() reads ${name}`, () => {
    assertEquals([...parseFmtp(text)], entries);
  });
}

Deno.test("serializeFmtp() sorts the names and joins with a semicolon and a space", () => {
  const fmtp = new Map([["sizelength", "13"], ["flag", ""], [
    "SBR-enabled",
    "0",
  ], ["config", "1210"]]);
  assertEquals(
    serializeFmtp(fmtp),
    "SBR-enabled=0; config=1210; flag; sizelength=13",
  );
});

const DESCRIPTIONS = [
  {
    name: "rtpmap with channels",
    text: "m=audio 0 RTP/AVP 97\na=rtpmap:97 opus/48000/2",
    expected: ["opus", 48_000, 2],
  },
  {
    name: "rtpmap without channels",
    text: "m=video 0 RTP/AVP 97\na=rtpmap:97 H264/90000",
    expected: ["H264", 90_000, undefined],
  },
  {
    name: "a static payload type",
    text: "m=audio 0 RTP/AVP 8",
    expected: ["PCMA", 8_000, undefined],
  },
  {
    name: "static stereo",
    text: "m=audio 0 RTP/AVP 10",
    expected: ["L16", 44_100, 2],
  },
  {
    name: "AC-3 without clock rate",
    text: "m=audio 0 RTP/AVP 97\na=rtpmap:97 AC3",
    expected: ["AC3", 48_000, undefined],
  },
  {
    name: "a static payload type without clock rate",
    text: "m=audio 0 RTP/AVP 0\na=rtpmap:0 PCMU",
    expected: ["PCMU", 8_000, undefined],
  },
  {
    name: "rtpmap over the static meaning",
    text: "m=audio 0 RTP/AVP 0\na=rtpmap:0 PCMU/16000/2",
    expected: ["PCMU", 16_000, 2],
  },
  {
    name: "channels that are no number",
    text: "m=audio 0 RTP/AVP 97\na=rtpmap:97 x/8000/y",
    expected: ["x", 8_000, undefined],
  },
];

for (const { name, text, expected } of DESCRIPTIONS) {
  Deno.test(`describeMedia() reads ${name}`, () => {
    const media = mediaOf(text);
    const { encodingName, clockRateHz, channelCount } = describeMedia(
      media,
      media.payloadTypes[0]!,
    );
    assertEquals([encodingName, clockRateHz, channelCount], expected);
  });
}

const WITHOUT_CLOCK_RATE = [
  { name: "no rtpmap", text: "m=video 0 RTP/AVP 96" },
  {
    name: "rtpmap without clock rate",
    text: "m=video 0 RTP/AVP 96\na=rtpmap:96 H264",
  },
  {
    name: "a clock rate of zero",
    text: "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/0",
  },
  {
    name: "a clock rate that is no number",
    text: "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/9e4",
  },
  {
    name: "a clock rate of ten digits",
    text: "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/1234567890",
  },
];

for (const { name, text } of WITHOUT_CLOCK_RATE) {
  Deno.test(`describeMedia() rejects ${name}`, () => {
    const error = assertThrows(
      () => describeMedia(mediaOf(text), 96),
      ParseError,
    );
    assertEquals(error.field, "rtpmap:96");
    assertThrows(() => formatFromMedia(mediaOf(text)), ParseError);
  });
}

const CHOICES = [
  {
    name: "H264",
    text:
      "m=video 0 RTP/AVP 96\na=rtpmap:96 h264/90000\na=fmtp:96 packetization-mode=1",
    formatId: "rtp/h264",
    payloadType: 96,
  },
  {
    name: "H264 with payload type 35",
    text:
      "m=video 0 RTP/AVP 35\na=rtpmap:35 H264/90000\na=fmtp:35 packetization-mode=1",
    formatId: "rtp/h264",
    payloadType: 35,
  },
  {
    name: "H264 with an unassigned payload type as generic",
    text: "m=video 0 RTP/AVP 50\na=rtpmap:50 H264/90000",
    formatId: "rtp/generic",
    payloadType: 50,
  },
  {
    name: "H265 with payload type 35 as generic",
    text: "m=video 0 RTP/AVP 35\na=rtpmap:35 H265/90000",
    formatId: "rtp/generic",
    payloadType: 35,
  },
  {
    name: "H265",
    text: "m=video 0 RTP/AVP 98\na=rtpmap:98 H265/90000",
    formatId: "rtp/h265",
    payloadType: 98,
  },
  {
    name: "Opus",
    text: "m=audio 0 RTP/AVP 97\na=rtpmap:97 OPUS/48000/2",
    formatId: "rtp/opus",
    payloadType: 97,
  },
  {
    name: "static G711",
    text: "m=audio 0 RTP/AVP 0",
    formatId: "rtp/g711",
    payloadType: 0,
  },
  {
    name: "a static payload type with another meaning as generic",
    text: "m=audio 0 RTP/AVP 14\na=rtpmap:14 opus/48000/2",
    formatId: "rtp/generic",
    payloadType: 14,
  },
  {
    name: "what nobody knows as generic",
    text: "m=video 0 RTP/AVP 96\na=rtpmap:96 x-new/90000",
    formatId: "rtp/generic",
    payloadType: 96,
  },
  {
    name: "the known one of several",
    text: "m=audio 0 RTP/AVP 101 8 0\na=rtpmap:101 telephone-event/8000",
    formatId: "rtp/g711",
    payloadType: 8,
  },
  {
    name: "the first of several generic ones",
    text: "m=audio 0 RTP/AVP 96 97 98\na=rtpmap:97 x/8000\na=rtpmap:98 y/8000",
    formatId: "rtp/generic",
    payloadType: 97,
  },
];

for (const { name, text, formatId, payloadType } of CHOICES) {
  Deno.test(`formatFromMedia() takes ${name}`, () => {
    const mapped = formatFromMedia(mediaOf(text));
    assertEquals([mapped.format.formatId, mapped.payloadType], [
      formatId,
      payloadType,
    ]);
  });
}

Deno.test("formatFromMedia() keeps the words of a generic format", () => {
  const { parameters } = formatFromMedia(
    mediaOf(
      "m=application 0 RTP/AVP 107\na=rtpmap:107 vnd.onvif.metadata/90000\na=fmtp:107 B=x;a = Y",
    ),
  );
  assertEquals(parameters, {
    codec: "generic",
    mediaType: "application",
    payloadType: 107,
    rtpMap: "vnd.onvif.metadata/90000",
    fmtp: "B=x;a = Y",
    clockRateHz: 90_000,
  });
});

Deno.test("formatFromMedia() rejects a section without payload types", () => {
  const error = assertThrows(
    () => formatFromMedia(mediaOf("m=video 0 RTP/AVP x")),
    ParseError,
  );
  assertEquals(error.field, "m= format");
});

const TRACKS: {
  name: string;
  codec: CodecParameters;
  clockRateHz: number;
  payloadType: number;
  rtpMap?: string;
  fmtp?: string;
}[] = [
  {
    name: "H264",
    codec: {
      codec: "h264",
      sps: [
        Uint8Array.fromHex(
          "6742c01eda0280bfe5c05a808080a0000003002000000651e2c5d4",
        ),
      ],
      pps: [Uint8Array.fromHex("68ce3c80")],
    },
    clockRateHz: 90_000,
    payloadType: 98,
    rtpMap: "H264/90000",
    fmtp: "packetization-mode=1; profile-level-id=42C01E; " +
      "sprop-parameter-sets=Z0LAHtoCgL/lwFqAgICgAAADACAAAAZR4sXU,aM48gA==",
  },
  {
    name: "static G711",
    codec: { codec: "g711", law: "a", sampleRateHz: 8_000, channelCount: 1 },
    clockRateHz: 8_000,
    payloadType: 8,
    rtpMap: "PCMA/8000",
  },
  {
    name: "dynamic G711",
    codec: { codec: "g711", law: "mu", sampleRateHz: 16_000, channelCount: 2 },
    clockRateHz: 16_000,
    payloadType: 98,
    rtpMap: "PCMU/16000/2",
  },
  {
    name: "generic",
    codec: {
      codec: "generic",
      mediaType: "application",
      payloadType: 107,
      rtpMap: "x/90000",
      fmtp: "B=x;a = Y",
      clockRateHz: 90_000,
    },
    clockRateHz: 90_000,
    payloadType: 107,
    rtpMap: "x/90000",
    fmtp: "B=x;a = Y",
  },
  {
    name: "generic with a static payload type",
    codec: {
      codec: "generic",
      mediaType: "video",
      payloadType: 31,
      rtpMap: "",
      fmtp: "",
      clockRateHz: 90_000,
    },
    clockRateHz: 90_000,
    payloadType: 31,
  },
];

for (const { name, codec, clockRateHz, payloadType, rtpMap, fmtp } of TRACKS) {
  const track: Track = { id: 0, kind: "data", codec, clockRateHz };

  Deno.test(`mediaFromTrack() describes ${name}`, () => {
    const media = mediaFromTrack(track, 2);
    assertEquals(media.payloadTypes, [payloadType]);
    assertEquals(media.rtpMaps.get(payloadType), rtpMap);
    assertEquals(media.fmtps.get(payloadType), fmtp);
    assertEquals([media.port, media.protocol, media.control], [
      0,
      "RTP/AVP",
      "trackID=2",
    ]);
  });

  Deno.test(`formatFromMedia() reads back ${name}`, () => {
    const mapped = formatFromMedia(mediaFromTrack(track, 2));
    assertEquals(mapped.parameters, codec);
    assertEquals(mapped.clockRateHz, clockRateHz);
  });
}

Deno.test("mediaFromTrack() stays inside the dynamic payload types", () => {
  const track: Track = {
    id: 0,
    kind: "video",
    codec: { codec: "h264", sps: [], pps: [] },
    clockRateHz: 90_000,
  };
  assertEquals(
    [0, 31, 32].map((index) => mediaFromTrack(track, index).payloadTypes),
    [[96], [127], [96]],
  );
});

Deno.test("formatFromMedia() throws only ParseError on 10,000 mutations", () => {
  const seeds = [...DESCRIPTIONS, ...CHOICES, {
    text: "m=audio 0 RTP/AVP 96\na=rtpmap:96 mpeg4-generic/48000/2\n" +
      "a=fmtp:96 streamtype=5; mode=AAC-hbr; sizelength=13; indexlength=3; indexdeltalength=3; config=1190",
  }, {
    text:
      "m=audio 0 RTP/AVP 96\na=rtpmap:96 MP4A-LATM/44100/2\na=fmtp:96 cpresent=0; config=400024203fc0",
  }, {
    text:
      "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0LAHtoC,aM48gA==",
  }].map(({ text }) => new TextEncoder().encode(text));
  for (const bytes of mutations(seeds)) {
    try {
      parseSessionDescription(bytes).media.forEach(formatFromMedia);
    } catch (error) {
      assert(error instanceof ParseError, `threw ${error}`);
    }
  }
});
