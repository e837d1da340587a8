import { ParseError } from "#base/errors.ts";
import type { CodecParameters } from "#codecs/codec.ts";
import { codecString } from "#codecs/codec_string.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { H264_PARAMETERS } from "#test/units.ts";
import { AV1_SAMPLES } from "./av1/samples.ts";
import { H265_SAMPLES } from "./h265/samples.ts";
import { VP9_SAMPLES } from "./vp9/samples.ts";

const hex = (text: string) => Uint8Array.fromHex(text);

function aac(config: string): CodecParameters {
  return {
    codec: "aac",
    audioSpecificConfig: hex(config),
    sampleRateHz: 48_000,
    channelCount: 2,
  };
}

function h265(index: number): CodecParameters {
  const { vps, sps, pps } = H265_SAMPLES[index]!;
  return { codec: "h265", vps: [vps], sps: [sps], pps: [pps] };
}

function av1(index: number): CodecParameters {
  const sequenceHeader = hex(AV1_SAMPLES[index]!.sequenceHeader);
  return { codec: "av1", sequenceHeader };
}

const VP9 = { codec: "vp9", profileId: 2, bitDepth: 10 } as const;

const CASES: readonly (readonly [CodecParameters, string | undefined])[] = [
  [H264_PARAMETERS, "avc1.42c01e"],
  [{ codec: "h264", sps: [], pps: [] }, undefined],
  [h265(0), "hvc1.1.6.L120.90"],
  [h265(1), "hvc1.2.4.L60.90"],
  [{ codec: "h265", vps: [], sps: [], pps: [] }, undefined],
  [av1(0), "av01.0.01M.08"],
  [{ codec: "av1", sequenceHeader: undefined }, undefined],
  [VP9, "vp09.02.10.10"],
  [{ ...VP9, profileId: undefined, bitDepth: undefined }, "vp09.00.10.08"],
  [
    { codec: "mpeg4Video", config: undefined, profileLevelId: 245 },
    "mp4v.20.245",
  ],
  [
    { codec: "mpeg12Video", config: hex("000001b31400f013ffffe018") },
    "mp4v.6A",
  ],
  [
    {
      codec: "mpeg12Video",
      config: hex("000001b31400f013ffffe018000001b5144a00010000"),
    },
    "mp4v.61",
  ],
  [{ codec: "mjpeg" }, "mp4v.6C"],
  [aac("1190"), "mp4a.40.2"],
  // Hierarchical signalling of SBR, and of PS.
  [aac("2b920800"), "mp4a.40.5"],
  [aac("eb8a0800"), "mp4a.40.29"],
  [{ codec: "opus", channelCount: 2 }, "opus"],
  [
    {
      codec: "flac",
      streamInfo: undefined,
      sampleRateHz: 48_000,
      channelCount: 2,
    },
    "flac",
  ],
  [{ codec: "mpegAudio" }, "mp4a.6B"],
  [{ codec: "ac3", sampleRateHz: 48_000, channelCount: 2 }, "ac-3"],
  [
    { codec: "g711", law: "mu", sampleRateHz: 8_000, channelCount: 1 },
    "ipcm",
  ],
  [{ codec: "vp8" }, undefined],
  [{ codec: "klv" }, undefined],
];

for (const [parameters, wanted] of CASES) {
  Deno.test(`codecString() names ${parameters.codec} as ${wanted}`, () => {
    assertEquals(codecString(parameters), wanted);
  });
}

Deno.test("codecString() takes what a key frame of VP9 tells", () => {
  const frame = hex(VP9_SAMPLES[0]!.frame);
  assertEquals(codecString(VP9, frame), "vp09.00.21.08");
  const other = Uint8Array.of(0x86, 0);
  assertEquals(codecString(VP9, other), "vp09.02.10.10");
});

Deno.test("codecString() refuses nonsense from a peer", () => {
  const broken = { codec: "av1", sequenceHeader: Uint8Array.of(8) } as const;
  assertThrows(() => codecString(broken), ParseError);
});
