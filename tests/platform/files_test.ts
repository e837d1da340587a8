import { PlatformError } from "#platform/errors.ts";
import { absolutePath, fileExists, readTextFile } from "#platform/files.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";

Deno.test("readTextFile() and fileExists() agree on what is there", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/weir.yml`;
  assertEquals(await fileExists(path), false);
  const error = await assertRejects(readTextFile(path), PlatformError);
  assertEquals(error.code, "not_found");
  await Deno.writeTextFile(path, "logLevel: info\n");
  assertEquals(await fileExists(path), true);
  assertEquals(await readTextFile(path), "logLevel: info\n");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("absolutePath() resolves against the working folder", () => {
  assertEquals(absolutePath("a/../b"), `${Deno.cwd()}/b`);
  assertEquals(absolutePath("/a/./b"), "/a/b");
});
