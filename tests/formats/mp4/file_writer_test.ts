import { joinBytes } from "#base/join_bytes.ts";
import { readBoxes } from "#formats/fmp4/box_reader.ts";
import { openMp4File } from "#formats/mp4/mp4_file.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { BytesInput } from "./bytes_input.ts";
import { fileWriter, madeSamples, VIDEO_NUMBER } from "./file_samples.ts";

function boxHex(header: Uint8Array, type: string, track = 0): string {
  const path = ["mdia", "minf", "stbl", type];
  const moov = readBoxes(
    readBoxes(header).find((box) => box.type === "moov")!.body,
  );
  let body = moov.filter((box) => box.type === "trak")[track]!.body;
  for (const name of path) {
    const box = readBoxes(body).find((one) => one.type === name);
    if (box === undefined) return "";
    body = box.body;
  }
  return body.toHex();
}

/** Header without the head of the data, whose content is elsewhere. */
function headerOf(writer: ReturnType<typeof fileWriter>): Uint8Array {
  return writer.header().subarray(0, -16);
}

Deno.test("Mp4FileWriter writes tables byte for byte", () => {
  const writer = fileWriter();
  for (const sample of madeSamples(4)) writer.add(sample.trackNumber, sample);
  const header = headerOf(writer);
  const dataAt = header.length + 16;
  const u32 = (value: number) => value.toString(16).padStart(8, "0");
  assertEquals(
    boxHex(header, "stts"),
    "00000000" + u32(1) + u32(4) + u32(9_000),
  );
  assertEquals(boxHex(header, "stss"), "00000000" + u32(2) + u32(1) + u32(4));
  assertEquals(
    boxHex(header, "ctts"),
    "01000000" + u32(3) + u32(1) + u32(0) + u32(2) + u32(4_500) + u32(1) +
      u32(0),
  );
  assertEquals(boxHex(header, "stsc"), "00000000" + u32(1) + u32(1).repeat(3));
  assertEquals(
    boxHex(header, "stsz"),
    "00000000" + u32(0) + u32(4) + u32(2) + u32(3) + u32(4) + u32(5),
  );
  assertEquals(
    boxHex(header, "stco"),
    "00000000" + u32(4) + [0, 4, 9, 15].map((at) => u32(dataAt + at)).join(""),
  );
  assertEquals(boxHex(header, "ctts", 1), "");
  assertEquals(boxHex(header, "stss", 1), "");
});

Deno.test("Mp4FileWriter writes the same samples with the header in front or behind", async () => {
  const samples = madeSamples(6);
  const front = fileWriter({ video: -9_000 });
  const behind = fileWriter({ video: -9_000 });
  const opening = behind.opening();
  for (const sample of samples) {
    front.add(sample.trackNumber, sample);
    behind.add(sample.trackNumber, sample);
  }
  const data = samples.map(({ bytes }) => bytes);
  const { movie, patch } = behind.closing();
  const streamed = joinBytes([opening, ...data, movie]).slice();
  streamed.set(patch.bytes, patch.offsetBytes);
  const found = await Promise.all(
    [joinBytes([front.header(), ...data]), streamed].map(async (bytes) => {
      const file = await openMp4File(new BytesInput(bytes));
      const list: string[] = [];
      for await (const sample of file.samples()) {
        const { offsetBytes: _, ...rest } = sample;
        list.push(
          JSON.stringify(rest) + (await file.read(sample)).toHex(),
        );
      }
      return [file.movie.durationTicks, file.movie.tracks.length, ...list];
    }),
  );
  assertEquals(found[1], found[0]);
  assertEquals(found[0]!.length, 14);
  assertEquals(found[0]![0], 600);
});

Deno.test("Mp4FileWriter begins chunks where the track changes, and before they become too large", () => {
  const writer = fileWriter();
  const sample = {
    sizeBytes: 700_000,
    durationTicks: 1,
    compositionOffsetTicks: 0,
    isSync: true,
  };
  for (let i = 0; i < 5; i++) writer.add(VIDEO_NUMBER, sample);
  const stsc = boxHex(headerOf(writer), "stsc");
  assertEquals(
    stsc,
    "00000000" + "00000002" + "00000001" + "00000002" + "00000001" +
      "00000003" + "00000001" + "00000001",
  );
});

Deno.test("Mp4FileWriter writes offsets of 64 bits where a file needs them", () => {
  const writer = fileWriter();
  const sample = {
    sizeBytes: 2 ** 31,
    durationTicks: 1,
    compositionOffsetTicks: -1,
    isSync: true,
  };
  for (let i = 0; i < 3; i++) writer.add(VIDEO_NUMBER, sample);
  const bytes = writer.header();
  const header = bytes.subarray(0, -16);
  const offsets = boxHex(header, "co64");
  const first = bytes.length.toString(16).padStart(16, "0");
  assertEquals(offsets.slice(16, 32), first);
  assertEquals(boxHex(header, "stco"), "");
  assertEquals(boxHex(header, "ctts").slice(-8), "ffffffff");
  assertEquals(
    bytes.subarray(-16).toHex(),
    "00000001" + "6d646174" + "0000000180000010",
  );
});

Deno.test("Mp4FileWriter shows nothing up to the first picture, and hides what is there for a decoder only", async () => {
  const sample = { sizeBytes: 1, durationTicks: 3_600, isSync: true };
  const offsets = [7_200, 14_400, 0];
  const found = await Promise.all([0, -9_000, 18_000].map(async (video) => {
    const writer = fileWriter({ video });
    for (const compositionOffsetTicks of offsets) {
      writer.add(VIDEO_NUMBER, { ...sample, compositionOffsetTicks });
    }
    const data = new Uint8Array(offsets.length);
    const { movie } = await openMp4File(
      new BytesInput(joinBytes([writer.header(), data])),
    );
    const moov = readBoxes(headerOf(writer))[1]!.body;
    const elst = moov.toHex().split("656c7374")[1] ?? "";
    return [
      movie.tracks[0]!.editOffsetTicks,
      movie.durationTicks,
      parseInt(elst.slice(8, 16), 16),
    ];
  }));
  // What is shown last ends at 21,600 ticks: 240 ms.
  assertEquals(found, [[0, 240, 2], [-9_000, 140, 1], [18_000, 440, 2]]);
});

Deno.test("Mp4FileWriter takes samples of its tracks only", () => {
  assertThrows(() => fileWriter().add(9, madeSamples(1)[0]!), Error);
});
