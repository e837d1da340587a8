import { joinBytes } from "#base/join_bytes.ts";
import { readMediaSegment } from "#formats/fmp4/fragment_reader.ts";
import { parseInitSegment } from "#formats/fmp4/movie_reader.ts";
import {
  fragmentedFile,
  serializeSpanHeader,
} from "#recording/playback/fragmented_output.ts";
import { tracksOf } from "#recording/playback/span_samples.ts";
import { assertEquals } from "#test/assert.ts";
import { PLAIN_TRACKS } from "./made_recording.ts";
import { recordedFolder, START_US } from "./recorded_folder.ts";

Deno.test("serializeSpanHeader() says what the recording's header said, bit rates once", () => {
  const header = serializeSpanHeader(PLAIN_TRACKS);
  const movie = parseInitSegment(header);
  assertEquals(movie.userData, []);
  const again = serializeSpanHeader(tracksOf(movie));
  assertEquals(again, header);
  const rates = new TextDecoder("latin1").decode(again).split("btrt").length;
  assertEquals(rates - 1, PLAIN_TRACKS.length);
});

Deno.test("fragmentedFile() begins with what is decoded at once and shown at the start", async () => {
  await using folder = await recordedFolder({});
  const options = await folder.span({
    startUs: START_US + 1_150_000,
    durationUs: 2e6,
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of fragmentedFile(options)) chunks.push(chunk);
  const [header, ...parts] = chunks;
  const movie = parseInitSegment(header!);
  assertEquals(parts.length, 2);
  const samples = readMediaSegment(joinBytes(parts), movie);
  const pictures = samples.filter(({ trackNumber }) => trackNumber === 1)
    .map(({ dtsTicks, ptsTicks, durationTicks, bytes }) => [
      ...[dtsTicks, ptsTicks, durationTicks].map((ticks) => ticks / 90),
      new TextDecoder().decode(bytes),
    ]);
  assertEquals(pictures.slice(0, 4), [
    [0, 0, 0, "picture 10"],
    [0, 0, 50, "picture 11"],
    [50, 50, 100, "picture 12"],
    [150, 150, 100, "picture 13"],
  ]);
  assertEquals(pictures.at(-1), [1_950, 1_950, 100, "picture 31"]);
});

Deno.test("fragmentedFile() is nothing where nothing is", async () => {
  await using folder = await recordedFolder({});
  const options = await folder.span({ startUs: START_US + 60e6 });
  assertEquals(await Array.fromAsync(fragmentedFile(options)), []);
});
