import { ParseError } from "#base/errors.ts";
import { joinBytes } from "#base/join_bytes.ts";
import { MAX_FILE_BOXES } from "#formats/mp4/file_boxes.ts";
import {
  type Mp4File,
  openMp4File,
  type SampleRange,
} from "#formats/mp4/mp4_file.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { BytesInput } from "./bytes_input.ts";
import {
  AUDIO_NUMBER,
  fragmentBytes,
  initBytes,
  progressiveBytes,
  VIDEO_NUMBER,
} from "./file_samples.ts";

/** Track, decoding time in tenths of a second, and the first two bytes. */
async function listed(file: Mp4File, range?: SampleRange): Promise<string[]> {
  const found: string[] = [];
  for await (const sample of file.samples(range)) {
    const bytes = await file.read(sample);
    assertEquals(bytes.length, sample.sizeBytes);
    const { timescaleHz } = file.movie.tracks.find(({ number }) =>
      number === sample.trackNumber
    )!;
    const tenths = Math.round(10 * sample.dtsTicks / timescaleHz);
    const key = sample.isSync && sample.trackNumber === VIDEO_NUMBER ? "!" : "";
    found.push(`${tenths} ${bytes.subarray(0, 2).toHex()}${key}`);
  }
  return found;
}

const WHOLE = [
  ...["0 a000!", "0 b000", "1 a001", "1 b001", "2 a002", "2 b002"],
  ...["3 a003!", "3 b003", "4 a004", "4 b004", "5 a005", "5 b005"],
];

const FILES = [
  { name: "without fragments", bytes: progressiveBytes(6) },
  {
    name: "with fragments",
    bytes: joinBytes([initBytes(), ...fragmentBytes(6)]),
  },
];

for (const { name, bytes } of FILES) {
  Deno.test(`Mp4File gives the samples of a file ${name} in the order of decoding`, async () => {
    const file = await openMp4File(new BytesInput(bytes));
    assertEquals(await listed(file), WHOLE);
    assertEquals(
      await listed(file, { trackNumbers: [AUDIO_NUMBER] }),
      WHOLE.filter((one) => one.includes(" b")),
    );
  });

  Deno.test(`Mp4File begins a file ${name} at the key frame before a time`, async () => {
    const file = await openMp4File(new BytesInput(bytes));
    for (const [fromSeconds, first] of [[0, 0], [0.25, 0], [0.3, 6], [9, 6]]) {
      const range = { fromSeconds: fromSeconds! };
      assertEquals(await listed(file, range), WHOLE.slice(first));
    }
    assertEquals(
      await listed(file, { fromSeconds: 0.4, trackNumbers: [AUDIO_NUMBER] }),
      ["4 b004", "5 b005"],
    );
  });

  Deno.test(`Mp4File throws only ParseError for prefixes of a file ${name}`, async () => {
    for (let length = 0; length < bytes.length; length += 3) {
      try {
        const input = new BytesInput(bytes.subarray(0, length));
        await listed(await openMp4File(input));
      } catch (error) {
        if (!(error instanceof ParseError)) throw error;
      }
    }
  });
}

Deno.test("Mp4File reads composition offsets and edit lists", async () => {
  const bytes = progressiveBytes(3, { video: -9_000, audio: 4_800 });
  const file = await openMp4File(new BytesInput(bytes));
  const [video, audio] = file.movie.tracks;
  assertEquals([video?.editOffsetTicks, audio?.editOffsetTicks], [
    -9_000,
    4_800,
  ]);
  const times: string[] = [];
  for await (const { trackNumber, dtsTicks, ptsTicks } of file.samples()) {
    times.push(`${trackNumber} ${dtsTicks} ${ptsTicks}`);
  }
  assertEquals(times, [
    "1 0 0",
    "1 9000 13500",
    "1 18000 22500",
    "2 0 0",
    "2 4800 4800",
    "2 9600 9600",
  ]);
});

Deno.test("Mp4File finds a header behind the samples", async () => {
  const bytes = progressiveBytes(1);
  const media = new Uint8Array(300_000);
  new DataView(media.buffer).setUint32(0, media.length);
  media.set(new TextEncoder().encode("free"), 4);
  const input = new BytesInput(joinBytes([media, bytes]));
  await openMp4File(input);
  assert(input.largestReadBytes < 10_000, "the file was read as a whole");
});

Deno.test("Mp4File reads what is there of a fragment, and no cut one", async () => {
  const fragments = fragmentBytes(6);
  const cut = fragments[2]!.subarray(0, -1);
  const bytes = joinBytes([initBytes(), fragments[0]!, fragments[1]!, cut]);
  const file = await openMp4File(new BytesInput(bytes));
  assertEquals(await listed(file), WHOLE.slice(0, 8));
});

Deno.test("Mp4File refuses a file without header", async () => {
  const bytes = joinBytes(fragmentBytes(2));
  const opening = () => openMp4File(new BytesInput(bytes));
  const error = await assertRejects(opening(), ParseError);
  assertEquals(error.field, "moov");
});

Deno.test("Mp4File refuses samples that overlap: a few bytes would list more than there is", async () => {
  const bytes = progressiveBytes(6).slice();
  const text = bytes.toHex();
  // The size of the last picture; all samples stand behind each other.
  const stszAt = text.indexOf("7374737a") / 2;
  new DataView(bytes.buffer).setUint32(stszAt + 12, bytes.length);
  const file = await openMp4File(new BytesInput(bytes));
  await assertRejects(listed(file), ParseError);
});

Deno.test("openMp4File() looks at a limited number of boxes", async () => {
  const box = Uint8Array.fromHex("0000000866726565");
  const count = MAX_FILE_BOXES + 1;
  let reads = 0;
  const opening = () =>
    openMp4File({
      sizeBytes: count * box.length,
      readAt: (_, lengthBytes) => {
        reads++;
        const bytes = new Uint8Array(lengthBytes);
        for (let at = 0; at + 8 <= lengthBytes; at += 8) bytes.set(box, at);
        return Promise.resolve(bytes);
      },
    });
  const error = await assertRejects(opening(), ParseError);
  assertEquals(error.field, "boxes");
  assert(reads < 1_000, "headers were read one by one");
});

Deno.test("openMp4File() refuses a header over the limit without reading it", async () => {
  const head = Uint8Array.fromHex("7fffffff6d6f6f76");
  const opening = () =>
    openMp4File({
      sizeBytes: 2 ** 31,
      readAt: (_, lengthBytes) => {
        assert(lengthBytes < 10_000, "the header was read");
        const bytes = new Uint8Array(lengthBytes);
        bytes.set(head);
        return Promise.resolve(bytes);
      },
    });
  const error = await assertRejects(opening(), ParseError);
  assertEquals(error.field, "moov");
});
