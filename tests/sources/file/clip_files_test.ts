import { PlatformError } from "#platform/errors.ts";
import { ClipError } from "#sources/file/clip.ts";
import {
  clipFiles,
  fileStore,
  MAX_CLIP_FILES,
  parsePlaylist,
} from "#sources/file/clip_files.ts";
import { assertEquals, assertRejects, assertThrows } from "#test/assert.ts";

Deno.test("parsePlaylist() reads names and URLs of files", () => {
  const text =
    "\ufeff#EXTM3U\r\n#EXTINF:10,a\r\na.mp4\n\n  sub/b c.ts  \r/d.mp4\nfile:///e%20f.mp4\nC:\\g.mp4";
  assertEquals(parsePlaylist(text.slice(1)), [
    "a.mp4",
    "sub/b c.ts",
    "/d.mp4",
    "/e f.mp4",
    "C:\\g.mp4",
  ]);
});

Deno.test("parsePlaylist() refuses URLs of other kinds", () => {
  for (const line of ["http://host/a.mp4", "file://host/a.mp4"]) {
    assertThrows(() => parsePlaylist(line), ClipError);
  }
});

Deno.test("fileStore() names the file, and refuses to leave a folder", () => {
  assertEquals(fileStore("file:///a%20b.mp4").name, "/a b.mp4");
  const error = assertThrows(
    () => fileStore("file:///clips/../etc/x"),
    ClipError,
  );
  assertEquals(
    error.message,
    "Cannot play file:///clips/../etc/x: it must be like file:///folder/clip.mp4, without '..'",
  );
});

Deno.test("clipFiles() takes a file as it is, without looking at it", async () => {
  assertEquals(await clipFiles("/not/there.bin"), ["/not/there.bin"]);
});

async function withFolder(
  files: Readonly<Record<string, string>>,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "weir_test_" });
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("clipFiles() sorts what can be played in a folder", async () => {
  const files = { "b.mp4": "", "a.TS": "", "c.txt": "", ".d.mp4": "" };
  await withFolder(files, async (folder) => {
    assertEquals(await clipFiles(`${folder}/`), [
      `${folder}/a.TS`,
      `${folder}/b.mp4`,
    ]);
  });
});

Deno.test("clipFiles() finds the files of a list beside it", async () => {
  await withFolder({ "list.M3U": "b.mp4\n/a.ts\nb.mp4" }, async (folder) => {
    assertEquals(await clipFiles(`${folder}/list.M3U`), [
      `${folder}/b.mp4`,
      "/a.ts",
      `${folder}/b.mp4`,
    ]);
  });
});

Deno.test("clipFiles() refuses empty lists and folders, and long lists", async () => {
  const files = {
    "empty.m3u": "#EXTM3U\n",
    "long.m3u": "a\n".repeat(MAX_CLIP_FILES + 1),
    "large.m3u": "#".repeat(1_024 * 1_024 + 1),
  };
  await withFolder(files, async (folder) => {
    const messageOf = async (name: string) =>
      (await assertRejects(clipFiles(folder + name), ClipError)).message;
    assertEquals(await messageOf("/empty.m3u"), "the list is empty");
    assertEquals(
      await messageOf("/"),
      "the folder has no MP4 or MPEG-TS file",
    );
    assertEquals(await messageOf("/not/"), await messageOf("/"));
    assertEquals(await messageOf("/long.m3u"), "it has over 10000 files");
    assertEquals(await messageOf("/large.m3u"), "it has over 1048576 bytes");
    await assertRejects(clipFiles(`${folder}/no.m3u`), PlatformError);
  });
});
