import {
  fileSizeBytes,
  freeDiskBytes,
  isBeingWritten,
  openOutputFile,
  putFile,
  removeEmptyFolders,
  systemDisk,
} from "#platform/disk.ts";
import { PlatformError } from "#platform/errors.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { namesIn } from "#test/recorded.ts";

async function withFolder(
  run: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "weir_disk_" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const bytes = (...values: number[]) => Uint8Array.from(values);

Deno.test("systemDisk makes files with their folders, and changes them", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/a/b/c.mp4`;
    const file = await systemDisk.create(path);
    await file!.write(bytes(1, 2, 3));
    await file!.replace(1, bytes(9));
    await file!.write(bytes(4, 5));
    assertEquals(await Deno.readFile(path), bytes(1, 9, 3, 4, 5));
    await file!.truncate(2);
    await file!.write(bytes(6));
    await file!.close();
    assertEquals(await Deno.readFile(path), bytes(1, 9, 6));
    assertEquals(await fileSizeBytes(path), 3);
    await systemDisk.remove(path);
    assertEquals(await fileSizeBytes(path), 0);
  });
});

Deno.test("systemDisk leaves a file that is there alone, unless it is to be replaced", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/a`;
    await Deno.writeFile(path, bytes(1));
    assertEquals(await systemDisk.create(path), undefined);
    assertEquals(await Deno.readFile(path), bytes(1));
    const file = await systemDisk.create(path, { replacesOld: true });
    await file!.close();
    assertEquals(await Deno.readFile(path), bytes());
  });
});

Deno.test("systemDisk says what it cannot do", async () => {
  await withFolder(async (folder) => {
    await Deno.writeFile(`${folder}/file`, bytes(1));
    const inFile = `${folder}/file/a.mp4`;
    const error = await assertRejects(systemDisk.create(inFile), PlatformError);
    assert(error.message.startsWith(`Cannot make ${inFile}: `), error.message);
    await assertRejects(systemDisk.remove(`${folder}/none`), PlatformError);
    await assertRejects(openOutputFile(`${folder}/none`), PlatformError);
    await assertRejects(freeDiskBytes(`${folder}/none`), PlatformError);
  });
});

Deno.test("openOutputFile() changes what is there", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/a`;
    await Deno.writeFile(path, bytes(1, 2, 3));
    const file = await openOutputFile(path);
    await file.replace(0, bytes(7));
    await file.truncate(2);
    await file.close();
    assertEquals(await Deno.readFile(path), bytes(7, 2));
  });
});

Deno.test("freeDiskBytes() tells the space of a disk", async () => {
  await withFolder(async (folder) => {
    assert(await freeDiskBytes(folder) > 0);
  });
});

Deno.test("removeEmptyFolders() goes up to the first that has something, or the top", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/a/b/c`, { recursive: true });
    await Deno.writeFile(`${folder}/a/x`, bytes(1));
    await removeEmptyFolders(`${folder}/a/b/c/gone.mp4`, folder);
    assertEquals(await namesIn(`${folder}/a`), [
      "x",
    ]);
    await Deno.remove(`${folder}/a/x`);
    await removeEmptyFolders(`${folder}/a/x`, folder);
    assertEquals(await namesIn(folder), []);
    await removeEmptyFolders(`${folder}/x`, folder);
    assert((await Deno.stat(folder)).isDirectory);
  });
});

Deno.test({
  name: "isBeingWritten() knows files of systemDisk until they are closed",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await withFolder(async (folder) => {
      const path = `${folder}/a.mp4`;
      assertEquals(await isBeingWritten(path), false);
      const file = await systemDisk.create(path);
      assertEquals(await isBeingWritten(path), true);
      await file!.close();
      assertEquals(await isBeingWritten(path), false);
      const again = await systemDisk.create(path, { replacesOld: true });
      assertEquals(await isBeingWritten(path), true);
      await again!.close();
    });
  },
});

Deno.test("systemDisk makes a file although somebody removes its folder meanwhile", async () => {
  await withFolder(async (folder) => {
    let hasEnded = false;
    const removing = (async () => {
      while (!hasEnded) await removeEmptyFolders(`${folder}/a/b/none`, folder);
    })();
    try {
      for (let i = 0; i < 50; i++) {
        const file = await systemDisk.create(`${folder}/a/b/${i}.mp4`);
        await file!.close();
        await systemDisk.remove(`${folder}/a/b/${i}.mp4`);
      }
    } finally {
      hasEnded = true;
      await removing;
    }
  });
});

Deno.test("putFile() makes or replaces a whole file, or leaves nothing of it", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/a/b/c.m3u8`;
    await putFile(path, bytes(1, 2));
    await putFile(path, bytes(3));
    assertEquals(await Deno.readFile(path), bytes(3));
    assertEquals(await namesIn(`${folder}/a/b`), ["c.m3u8"]);
    await Deno.mkdir(`${folder}/taken/in it`, { recursive: true });
    const error = await assertRejects(
      putFile(`${folder}/taken`, bytes(1)),
      PlatformError,
    );
    assert(
      error.message.startsWith(`Cannot write ${folder}/taken`),
      `${error}`,
    );
    assertEquals((await namesIn(folder)).sort(), ["a", "taken"]);
  });
});
