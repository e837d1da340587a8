import { ChunkStreams } from "#recording/playback/chunk_streams.ts";
import { createLogger } from "#base/log.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";

/** Streams with their log, and a maker of chunks that says when it has ended. */
function scene(failAt = Infinity) {
  const lines: string[] = [];
  const logger = createLogger((_, text) => lines.push(text), "debug");
  const streams = new ChunkStreams(logger);
  const made: number[] = [];
  let hasEnded = false;
  async function* chunks(count: number) {
    try {
      for (let i = 0; i < count; i++) {
        await Promise.resolve();
        if (i === failAt) throw new Error("the disk is gone");
        made.push(i);
        yield new Uint8Array([i]);
      }
    } finally {
      hasEnded = true;
    }
  }
  return { streams, lines, made, chunks, hasEnded: () => hasEnded };
}

Deno.test("ChunkStreams makes no more than is read", async () => {
  const { streams, made, chunks, hasEnded } = scene();
  const body = await streams.begin(chunks(3));
  assertEquals(made, [0]);
  const reader = body!.getReader();
  assertEquals((await reader.read()).value, new Uint8Array([0]));
  assertEquals(made, [0]);
  assertEquals((await reader.read()).value, new Uint8Array([1]));
  assertEquals(made, [0, 1]);
  await reader.read();
  assertEquals((await reader.read()).done, true);
  assertEquals(hasEnded(), true);
});

Deno.test("ChunkStreams begin() answers undefined if there is nothing", async () => {
  const { streams, chunks } = scene();
  assertEquals(await streams.begin(chunks(0)), undefined);
});

Deno.test("ChunkStreams begin() rejects with what comes before the first chunk", async () => {
  const { streams, chunks, lines } = scene(0);
  await assertRejects(streams.begin(chunks(3)), Error);
  assertEquals(lines, []);
});

Deno.test("ChunkStreams breaks off, and says why", async () => {
  const { streams, chunks, lines } = scene(1);
  const reader = (await streams.begin(chunks(3)))!.getReader();
  await reader.read();
  await assertRejects(reader.read(), Error);
  assertEquals(lines, ["the disk is gone"]);
});

Deno.test("ChunkStreams lets go when the reader does, or the server ends", async () => {
  const left = scene();
  const body = await left.streams.begin(left.chunks(3));
  await body!.cancel();
  assertEquals(left.hasEnded(), true);
  const ended = scene();
  await ended.streams.begin(ended.chunks(3));
  await ended.streams[Symbol.asyncDispose]();
  assertEquals(ended.hasEnded(), true);
});
