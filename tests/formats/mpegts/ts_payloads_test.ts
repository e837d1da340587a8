import type { AacParameters, CodecParameters } from "#codecs/codec.ts";
import { joinBytes } from "#base/join_bytes.ts";
import { tsOutputOf } from "#formats/mpegts/ts_payloads.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { H264_PARAMETERS, h264Slice } from "#test/units.ts";
import { codecSample } from "../fmp4/mp4_samples.ts";

const hex = (text: string) => Uint8Array.fromHex(text);

const AAC: AacParameters = {
  codec: "aac",
  audioSpecificConfig: hex("1190"),
  sampleRateHz: 48_000,
  channelCount: 2,
};
const LATM: AacParameters = {
  ...AAC,
  latm: { streamMuxConfig: hex("400023203fc0"), isConfigInBand: false },
};

function payload(
  codec: CodecParameters,
  parts: readonly Uint8Array[],
  isRandomAccess = true,
  latm: "keep" | "adts" = "adts",
): string {
  const output = tsOutputOf(codec, latm)!;
  return joinBytes(output.payload.pieces(parts, codec, isRandomAccess)).toHex();
}

const FORMS: readonly (readonly [CodecParameters, string])[] = [
  [H264_PARAMETERS, "1b e0 "],
  [codecSample("h265").codec, "24 e0 050448455643"],
  [codecSample("mpeg4Video").codec, "10 e0 "],
  [codecSample("mpeg12Video").codec, "1 e0 "],
  [{
    codec: "mpeg12Video",
    config: hex("000001b31400f013ffffe018000001b5144a00010000"),
  }, "2 e0 "],
  [AAC, "f c0 "],
  [{ codec: "mpegAudio" }, "3 c0 "],
  [
    { codec: "ac3", sampleRateHz: 48_000, channelCount: 2 },
    "81 bd 050441432d33",
  ],
  [{ codec: "opus", channelCount: 2 }, "6 bd 05044f7075737f028002"],
  [{
    codec: "opus",
    channelCount: 2,
    multistream: {
      streamCount: 2,
      coupledStreamCount: 0,
      channelMapping: [0, 1],
    },
  }, "6 bd 05044f7075737f028000"],
  [
    { codec: "klv" },
    "15 fc 05044b4c5641" + "26090100ff4b4c5641000f" + "2709c00000c00000c00000",
  ],
];

for (const [codec, wanted] of FORMS) {
  Deno.test(`tsOutputOf() lists ${codec.codec} as ${wanted.split(" ")[0]}`, () => {
    const { form } = tsOutputOf(codec, "adts")!;
    const { streamType, streamId, descriptors } = form;
    assertEquals(
      `${streamType.toString(16)} ${
        streamId.toString(16)
      } ${descriptors.toHex()}`,
      wanted,
    );
  });
}

Deno.test("tsOutputOf() knows what MPEG-TS does not carry", () => {
  const others: readonly CodecParameters[] = [
    { codec: "vp8" },
    { codec: "av1", sequenceHeader: undefined },
    { codec: "mpeg12Video", config: undefined },
    { ...AAC, audioSpecificConfig: undefined },
    {
      codec: "opus",
      channelCount: 4,
      multistream: {
        streamCount: 4,
        coupledStreamCount: 0,
        channelMapping: [0, 1, 2, 3],
      },
    },
    { codec: "opus", channelCount: 9 },
  ];
  for (const codec of others) {
    assertEquals(tsOutputOf(codec, "keep"), undefined);
  }
});

Deno.test("tsOutputOf() writes AAC as LATM if that is kept, or ADTS cannot express it", () => {
  const typeOf = (codec: CodecParameters, latm: "keep" | "adts") =>
    tsOutputOf(codec, latm)?.form.streamType;
  assertEquals([typeOf(LATM, "keep"), typeOf(LATM, "adts")], [0x11, 0x0f]);
  assertEquals(typeOf(AAC, "keep"), 0x0f);
  // 960 samples, and a rate that has no index.
  for (const config of ["1194", "1780678410"]) {
    const codec = { ...AAC, audioSpecificConfig: hex(config) };
    assertEquals(typeOf(codec, "adts"), 0x11);
  }
});

Deno.test("h264: a delimiter first, parameter sets before key frames", () => {
  const [sps] = H264_PARAMETERS.sps;
  const [pps] = H264_PARAMETERS.pps;
  const idr = h264Slice(true);
  const p = h264Slice(false);
  const old = hex("0900");
  assertEquals(
    payload(H264_PARAMETERS, [old, hex("6701"), idr]),
    "0000000109f0" + "00000001" + sps!.toHex() + "00000001" + pps!.toHex() +
      "000001" + idr.toHex(),
  );
  assertEquals(
    payload(H264_PARAMETERS, [pps!, p], false),
    "0000000109f0" + "00000001" + pps!.toHex() + "000001" + p.toHex(),
  );
  assertEquals(payload(H264_PARAMETERS, [old, sps!]), "");
});

Deno.test("h265: a delimiter first, parameter sets before key frames", () => {
  const { codec, parts } = codecSample("h265");
  assert(codec.codec === "h265");
  const sets = [...codec.vps, ...codec.sps, ...codec.pps];
  assertEquals(
    payload(codec, parts),
    "00000001460150" + sets.map((set) => `00000001${set.toHex()}`).join("") +
      "000001" + parts[0]!.toHex(),
  );
});

Deno.test("mpeg4Video and mpeg12Video: configuration before key frames that have none", () => {
  const { codec, parts } = codecSample("mpeg4Video");
  assert(codec.codec === "mpeg4Video" && codec.config !== undefined);
  const frame = parts[0]!.toHex();
  const config = codec.config.toHex();
  assertEquals(payload(codec, parts), config + frame);
  assertEquals(payload(codec, parts, false), frame);
  assertEquals(payload(codec, [hex(config + frame)]), config + frame);
  const mpeg1 = codecSample("mpeg12Video").codec;
  assert(mpeg1.codec === "mpeg12Video" && mpeg1.config !== undefined);
  const picture = "00000100000ffff800000101";
  const header = mpeg1.config.toHex();
  assertEquals(payload(mpeg1, [hex(picture)]), header + picture);
  assertEquals(payload(mpeg1, [hex(picture)], false), picture);
  assertEquals(payload(mpeg1, [hex(header + picture)]), header + picture);
});

Deno.test("aac: a header before each access unit, none before one that is too long", () => {
  const long = new Uint8Array(8_192);
  assertEquals(
    payload(AAC, [hex("2110"), long, hex("")]),
    "fff14c80013ffc" + "2110",
  );
});

Deno.test("aac: LATM brings its configuration along", () => {
  assertEquals(
    payload(LATM, [hex("2110"), hex("")], true, "keep"),
    "56e009" + "200011901fe0110880",
  );
});

Deno.test("opus: a control header before each packet; what is no packet is left out", () => {
  const packet = new Uint8Array(300).fill(0xfc);
  assertEquals(
    payload({ codec: "opus", channelCount: 2 }, [hex("fc01"), hex(""), packet]),
    "7fe002" + "fc01" + "7fe0ff2d" + packet.toHex(),
  );
});

Deno.test("klv: a cell for each unit", () => {
  const unit = new Uint8Array(300).fill(6);
  assertEquals(
    payload({ codec: "klv" }, [hex("06"), unit, new Uint8Array(70_000)]),
    "0000df0001" + "06" + "0000df012c" + unit.toHex(),
  );
});
