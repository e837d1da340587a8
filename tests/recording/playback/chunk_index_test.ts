import { ParseError } from "#base/errors.ts";
import { ChunkIndex } from "#recording/playback/chunk_index.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";
import { plainSamples } from "./made_recording.ts";
import { recordedFolder } from "./recorded_folder.ts";

const LONG = { samples: plainSamples(10), cutSeconds: [0] };

Deno.test("ChunkIndex cuts at the first key frame after four seconds", async () => {
  await using folder = await recordedFolder(LONG);
  const [segment] = await folder.segments();
  const index = new ChunkIndex();
  const chunks = await index.chunksOf(segment!);
  assertEquals(
    chunks.map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds]),
    [[0, 4], [4, 8], [8, 10]],
  );
  await Deno.remove(segment!.file);
  assertEquals(await index.chunksOf(segment!), chunks);
  await assertRejects(new ChunkIndex().chunksOf(segment!), Error);
});

Deno.test("ChunkIndex forgets what it could not read", async () => {
  await using folder = await recordedFolder(LONG);
  const [segment] = await folder.segments();
  const bytes = await Deno.readFile(segment!.file);
  const index = new ChunkIndex();
  await Deno.writeTextFile(segment!.file, "");
  await assertRejects(index.chunksOf(segment!), ParseError);
  await Deno.writeFile(segment!.file, bytes);
  assertEquals((await index.chunksOf(segment!)).length, 3);
});
