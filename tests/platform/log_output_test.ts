import {
  compressFile,
  openAppendFile,
  removeFile,
  renameFile,
  suffixesBeside,
} from "#platform/log_output.ts";
import { PlatformError } from "#platform/errors.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";

async function tempFolder() {
  const folder = await Deno.makeTempDir({ prefix: "weir_files_" });
  return {
    at: (name: string) => `${folder}/${name}`,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

Deno.test("openAppendFile() knows the size of what it adds to", async () => {
  await using temp = await tempFolder();
  await Deno.writeTextFile(temp.at("a"), "one\n");
  using file = await openAppendFile(temp.at("a"));
  assertEquals(file.sizeBytes, 4);
  await file.write(new TextEncoder().encode("two\n"));
  assertEquals(file.sizeBytes, 8);
  assertEquals(await Deno.readTextFile(temp.at("a")), "one\ntwo\n");
});

Deno.test("renameFile() overwrites nothing", async () => {
  await using temp = await tempFolder();
  await Deno.writeTextFile(temp.at("a"), "a");
  await Deno.writeTextFile(temp.at("b"), "b");
  await assertRejects(renameFile(temp.at("a"), temp.at("b")), PlatformError);
  await assertRejects(renameFile(temp.at("x"), temp.at("y")), PlatformError);
  await renameFile(temp.at("a"), temp.at("c"));
  assertEquals(
    [
      await Deno.readTextFile(temp.at("b")),
      await Deno.readTextFile(temp.at("c")),
    ],
    ["b", "a"],
  );
});

Deno.test("removeFile() removes what is there", async () => {
  await using temp = await tempFolder();
  await Deno.writeTextFile(temp.at("a"), "a");
  await removeFile(temp.at("a"));
  await removeFile(temp.at("a"));
  assertEquals(await suffixesBeside(temp.at("a")), []);
});

Deno.test("suffixesBeside() answers the ends of names that begin with the file's", async () => {
  await using temp = await tempFolder();
  for (const name of ["a.log", "a.log.1", "a.log2", "b.log", "xa.log.1"]) {
    await Deno.writeTextFile(temp.at(name), "");
  }
  await Deno.mkdir(temp.at("a.log.folder"));
  const suffixes = await suffixesBeside(temp.at("a.log"));
  assertEquals(suffixes.sort(), ["", ".1", "2"]);
  await assertRejects(suffixesBeside(temp.at("none/a.log")), PlatformError);
});

Deno.test("compressFile() writes what gzip reads, and stops when it is told to", async () => {
  await using temp = await tempFolder();
  const text = "a line of the log\n".repeat(20_000);
  await Deno.writeTextFile(temp.at("a"), text);
  const { signal } = new AbortController();
  await compressFile(temp.at("a"), temp.at("a.gz"), signal);
  using file = await Deno.open(temp.at("a.gz"));
  const plain = file.readable.pipeThrough(new DecompressionStream("gzip"));
  assertEquals(await new Response(plain).text(), text);
  const stopped = AbortSignal.abort(new RangeError("stopped"));
  await assertRejects(
    compressFile(temp.at("a"), temp.at("b.gz"), stopped),
    RangeError,
  );
  await assertRejects(
    compressFile(temp.at("none"), temp.at("c.gz"), signal),
    PlatformError,
  );
});
