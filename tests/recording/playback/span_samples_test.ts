import { PlatformError } from "#platform/errors.ts";
import {
  openRecordedSpan,
  placeSegments,
} from "#recording/playback/span_samples.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { plainSamples } from "./made_recording.ts";
import { recordedFolder, spanTexts, START_US } from "./recorded_folder.ts";

Deno.test("RecordedSpan goes from one segment to the next without a seam", async () => {
  await using folder = await recordedFolder({});
  const pictures = await spanTexts(await folder.span(), 1);
  assertEquals(
    pictures,
    Array.from(
      { length: 40 },
      (_, i) => `${i * 100}+100 picture ${i}${i % 10 === 0 ? "*" : ""}`,
    ),
  );
  const sounds = await spanTexts(await folder.span(), 2);
  assertEquals(
    sounds,
    Array.from({ length: 200 }, (_, i) => `${i * 20}+20 sound ${i}*`),
  );
});

Deno.test("RecordedSpan begins with the key frame that the first picture needs, and ends in time", async () => {
  await using folder = await recordedFolder({});
  const startUs = START_US + 1_250_000;
  const options = await folder.span({ startUs, durationUs: 1e6 });
  assertEquals(await spanTexts(options, 1), [
    "-250+100 picture 10*",
    "-150+100 picture 11",
    "-50+100 picture 12",
    "50+100 picture 13",
    "150+100 picture 14",
    "250+100 picture 15",
    "350+100 picture 16",
    "450+100 picture 17",
    "550+100 picture 18",
    "650+100 picture 19",
    "750+100 picture 20*",
    "850+100 picture 21",
    "950+100 picture 22",
  ]);
  const sounds = await spanTexts(options, 2);
  assertEquals(sounds[0], "10+20 sound 63*");
  assertEquals(sounds.at(-1), "990+20 sound 112*");
});

Deno.test("RecordedSpan leaves out what comes before a key frame that is wanted", async () => {
  await using folder = await recordedFolder({});
  const startUs = START_US + 950_000;
  const options = await folder.span({ startUs, durationUs: 200_000 });
  assertEquals(await spanTexts(options, 1), [
    "50+100 picture 10*",
    "150+100 picture 11",
  ]);
});

Deno.test("RecordedSpan ends at a gap, or goes on behind it as if it were none", async () => {
  await using folder = await recordedFolder(
    { cutSeconds: [0], samples: plainSamples(1) },
    { cutSeconds: [0], samples: plainSamples(1), startUs: START_US + 10e6 },
  );
  const stopping = await folder.span({ durationUs: 60e6 });
  assertEquals((await spanTexts(stopping, 1)).length, 10);
  const skipping = { ...stopping, skipsGaps: true };
  const pictures = await spanTexts(skipping, 1);
  assertEquals(pictures.length, 20);
  assertEquals(pictures.slice(9, 12), [
    "900+100 picture 9",
    "1000+100 picture 0*",
    "1100+100 picture 1",
  ]);
  // The end is a time of the wall clock.
  const short = { ...skipping, durationUs: 10.5e6 };
  assertEquals((await spanTexts(short, 1)).length, 15);
  const fromGap = { ...skipping, startUs: START_US + 5e6 };
  assertEquals((await spanTexts(fromGap, 1))[0], "0+100 picture 0*");
});

Deno.test("RecordedSpan does not go on behind a gap with other tracks", async () => {
  await using folder = await recordedFolder({});
  const options = await folder.span({ skipsGaps: true });
  const [first, second] = options.segments;
  const other = { ...second!, origin: undefined, layout: "1 90000 hvc1" };
  const placed = placeSegments({ ...options, segments: [first!, other] });
  assertEquals([...placed].map(({ segment }) => segment), [first]);
});

Deno.test("RecordedSpan goes on where a malformed segment breaks off, and names it", async () => {
  await using folder = await recordedFolder({});
  const options = await folder.span();
  const { file } = options.segments[0]!;
  const bytes = await Deno.readFile(file);
  // The second fragment: the word stands where its box has the number of samples.
  const moofAt = indexOf(bytes, "moof", indexOf(bytes, "moof", 0) + 4);
  bytes.set(
    new TextEncoder().encode("nope"),
    indexOf(bytes, "trun", moofAt) + 8,
  );
  await Deno.writeFile(file, bytes);
  const pictures = await spanTexts(options, 1);
  assertEquals(pictures.length, 30);
  assertEquals(pictures[10], "2000+100 picture 20*");
  assert(
    folder.lines[0]!.startsWith(`warn: skipping the rest of segment ${file}`),
    folder.lines[0]!,
  );
});

Deno.test("RecordedSpan rejects when a segment is gone", async () => {
  await using folder = await recordedFolder({});
  const options = await folder.span();
  await Deno.remove(options.segments[1]!.file);
  await assertRejects(spanTexts(options, 1), PlatformError);
  await Deno.remove(options.segments[0]!.file);
  await assertRejects(openRecordedSpan(options), PlatformError);
});

function indexOf(bytes: Uint8Array, word: string, from: number): number {
  const text = new TextDecoder("latin1").decode(bytes);
  return text.indexOf(word, from);
}
