import { PlatformError } from "#platform/errors.ts";
import { watchPaths } from "#platform/watch.ts";
import { assertIncludes, assertThrows } from "#test/assert.ts";

Deno.test("watchPaths() hears of files that are made, written to, renamed and removed", async () => {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/a`;
  await Deno.writeTextFile(file, "");
  let heard = Promise.withResolvers<void>();
  {
    await using _watch = watchPaths([folder, file], () => heard.resolve());
    const steps = [
      () => Deno.writeTextFile(file, "x"),
      () => Deno.symlink("a", `${folder}/link`),
      () => Deno.rename(`${folder}/link`, `${folder}/..data`),
      () => Deno.remove(file),
    ];
    for (const step of steps) {
      await step();
      await heard.promise;
      heard = Promise.withResolvers();
    }
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("watchPaths() names what it cannot watch", () => {
  const { message } = assertThrows(
    () => watchPaths(["/nowhere/at/all"], () => {}),
    PlatformError,
  );
  assertIncludes(message, "Cannot watch /nowhere/at/all");
});

Deno.test("watchPaths() may be disposed of twice", async () => {
  const folder = await Deno.makeTempDir();
  const watch = watchPaths([folder], () => {});
  await watch[Symbol.asyncDispose]();
  await watch[Symbol.asyncDispose]();
  await Deno.remove(folder, { recursive: true });
});
