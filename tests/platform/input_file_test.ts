import { PlatformError } from "#platform/errors.ts";
import { openInputFile } from "#platform/input_file.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";

Deno.test("InputFile reads where it is asked to, many at a time", async () => {
  const path = await Deno.makeTempFile();
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);
  await Deno.writeFile(path, bytes);
  {
    using file = await openInputFile(path);
    assertEquals(file.sizeBytes, bytes.length);
    const places = [99_990, 0, 50_000];
    const read = await Promise.all(places.map((at) => file.readAt(at, 10)));
    assertEquals(read, places.map((at) => bytes.slice(at, at + 10)));
    await Deno.truncate(path, 10);
    assertEquals(await file.readAt(5, 10), bytes.slice(5, 10));
    file[Symbol.dispose]();
    await assertRejects(file.readAt(0, 1), PlatformError);
  }
  await Deno.remove(path);
});

Deno.test("openInputFile() refuses what is no file", async () => {
  const folder = await Deno.makeTempDir();
  await assertRejects(openInputFile(folder), PlatformError);
  const error = await assertRejects(
    openInputFile(`${folder}/none`),
    PlatformError,
  );
  assertEquals(error.code, "not_found");
  await Deno.remove(folder);
});

Deno.test({
  name: "openInputFile() does not wait for somebody to write to a named pipe",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const pipe = `${folder}/pipe.mp4`;
    await new Deno.Command("mkfifo", { args: [pipe] }).output();
    const error = await assertRejects(openInputFile(pipe), PlatformError);
    assertEquals(error.message, `Cannot read ${pipe}: it is no file`);
    await Deno.remove(folder, { recursive: true });
  },
});
