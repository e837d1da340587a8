import type { RecordingConfig } from "#recording/config.ts";
import { Recordings } from "#recording/recordings.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";
import { namesIn } from "#test/recorded.ts";
import { PathError } from "#core/errors.ts";
import { recordingSettings } from "./settings.ts";

interface Scene {
  readonly recordings: Recordings;
  readonly folder: string;
  readonly openFiles: Set<string>;
  /** Makes a file, with bytes. */
  add(name: string, sizeBytes?: number): Promise<string>;
}

async function withRecordings(
  entries: Readonly<Record<string, Partial<RecordingConfig>>>,
  run: (scene: Scene) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "weir_rec_" });
  const openFiles = new Set<string>();
  const paths = new Map(
    Object.entries(entries).map(([key, changes]) => [
      key,
      recordingSettings({
        recordPath: `${folder}/all/%path/%s-%f`,
        ...changes,
      }),
    ]),
  );
  try {
    await run({
      recordings: new Recordings(() => ({ paths }), openFiles),
      folder,
      openFiles,
      async add(name, sizeBytes = 0) {
        const file = `${folder}/${name}`;
        await Deno.mkdir(file.replace(/\/[^/]+$/, ""), { recursive: true });
        await Deno.writeFile(file, new Uint8Array(sizeBytes));
        return file;
      },
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("Recordings lists every path that an entry takes, once", async () => {
  const entries = { cam: {}, "~^live/": {}, "all_others": {} };
  await withRecordings(entries, async ({ recordings, add }) => {
    await add("all/cam/1700000001-000002.mp4");
    await add("all/cam/1700000000-000000.mp4");
    await add("all/live/a/1700000000-000000.mp4");
    await add("all/x/1700000000-000000.mp4");
    await add("all/x/1700000000-000000.ts");
    await add("all/x/notes.txt");
    await add("all/.../1700000000-000000.mp4");
    const list = await recordings.list();
    assertEquals(Object.fromEntries(list), {
      cam: [1_700_000_000_000_000, 1_700_000_001_000_002],
      "live/a": [1_700_000_000_000_000],
      x: [1_700_000_000_000_000],
    });
    assertEquals((await recordings.of("cam")).length, 2);
    assertEquals(await recordings.of("nothing"), []);
  });
});

Deno.test("Recordings knows only paths that an entry takes", async () => {
  await withRecordings({ cam: {} }, async ({ recordings, add }) => {
    await add("all/other/1700000000-000000.mp4");
    assertEquals((await recordings.list()).size, 0);
    await assertRejects(recordings.of("other"), PathError);
    await assertRejects(recordings.of("../cam"), PathError);
    await assertRejects(recordings.removeAt("cam/../../x", 0), PathError);
  });
});

Deno.test("Recordings deletes a file by its start, but none that is written", async () => {
  await withRecordings({ cam: {} }, async ({ recordings, add, openFiles }) => {
    const file = await add("all/cam/1700000000-000000.mp4");
    const startUs = 1_700_000_000_000_000;
    openFiles.add(file);
    assertEquals(await recordings.removeAt("cam", startUs), "open");
    openFiles.delete(file);
    assertEquals(await recordings.removeAt("cam", startUs + 1), "not_found");
    assertEquals(await recordings.removeAt("cam", startUs), undefined);
    assertEquals(await recordings.removeAt("cam", startUs), "not_found");
  });
});

Deno.test("Recordings deletes folders that are empty, up to the one of all recordings", async () => {
  await withRecordings(
    { "all_others": {} },
    async ({ recordings, add, folder }) => {
      await add("all/a/b/1700000000-000000.mp4");
      await add("all/a/1700000000-000000.mp4");
      for await (const segment of recordings.all()) {
        if (segment.pathName === "a/b") await recordings.remove(segment);
      }
      assertEquals((await namesIn(`${folder}/all/a`)).length, 1);
      for await (const segment of recordings.all()) {
        await recordings.remove(segment);
      }
      assertEquals(await namesIn(`${folder}/all`), []);
    },
  );
});

Deno.test("Recordings gives a file whose name fits two entries to the one further down", async () => {
  await withRecordings(
    { all_others: {} },
    async ({ folder, openFiles, add }) => {
      const place = (recordPath: string) => recordingSettings({ recordPath });
      const paths = new Map([
        ["all_others", place(`${folder}/all/%path/%s-%f`)],
        ["cam", place(`${folder}/all/deep/%path/%s-%f`)],
        ["~^live/", place(`${folder}/all/live/%path-%s-%f`)],
      ]);
      const recordings = new Recordings(() => ({ paths }), openFiles);
      const name = "1772366707-000000.mp4";
      await add(`all/deep/cam/${name}`);
      await add(`all/deep/other/${name}`);
      await add(`all/live/live/1-${name}`);
      const found = await Array.fromAsync(recordings.all());
      assertEquals(
        found.map(({ pathName, settings }) => [
          pathName,
          settings.recordPath.slice(folder.length),
        ]).sort(),
        [
          ["cam", "/all/deep/%path/%s-%f"],
          ["deep/other", "/all/%path/%s-%f"],
          ["live/1", "/all/live/%path-%s-%f"],
        ],
      );
    },
  );
});
