import { joinBytes } from "#base/join_bytes.ts";
import { openMp4File } from "#formats/mp4/mp4_file.ts";
import { wholeFile } from "#recording/playback/whole_output.ts";
import { assertEquals } from "#test/assert.ts";
import type { SpanOptions } from "#recording/playback/span_samples.ts";
import { recordedFolder, START_US } from "./recorded_folder.ts";

/** Reads a file back: its samples as `dts text`, in milliseconds, by track. */
async function readBack(options: SpanOptions) {
  const bytes = joinBytes(await Array.fromAsync(wholeFile(options)));
  const file = await openMp4File({
    sizeBytes: bytes.length,
    readAt: (offsetBytes, lengthBytes) =>
      Promise.resolve(bytes.subarray(offsetBytes, offsetBytes + lengthBytes)),
  });
  const texts = new Map<number, string[]>();
  for await (const sample of file.samples()) {
    const { number, timescaleHz, editOffsetTicks } = file.movie.tracks.find(
      (track) => track.number === sample.trackNumber,
    )!;
    const ms = (sample.dtsTicks + editOffsetTicks) * 1_000 / timescaleHz;
    const text = new TextDecoder().decode(await file.read(sample));
    texts.set(number, [...texts.get(number) ?? [], `${ms} ${text}`]);
  }
  return { movie: file.movie, pictures: texts.get(1)!, sounds: texts.get(2)! };
}

Deno.test("wholeFile() has every sample at its time", async () => {
  await using folder = await recordedFolder({});
  const { movie, pictures, sounds } = await readBack(await folder.span());
  assertEquals(movie.isFragmented, false);
  assertEquals(movie.durationTicks, 4_000);
  assertEquals(
    pictures,
    Array.from({ length: 40 }, (_, i) => `${i * 100} picture ${i}`),
  );
  assertEquals(
    sounds,
    Array.from({ length: 200 }, (_, i) => `${i * 20} sound ${i}`),
  );
});

Deno.test("wholeFile() hides what comes before the start", async () => {
  await using folder = await recordedFolder({});
  const { movie, pictures, sounds } = await readBack(
    await folder.span({ startUs: START_US + 1_150_000, durationUs: 1e6 }),
  );
  assertEquals(pictures.slice(0, 3), [
    "-150 picture 10",
    "-50 picture 11",
    "50 picture 12",
  ]);
  assertEquals(sounds[0], "10 sound 58");
  assertEquals(movie.durationTicks, 1_050);
});

Deno.test("wholeFile() looks no further into a file than when it was described", async () => {
  await using folder = await recordedFolder({ isOpen: true });
  const options = await folder.span();
  const file = options.segments[1]!.file;
  const bytes = await Deno.readFile(file);
  await using grown = await recordedFolder({ isOpen: true, cutSeconds: [0] });
  const more = await Deno.readFile((await grown.segments())[0]!.file);
  await Deno.writeFile(file, joinBytes([bytes, more]));
  const { pictures } = await readBack(options);
  assertEquals(pictures.length, 40);
});

Deno.test("wholeFile() is nothing where nothing is", async () => {
  await using folder = await recordedFolder({});
  const options = await folder.span({ startUs: START_US + 60e6 });
  assertEquals(await Array.fromAsync(wholeFile(options)), []);
});
