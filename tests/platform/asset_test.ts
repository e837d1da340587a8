import { loadAsset } from "#platform/asset.ts";
import { PlatformError } from "#platform/errors.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";

Deno.test("loadAsset() reads a file beside the program", async () => {
  const bytes = await loadAsset(new URL(import.meta.url));
  assertEquals(new TextDecoder().decode(bytes.subarray(0, 6)), "import");
});

Deno.test("loadAsset() says what is missing", async () => {
  const error = await assertRejects(
    loadAsset(new URL("./not_there.mp4", import.meta.url)),
    PlatformError,
  );
  assertEquals(error.code, "not_found");
});
