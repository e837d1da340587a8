import { ByteWriter } from "#base/byte_writer.ts";
import { ParseError } from "#base/errors.ts";
import { readBoxes } from "#formats/fmp4/box_reader.ts";
import {
  audioEntry,
  parseSampleEntry,
  type SampleEntry,
  visualEntry,
  writeSampleEntry,
} from "#formats/fmp4/sample_entry.ts";
import { assertEquals } from "#test/assert.ts";

const hex = (text: string) => Uint8Array.fromHex(text);

function written(entry: SampleEntry): Uint8Array {
  const writer = new ByteWriter();
  writeSampleEntry(writer, entry);
  return writer.finish();
}

const ENTRIES: readonly {
  readonly name: string;
  readonly entry: SampleEntry;
  readonly hex: string;
}[] = [{
  name: "pictures",
  entry: visualEntry("avc1", { width: 640, height: 360 }, [
    { type: "avcC", body: Uint8Array.of(1, 2) },
  ]),
  hex: "0000006061766331" + "0000000000000001" + "00".repeat(16) +
    "02800168" + "0048000000480000" + "00000000" + "0001" + "00".repeat(32) +
    "0018ffff" + "0000000a617663430102",
}, {
  name: "sound",
  entry: audioEntry("Opus", { channelCount: 2, sampleRateHz: 48_000 }, [
    { type: "dOps", body: Uint8Array.of(0) },
  ]),
  hex: "0000002d4f707573" + "0000000000000001" + "0000000000000000" +
    "0002001000000000bb800000" + "00000009644f707300",
}];

for (const { name, entry, hex: wanted } of ENTRIES) {
  Deno.test(`writeSampleEntry() writes ${name} that parseSampleEntry() reads`, () => {
    const bytes = written(entry);
    assertEquals(bytes.toHex(), wanted);
    const [box] = readBoxes(bytes);
    assertEquals(parseSampleEntry(box!, entry.kind), entry);
  });

  Deno.test(`parseSampleEntry() throws only ParseError for prefixes of ${name}`, () => {
    const [box] = readBoxes(hex(wanted));
    const { type, body } = box!;
    for (let length = 0; length < body.length; length++) {
      try {
        parseSampleEntry({ type, body: body.subarray(0, length) }, entry.kind);
      } catch (error) {
        if (!(error instanceof ParseError)) throw error;
      }
    }
  });
}

Deno.test("writeSampleEntry() writes no rate that does not fit", () => {
  const entry = audioEntry(
    "fLaC",
    { channelCount: 2, sampleRateHz: 96_000, sampleBits: 24 },
    [],
  );
  const [box] = readBoxes(written(entry));
  const found = parseSampleEntry(box!, "audio");
  assertEquals([found.sampleRateHz, found.sampleBits], [0, 24]);
});

const QUICKTIME_SOUND = [{
  name: "version 1 with its configuration in wave",
  type: "mp4a",
  body: "0000000000000001" + "0001000000000000" + "0002001000000000bb800000" +
    "00000400" + "00000000".repeat(3) + "00000012" + "77617665" +
    "0000000a" + "65736473" + "0102",
  channelCount: 2,
  sampleRateHz: 48_000,
  sampleBits: 16,
  boxes: ["wave", "esds"],
}, {
  name: "version 2",
  type: "lpcm",
  body: "0000000000000001" + "0002000000000000" + "00030010fffe0000" +
    "00010000" + "00000048" + "40e7700000000000" + "00000002" + "7f000000" +
    "00000018" + "0000000c" + "00000006" + "00000001",
  channelCount: 2,
  sampleRateHz: 48_000,
  sampleBits: 24,
  boxes: [],
}] as const;

for (const { name, type, body, boxes, ...sound } of QUICKTIME_SOUND) {
  Deno.test(`parseSampleEntry() reads sound of QuickTime, ${name}`, () => {
    const entry = parseSampleEntry({ type, body: hex(body) }, "audio");
    const { channelCount, sampleRateHz, sampleBits } = entry;
    assertEquals({ channelCount, sampleRateHz, sampleBits }, sound);
    assertEquals(entry.boxes.map((box) => box.type), [...boxes]);
  });
}
