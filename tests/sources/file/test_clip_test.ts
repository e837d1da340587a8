import { assertEquals } from "#test/assert.ts";
import { TEST_STORE } from "#sources/file/test_clip.ts";
import { testClipBytes } from "./clip_samples.ts";

Deno.test("TEST_STORE has one clip, small enough for the executable", async () => {
  const [name, ...others] = await TEST_STORE.list();
  assertEquals(others, []);
  using input = await TEST_STORE.open(name!);
  assertEquals(input.sizeBytes < 300_000, true);
  assertEquals(
    await input.readAt(100, 50),
    (await testClipBytes()).slice(100, 150),
  );
});
