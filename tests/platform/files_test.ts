import { PlatformError } from "#platform/errors.ts";
import {
  absolutePath,
  appendToFile,
  besideFile,
  fileExists,
  fileMode,
  folderOf,
  isFilePattern,
  matchingFiles,
  readTextFile,
  realPath,
  removeFile,
  renameFile,
  replaceFile,
} from "#platform/files.ts";
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

Deno.test("besideFile() answers names relative to a file's folder", () => {
  const cases: [file: string, name: string, path: string][] = [
    ["weir.yml", "a.yml", "a.yml"],
    ["conf/weir.yml", "a/*.yml", "conf/a/*.yml"],
    ["/etc/weir.yml", "../a.yml", "/a.yml"],
    ["conf/weir.yml", "/etc/a.yml", "/etc/a.yml"],
  ];
  for (const [file, name, path] of cases) {
    assertEquals(besideFile(file, name), path);
  }
  assertEquals(folderOf("/etc/weir.yml"), "/etc");
});

const NAMES = [
  "a.yml",
  "b.yml",
  "ab.yml",
  ".c.yml",
  "a.txt",
  "d/a.yml",
  "e/b.yml",
];

const PATTERNS: [pattern: string, files: string[]][] = [
  ["a.yml", ["a.yml"]],
  ["none.yml", []],
  ["*.yml", ["a.yml", "ab.yml", "b.yml"]],
  ["?.yml", ["a.yml", "b.yml"]],
  ["a*", ["a.txt", "a.yml", "ab.yml"]],
  ["*a*b*.*", ["ab.yml"]],
  ["**.yml", ["a.yml", "ab.yml", "b.yml"]],
  [".*.yml", [".c.yml"]],
  ["*/a.yml", ["d/a.yml"]],
  ["?/*", ["d/a.yml", "e/b.yml"]],
  ["*/*/*", []],
  ["a.yml/*", []],
  ["none/*.yml", []],
  ["[ab].yml", []],
];

Deno.test("matchingFiles() answers the files that a pattern fits", async () => {
  const folder = await Deno.makeTempDir();
  for (const name of ["d", "e"]) await Deno.mkdir(`${folder}/${name}`);
  for (const name of NAMES) await Deno.writeTextFile(`${folder}/${name}`, "");
  for (const [pattern, files] of PATTERNS) {
    assertEquals(
      await matchingFiles(`${folder}/${pattern}`),
      files.map((name) => `${folder}/${name}`),
      pattern,
    );
  }
  await Deno.remove(folder, { recursive: true });
  assertEquals([isFilePattern("a?"), isFilePattern("a.[b]")], [true, false]);
});

Deno.test("matchingFiles() takes patterns of many stars in little time", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/${"a".repeat(200)}`, "");
  const startMs = performance.now();
  assertEquals(await matchingFiles(`${folder}/${"*a".repeat(60)}b`), []);
  const tookMs = performance.now() - startMs;
  if (tookMs > 5_000) throw new Error(`took ${tookMs} ms`);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("appendToFile() adds to the end of a file, or makes it", async () => {
  const folder = await Deno.makeTempDir();
  await appendToFile(`${folder}/a`, "one\n");
  await appendToFile(`${folder}/a`, "é\n");
  assertEquals(await readTextFile(`${folder}/a`), "one\né\n");
  const error = await assertRejects(
    appendToFile(`${folder}/none/a`, "one"),
    PlatformError,
  );
  assertEquals(error.code, "not_found");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("replaceFile() leaves all of the old file or all of the new one", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/x.yml`;
  await replaceFile(path, "one", 0o600);
  assertEquals([await readTextFile(path), await fileMode(path)], [
    "one",
    0o600,
  ]);
  await replaceFile(path, "two", 0o400);
  assertEquals([await readTextFile(path), await fileMode(path)], [
    "two",
    0o400,
  ]);
  await Deno.mkdir(`${folder}/full/x`, { recursive: true });
  const error = await assertRejects(
    replaceFile(`${folder}/full`, "three", 0o600),
    PlatformError,
  );
  assertEquals(error.message.startsWith(`Cannot write ${folder}/full`), true);
  await assertRejects(
    replaceFile(`${folder}/none/x`, "three", 0o600),
    PlatformError,
  );
  const names = await Array.fromAsync(Deno.readDir(folder), (one) => one.name);
  assertEquals(names.sort(), ["full", "x.yml"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("removeFile(), renameFile() and realPath() know files that are not there", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const path = `${folder}/x`;
  await removeFile(path);
  await assertRejects(renameFile(path, `${path}2`), PlatformError);
  assertEquals([await realPath(path), await fileMode(path)], [
    undefined,
    undefined,
  ]);
  await Deno.writeTextFile(path, "");
  await Deno.symlink("x", `${folder}/link`);
  assertEquals(await realPath(`${folder}/link`), path);
  await renameFile(path, `${path}2`);
  await removeFile(`${path}2`);
  await assertRejects(removeFile(folder), PlatformError);
  await Deno.remove(folder, { recursive: true });
});
