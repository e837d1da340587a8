import { ByteWriter } from "#base/byte_writer.ts";
import { ParseError } from "#base/errors.ts";
import { splitLengthPrefixed } from "#codecs/nal_unit.ts";
import { splitObus } from "#codecs/av1/obu.ts";
import { findBox, readBoxes } from "#formats/fmp4/box_reader.ts";
import {
  MP4_CODECS,
  mp4CodecOf,
  openMp4SampleReader,
} from "#formats/fmp4/mp4_codecs.ts";
import {
  audioEntry,
  parseSampleEntry,
  type SampleEntry,
  visualEntry,
  writeSampleEntry,
} from "#formats/fmp4/sample_entry.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { h264Slice } from "#test/units.ts";
import { AV1_SAMPLES } from "../../codecs/av1/samples.ts";
import { VP9_SAMPLES } from "../../codecs/vp9/samples.ts";
import { CODEC_SAMPLES, type CodecSample, codecSample } from "./mp4_samples.ts";

const hex = (text: string) => Uint8Array.fromHex(text);

function entryOf({ codec, parts }: CodecSample): SampleEntry {
  const room = mp4CodecOf(codec)!;
  const [first] = room.frames(parts, codec, true);
  const entry = room.sampleEntry(codec, first!.bytes);
  assert(entry !== undefined, "the sample tells everything");
  const writer = new ByteWriter();
  writeSampleEntry(writer, entry);
  return parseSampleEntry(readBoxes(writer.finish())[0]!, entry.kind);
}

/** What files do not say, or only in another form. */
const READ_AS: Readonly<Record<string, object>> = {
  g711: { codec: "lpcm", bitDepth: 16, sampleRateHz: 8_000, channelCount: 1 },
};

for (const sample of CODEC_SAMPLES) {
  const { codec, parts, format } = sample;
  const name = codec.codec;

  Deno.test(`${name}: what is written is read as what it was`, () => {
    const entry = entryOf(sample);
    assertEquals(entry.format, format);
    const reader = openMp4SampleReader(entry)!;
    assertEquals(reader.codec as object, READ_AS[name] ?? codec);
    const frames = mp4CodecOf(codec)!.frames(parts, codec, true);
    const found = frames.flatMap(({ bytes }) =>
      reader.read(bytes, true)!.parts
    );
    assertEquals(reader.codec as object, READ_AS[name] ?? codec);
    const isExpanded = name === "g711";
    const media = found.slice(found.length - parts.length);
    if (!isExpanded) assertEquals(media.map(toHex), parts.map(toHex));
  });

  Deno.test(`${name}: prefixes of the configuration throw only ParseError`, () => {
    const entry = entryOf(sample);
    for (const { type, body } of entry.boxes) {
      for (let length = 0; length < body.length; length++) {
        const box = { type, body: body.subarray(0, length) };
        try {
          openMp4SampleReader({ ...entry, boxes: [box] });
        } catch (error) {
          if (!(error instanceof ParseError)) throw error;
        }
      }
    }
  });

  Deno.test(`${name}: units without media give no samples`, () => {
    for (const empty of [[], [new Uint8Array()]]) {
      assertEquals(mp4CodecOf(codec)!.frames(empty, codec, true), []);
    }
  });
}

function toHex(bytes: Uint8Array): string {
  return bytes.toHex();
}

Deno.test("configuration boxes are those that ffmpeg 9 writes", () => {
  const av1 = findBox(entryOf(codecSample("av1")).boxes, "av1C");
  assertEquals(av1?.toHex(), AV1_SAMPLES[0]!.av1c);
  const vp9 = findBox(entryOf(codecSample("vp9")).boxes, "vpcC");
  assertEquals(vp9?.toHex(), VP9_SAMPLES[0]!.vpcc);
});

const CONFIGURATIONS = [
  ["opus", "dOps", "00020138" + "0000bb80" + "0000" + "00"],
  ["ac3", "dac3", "101000"],
  ["flac", "dfLa", "00000000" + "80000022" + "12001200"],
  ["lpcm", "pcmC", "00000000" + "0018"],
  ["g711", "pcmC", "00000000" + "0010"],
] as const;

for (const [name, type, wanted] of CONFIGURATIONS) {
  Deno.test(`${name}: ${type} has its fields in place`, () => {
    const body = findBox(entryOf(codecSample(name)).boxes, type)!;
    assertEquals(body.toHex().slice(0, wanted.length), wanted);
  });
}

Deno.test("entries have the size of pictures and the form of sound", () => {
  const found = CODEC_SAMPLES.map((sample) => {
    const { format, width, height, channelCount, sampleRateHz } = entryOf(
      sample,
    );
    return width > 0
      ? `${format} ${width}x${height}`
      : `${format} ${sampleRateHz} Hz, ${channelCount}`;
  });
  assertEquals(found, [
    "avc1 1920x1080",
    "hvc1 1920x1080",
    "av01 640x360",
    "vp09 640x360",
    "mp4v 64x48",
    "mp4v 320x240",
    "mp4v 32x16",
    "mp4a 48000 Hz, 2",
    "Opus 48000 Hz, 2",
    "fLaC 48000 Hz, 2",
    "mp4a 48000 Hz, 2",
    "ac-3 48000 Hz, 2",
    "ipcm 8000 Hz, 1",
    "ipcm 48000 Hz, 2",
  ]);
});

Deno.test("entries wait for what is not known", () => {
  const unknown = [
    { codec: "h264", sps: [], pps: [] },
    { codec: "h265", vps: [], sps: [], pps: [] },
    { codec: "av1", sequenceHeader: undefined },
    { codec: "vp9", profileId: 0, bitDepth: 8 },
    { codec: "mpeg4Video", config: undefined, profileLevelId: undefined },
    { codec: "mpeg12Video", config: undefined },
    { codec: "mjpeg" },
    { codec: "mpegAudio" },
    { codec: "ac3", sampleRateHz: 48_000, channelCount: 2 },
    {
      codec: "aac",
      audioSpecificConfig: undefined,
      sampleRateHz: 48_000,
      channelCount: 2,
    },
  ] as const;
  for (const codec of unknown) {
    assertEquals(mp4CodecOf(codec)!.sampleEntry(codec, undefined), undefined);
  }
});

Deno.test("codecs of the tables are carried, others are not", () => {
  assertEquals(Object.keys(MP4_CODECS).length, CODEC_SAMPLES.length);
  for (const codec of ["vp8", "klv", "mpegTs"] as const) {
    assertEquals(mp4CodecOf({ codec }), undefined);
  }
  const unknown = audioEntry("ec-3", { channelCount: 2, sampleRateHz: 1 }, []);
  assertEquals(openMp4SampleReader(unknown), undefined);
});

Deno.test("h264: parameter sets of the track stand before key frames, delimiters nowhere", () => {
  const { codec } = codecSample("h264");
  assert(codec.codec === "h264");
  const [sps] = codec.sps;
  const [pps] = codec.pps;
  const delimiter = Uint8Array.of(9, 0xf0);
  const old = Uint8Array.of(0x67, 1, 2, 3);
  const idr = h264Slice(true);
  const p = h264Slice(false);
  const nalsOf = (parts: readonly Uint8Array[], isRandomAccess: boolean) =>
    mp4CodecOf(codec)!.frames(parts, codec, isRandomAccess).map(({ bytes }) =>
      splitLengthPrefixed(bytes, 4)
    );
  assertEquals(nalsOf([delimiter, old, idr], true), [[sps!, pps!, idr]]);
  assertEquals(nalsOf([delimiter, pps!, p], false), [[pps!, p]]);
  assertEquals(nalsOf([delimiter, sps!, pps!], true), []);
});

Deno.test("av1: the sequence header stands before key frames once", () => {
  const { codec, parts } = codecSample("av1");
  const [header, frame] = parts;
  const delimiter = Uint8Array.of(0x10);
  const obusOf = (obus: readonly Uint8Array[], isRandomAccess: boolean) =>
    mp4CodecOf(codec)!.frames(obus, codec, isRandomAccess).map(({ bytes }) =>
      splitObus(bytes)
    );
  assertEquals(obusOf([delimiter, frame!], true), [[header!, frame!]]);
  assertEquals(obusOf([header!, frame!], true), [[header!, frame!]]);
  assertEquals(obusOf([frame!], false), [[frame!]]);
  assertEquals(obusOf([delimiter], true), []);
});

Deno.test("frames of sound have the times that they tell", () => {
  const times = CODEC_SAMPLES.filter(({ codec }) =>
    ["aac", "opus", "mpegAudio", "ac3", "flac", "g711", "lpcm"]
      .includes(codec.codec)
  ).map(({ codec, parts }) => [
    codec.codec,
    ...mp4CodecOf(codec)!.frames(parts, codec, true)
      .map(({ offsetTicks, durationTicks }) =>
        `${offsetTicks}+${durationTicks}`
      ),
  ]);
  assertEquals(times, [
    ["aac", "0+1024", "1024+1024"],
    ["opus", "0+960", "960+960"],
    ["flac", "0+4608"],
    ["mpegAudio", "0+2160", "2160+2160"],
    ["ac3", "0+1536"],
    ["g711", "0+160"],
    ["lpcm", "0+16"],
  ]);
});

Deno.test("lpcm: samples of one byte become wider", () => {
  const codec = {
    codec: "lpcm",
    bitDepth: 8,
    sampleRateHz: 8_000,
    channelCount: 1,
  } as const;
  const room = mp4CodecOf(codec)!;
  assertEquals(room.sampleEntry(codec, undefined)?.sampleBits, 16);
  const [frame] = room.frames([Uint8Array.of(0, 0x80, 0xff)], codec, true);
  assertEquals(frame?.bytes.toHex(), "800000007f00");
});

const QUICKTIME = [
  ["sowt", 16, [], "0102", "0201", 16],
  ["twos", 16, [], "0102", "0102", 16],
  ["twos", 8, [], "00ff", "807f", 8],
  ["raw ", 8, [], "00ff", "00ff", 8],
  ["in24", 16, [], "010203", "010203", 24],
  ["in24", 16, ["0001"], "010203", "030201", 24],
  ["ipcm", 16, [], "0102", undefined, undefined],
  ["twos", 12, [], "0102", undefined, undefined],
] as const;

for (const [format, sampleBits, enda, sample, wanted, bitDepth] of QUICKTIME) {
  Deno.test(`lpcm: ${format} of ${sampleBits} bits ${enda} is read as big endian`, () => {
    const boxes = enda.map((text) => ({ type: "enda", body: hex(text) }));
    const sound = { channelCount: 1, sampleRateHz: 8_000, sampleBits };
    const reader = openMp4SampleReader(audioEntry(format, sound, boxes));
    assertEquals(reader?.read(hex(sample), true)?.parts[0]?.toHex(), wanted);
    const codec = reader?.codec;
    assertEquals(
      codec?.codec === "lpcm" ? codec.bitDepth : undefined,
      bitDepth,
    );
  });
}

Deno.test("lpcm: little endian is read, samples that are cut are left out", () => {
  const body = hex("000000000110");
  const reader = openMp4SampleReader(
    audioEntry("ipcm", { channelCount: 2, sampleRateHz: 8_000 }, [
      { type: "pcmC", body },
    ]),
  )!;
  assertEquals(reader.read(hex("0102030405"), true)?.parts, [hex("02010403")]);
  assertEquals(reader.read(hex("010203"), true), undefined);
});

Deno.test("g711 and mjpeg are read as QuickTime has them", () => {
  const sound = { channelCount: 1, sampleRateHz: 8_000 };
  const g711 = openMp4SampleReader(audioEntry("alaw", sound, []));
  assertEquals(g711?.codec, { codec: "g711", law: "a", ...sound });
  const size = { width: 16, height: 8 };
  const mjpeg = openMp4SampleReader(visualEntry("jpeg", size, []));
  assertEquals(mjpeg?.codec, { codec: "mjpeg" });
});
