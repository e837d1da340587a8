import { lazySource } from "#sources/lazy_source.ts";
import type { PullRequest } from "#sources/pull_source.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";

const REQUEST = { url: "file:///clip.mp4" } as unknown as PullRequest;

Deno.test("lazySource() says what it is, and loads when it is asked for media", async () => {
  const pulled: string[] = [];
  let loads = 0;
  const source = lazySource(
    { label: "x", type: "fileSource", schemes: ["file"] },
    () => {
      loads++;
      return Promise.resolve(({ url }) => {
        pulled.push(url);
        return Promise.reject(new Error("no such file"));
      });
    },
  );
  assertEquals([source.label, source.schemes, loads], ["x", ["file"], 0]);
  const error = await assertRejects(source.pull(REQUEST), Error);
  assertEquals(error.message, "no such file");
  assertEquals([pulled, loads], [["file:///clip.mp4"], 1]);
});
