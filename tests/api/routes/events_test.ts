import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { type ApiScene, withApi } from "../api_scene.ts";

/** Reads the stream until `part` has come. */
async function readUntil(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  part: string,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  while (!text.includes(part)) {
    const { done, value } = await reader.read();
    assert(!done, text);
    text += decoder.decode(value, { stream: true });
  }
  return text;
}

async function listen({ call }: ApiScene, lastId?: string) {
  const response = await call("/v3/events", {
    headers: lastId === undefined ? {} : { "Last-Event-ID": lastId },
  });
  assertEquals(response.headers.get("Content-Type"), "text/event-stream");
  return response.body!.getReader();
}

Deno.test("events: come as they happen, and a client that comes back misses none", async () => {
  await withApi({}, async (scene) => {
    const first = await listen(scene);
    await readUntil(first, "retry");
    scene.emit({ type: "configApplied", revision: 1 });
    const text = await readUntil(first, '"revision":1');
    const [, id] = /id: (\S+)/.exec(text)!;
    await first.cancel();
    scene.emit({ type: "configApplied", revision: 2 });
    const second = await listen(scene, id);
    await readUntil(second, '"revision":2');
    await second.cancel();
    const third = await listen(scene, "of-another-start");
    assertIncludes(await readUntil(third, "gap"), '{"type":"gap"}');
    await third.cancel();
  });
});

Deno.test("events: the stream ends with the API, at once", async () => {
  let ended: Promise<unknown> | undefined;
  let before = 0;
  await withApi({}, async (scene) => {
    const reader = await listen(scene);
    await readUntil(reader, "retry");
    before = performance.now();
    ended = reader.read();
  });
  assertEquals(await ended, { done: true, value: undefined });
  assert(performance.now() - before < 1_500);
});

Deno.test("events: the 65th listener is turned away", async () => {
  await withApi({}, async (scene) => {
    const readers = [];
    for (let i = 0; i < 64; i++) readers.push(await listen(scene));
    const response = await scene.call("/v3/events");
    assertEquals(response.status, 503);
    await response.body?.cancel();
    for (const reader of readers) await reader.cancel();
  });
});
