import { joinBytes } from "#base/join_bytes.ts";
import { readMediaSegment } from "#formats/fmp4/fragment_reader.ts";
import { parseInitSegment } from "#formats/fmp4/movie_reader.ts";
import { ChunkIndex } from "#recording/playback/chunk_index.ts";
import { chunkHeader, chunkParts } from "#recording/playback/chunk_output.ts";
import { assertEquals } from "#test/assert.ts";
import { plainSamples } from "./made_recording.ts";
import { recordedFolder } from "./recorded_folder.ts";

Deno.test("chunkParts() have every sample once, at its time", async () => {
  await using folder = await recordedFolder({
    samples: plainSamples(10),
    cutSeconds: [0],
  });
  const [segment] = await folder.segments();
  const chunks = await new ChunkIndex().chunksOf(segment!);
  const header = joinBytes(await Array.fromAsync(chunkHeader(segment!)));
  const movie = parseInitSegment(header);
  const found: string[] = [];
  const firsts: string[] = [];
  for (const [i, chunk] of chunks.entries()) {
    const parts = await Array.fromAsync(chunkParts({
      ...{ file: segment!, chunk, offsetUs: 100e6 },
      isFirst: i === 0,
      isLast: i === chunks.length - 1,
    }));
    const samples = readMediaSegment(joinBytes(parts), movie);
    const texts = samples.map(({ bytes, dtsTicks, trackNumber }) => {
      const seconds = dtsTicks / (trackNumber === 1 ? 90_000 : 48_000);
      return `${seconds} ${new TextDecoder().decode(bytes)}`;
    });
    firsts.push(texts[0]!);
    found.push(...texts);
  }
  assertEquals(firsts, ["100 picture 0", "104 picture 40", "108 picture 80"]);
  assertEquals(found.length, 600);
  assertEquals(new Set(found).size, 600);
  assertEquals(found.includes("109.98 sound 499"), true);
});
