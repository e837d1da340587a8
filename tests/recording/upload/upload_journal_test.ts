import { PlatformError } from "#platform/errors.ts";
import { openUploadJournal } from "#recording/upload/upload_journal.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";

async function withFolder(
  run: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "weir_up_" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("UploadJournal is there again after it was closed", async () => {
  await withFolder(async (folder) => {
    const journal = await openUploadJournal(folder);
    assertEquals(journal.urls, new Set());
    await Promise.all(["a", "b", "a", "c"].map((url) => journal.add(url)));
    const again = await openUploadJournal(folder);
    assertEquals(again.urls, new Set(["a", "b", "c"]));
    await again.forget(new Set(["a", "c", "x"]));
    await again.add("d");
    assertEquals(again.urls, new Set(["b", "d"]));
    assertEquals((await openUploadJournal(folder)).urls, new Set(["b", "d"]));
  });
});

Deno.test("UploadJournal knows nothing of a line that a crash has torn", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/.uploaded`, "s3/a\ns3/bcd");
    const journal = await openUploadJournal(folder);
    assertEquals(journal.urls, new Set(["s3/a"]));
    await journal.add("s3/bcde");
    const { urls } = await openUploadJournal(folder);
    assertEquals(["s3/a", "s3/bcde"].filter((url) => !urls.has(url)), []);
  });
});

Deno.test("UploadJournal knows nothing that cannot be written down", async () => {
  await withFolder(async (folder) => {
    const journal = await openUploadJournal(`${folder}/gone`);
    await assertRejects(journal.add("a"), PlatformError);
    assertEquals(journal.urls, new Set());
    await Deno.mkdir(`${folder}/gone`);
    await journal.add("a");
    assertEquals(journal.urls, new Set(["a"]));
  });
});
