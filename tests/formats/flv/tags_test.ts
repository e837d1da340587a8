import { ParseError } from "#base/errors.ts";
import { AudioTagReader } from "#formats/flv/audio_tag.ts";
import type { FlvTag } from "#formats/flv/flv_codec.ts";
import { flvCodecOf } from "#formats/flv/flv_codecs.ts";
import { VideoTagReader } from "#formats/flv/video_tag.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";

const hex = (text: string): Uint8Array =>
  Uint8Array.fromHex(text.replaceAll(" ", ""));

const TAGS: {
  name: string;
  kind: "video" | "audio";
  body: string;
  expected: FlvTag;
}[] = [{
  name: "an empty tag",
  kind: "video",
  body: "",
  expected: { kind: "ignored" },
}, {
  name: "an empty tag",
  kind: "audio",
  body: "",
  expected: { kind: "ignored" },
}, {
  name: "a command frame",
  kind: "video",
  body: "57 00",
  expected: { kind: "ignored" },
}, {
  name: "AVC end of sequence",
  kind: "video",
  body: "17 02 000000",
  expected: { kind: "end" },
}, {
  name: "On2 VP6",
  kind: "video",
  body: "14 00",
  expected: { kind: "unsupported", codecId: "4" },
}, {
  name: "HEVC by its unofficial id",
  kind: "video",
  body: "1c 00 000000",
  expected: { kind: "unsupported", codecId: "12" },
}, {
  name: "enhanced AV1",
  kind: "video",
  body: "90 61763031 81",
  expected: { kind: "unsupported", codecId: "av01" },
}, {
  name: "enhanced HEVC in a multitrack tag",
  kind: "video",
  body: "96 00 68766331 00",
  expected: { kind: "unsupported", codecId: "hvc1" },
}, {
  name: "enhanced metadata",
  kind: "video",
  body: "94 61763031 02",
  expected: { kind: "ignored" },
}, {
  name: "a FourCC that cannot be printed",
  kind: "video",
  body: "90 0a1b31ff",
  expected: { kind: "unsupported", codecId: "??1?" },
}, {
  name: "MP3",
  kind: "audio",
  body: "2f fffb",
  expected: { kind: "unsupported", codecId: "2" },
}, {
  name: "enhanced Opus",
  kind: "audio",
  body: "90 4f707573 00",
  expected: { kind: "unsupported", codecId: "Opus" },
}, {
  name: "enhanced FLAC in a multitrack tag",
  kind: "audio",
  body: "95 00 664c6143 00",
  expected: { kind: "unsupported", codecId: "fLaC" },
}, {
  name: "G.711",
  kind: "audio",
  body: "72 d5",
  expected: {
    kind: "frame",
    codec: "g711",
    parts: [hex("d5")],
    isRandomAccess: true,
    compositionTimeMs: 0,
    parameters: {
      codec: "g711",
      law: "a",
      sampleRateHz: 8_000,
      channelCount: 1,
    },
  },
}];

const open = (kind: "video" | "audio") =>
  kind === "video" ? new VideoTagReader() : new AudioTagReader();

for (const { name, kind, body, expected } of TAGS) {
  const reader = kind === "video" ? "VideoTagReader" : "AudioTagReader";
  Deno.test(`${reader}.read() reads ${name}`, () => {
    const bytes = hex(body);
    assertEquals(open(kind).read(bytes), expected);
    assertEquals(bytes, hex(body), "input must stay untouched");
  });
}

for (const body of ["80", "90 617630", "96 00 687663"]) {
  Deno.test(`VideoTagReader.read() rejects the cut tag ${body}`, () => {
    assertThrows(() => new VideoTagReader().read(hex(body)), ParseError);
  });
}

Deno.test("VideoTagReader.read() keeps what the sequence header told", () => {
  const reader = new VideoTagReader();
  const header = "17 00 000000 01 42c01e fc e1 0004 67010203 01 0002 68ee";
  assertEquals(reader.read(hex(header)).kind, "parameters");
  const tag = reader.read(hex("17 01 000000 02 6588"));
  assertEquals(tag.kind === "frame" && tag.parts, [hex("6588")]);
});

for (const kind of ["video", "audio"] as const) {
  Deno.test(`a reader of ${kind} tags throws only ParseError on mutated input`, () => {
    const seeds = TAGS.map(({ body }) => hex(body));
    const reader = open(kind);
    for (const body of mutations(seeds)) {
      try {
        reader.read(body);
      } catch (error) {
        if (!(error instanceof ParseError)) throw error;
      }
    }
  });
}

Deno.test("flvCodecOf() finds the codecs that FLV carries", () => {
  const codecOf = (parameters: Parameters<typeof flvCodecOf>[0]) =>
    flvCodecOf(parameters)?.codec;
  const g711 = { codec: "g711", law: "mu", channelCount: 1 } as const;
  assertEquals(codecOf({ codec: "h264", sps: [], pps: [] }), "h264");
  assertEquals(codecOf({ ...g711, sampleRateHz: 8_000 }), "g711");
  assertEquals(codecOf({ ...g711, sampleRateHz: 16_000 }), undefined);
  assertEquals(codecOf({ codec: "opus", channelCount: 2 }), undefined);
});
