import { createLogger } from "#base/log.ts";
import type { RecordingConfig } from "#recording/config.ts";
import { Recordings } from "#recording/recordings.ts";
import { Retention } from "#recording/retention.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { namesIn } from "#test/recorded.ts";
import { FakeClock, START_WALL_MS } from "#test/fake_clock.ts";
import { recordingSettings } from "./settings.ts";

interface Scene {
  readonly folder: string;
  readonly clock: FakeClock;
  readonly lines: string[];
  readonly openFiles: Set<string>;
  /** Starts cleaning, and waits until it has looked once. */
  clean(
    options?: {
      freeBytes?: () => number;
      isRemovable?: (file: string) => boolean;
    },
  ): Promise<void>;
  /** Makes a file that begins so long ago; the age is its name. */
  add(path: string, ageSeconds: number, sizeBytes?: number): Promise<string>;
  /** Ages of the files there are, by path. */
  ages(path: string): number[];
}

async function withRetention(
  entries: Readonly<Record<string, Partial<RecordingConfig>>>,
  run: (scene: Scene) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "weir_rec_" });
  const clock = new FakeClock();
  const lines: string[] = [];
  const logger = createLogger((_, text) => lines.push(text), "debug");
  const openFiles = new Set<string>();
  const paths = new Map(
    Object.entries(entries).map(([key, changes]) => [
      key,
      recordingSettings({
        recordPath: `${folder}/%path/%s`,
        recordFormat: "mpegts",
        recordDeleteAfterMs: 0,
        ...changes,
      }),
    ]),
  );
  const startSeconds = START_WALL_MS / 1_000;
  try {
    await run({
      folder,
      clock,
      lines,
      openFiles,
      async clean({ freeBytes, isRemovable = () => true } = {}) {
        const recordings = new Recordings(() => ({ paths }), openFiles);
        const remove = recordings.remove.bind(recordings);
        recordings.remove = (segment) =>
          isRemovable(segment.file)
            ? remove(segment)
            : Promise.reject(new Error(`${segment.file} may not be removed`));
        const retention = new Retention({
          recordings,
          clock,
          logger,
          ...freeBytes && { freeBytes: () => Promise.resolve(freeBytes()) },
        });
        // The first look is over when it waits for the next one.
        await waits(clock);
        await retention[Symbol.asyncDispose]();
      },
      async add(path, ageSeconds, sizeBytes = 188) {
        await Deno.mkdir(`${folder}/${path}`, { recursive: true });
        const file = `${folder}/${path}/${startSeconds - ageSeconds}.ts`;
        await Deno.writeFile(file, new Uint8Array(sizeBytes).fill(0x47));
        return file;
      },
      ages: (path) => agesIn(`${folder}/${path}`),
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Waits until it has looked, and waits itself. */
async function waits(clock: FakeClock): Promise<void> {
  do await new Promise((resolve) => setTimeout(resolve, 0)); while (
    clock.pendingTimers === 0
  );
}

function agesIn(folder: string): number[] {
  return [...Deno.readDirSync(folder)]
    .map(({ name }) => START_WALL_MS / 1_000 - Number(name.slice(0, -3)))
    .sort((a, b) => a - b);
}

Deno.test("Retention deletes files that are too old, by the entry of their path", async () => {
  const entries = {
    cam: { recordDeleteAfterMs: 60_000 },
    "all_others": { recordDeleteAfterMs: 120_000 },
    keep: {},
  };
  await withRetention(entries, async ({ add, ages, clean, lines }) => {
    for (const path of ["cam", "other", "keep"]) {
      for (const age of [10, 59, 60, 119, 120, 9_999]) await add(path, age);
    }
    await clean();
    assertEquals(ages("cam"), [10, 59]);
    assertEquals(ages("other"), [10, 59, 60, 119]);
    assertEquals(ages("keep").length, 6);
    assertEquals(lines.filter((line) => /removing \//.test(line)).length, 6);
  });
});

Deno.test("Retention never deletes a file that is written", async () => {
  const entries = { cam: { recordDeleteAfterMs: 60_000 } };
  await withRetention(entries, async ({ add, ages, clean, openFiles }) => {
    openFiles.add(await add("cam", 100));
    await add("cam", 200);
    await clean();
    assertEquals(ages("cam"), [100]);
  });
});

Deno.test("Retention keeps the total of paths with the same limit, the oldest files go first", async () => {
  const shared = { recordMaxTotalSizeBytes: 188 * 4 };
  const entries = {
    a: shared,
    b: shared,
    c: { recordMaxTotalSizeBytes: 188 },
    d: {},
  };
  await withRetention(entries, async ({ add, ages, clean, openFiles }) => {
    for (const age of [1, 3, 5, 7]) await add("a", age);
    for (const age of [2, 4, 6]) await add("b", age);
    openFiles.add(await add("b", 8));
    for (const age of [1, 2]) await add("c", age);
    for (const age of [1, 2, 3]) await add("d", age);
    await clean();
    // What is written counts, and stays.
    assertEquals([ages("a"), ages("b")], [[1, 3], [2, 8]]);
    assertEquals([ages("c"), ages("d")], [[1], [1, 2, 3]]);
  });
});

Deno.test("Retention leaves so much of the disk free, the oldest files go first", async () => {
  const entries = { a: { recordMinFreeSpaceBytes: 1_000 }, b: {} };
  await withRetention(entries, async ({ add, ages, clean }) => {
    for (const age of [1, 2, 3, 4]) {
      await add("a", age);
      await add("b", age);
    }
    await clean({ freeBytes: () => 1_000 });
    assertEquals(ages("a").length, 4);
    await clean({ freeBytes: () => 800 + 100 * (4 - ages("a").length) });
    assertEquals(ages("a"), [1, 2]);
    await clean({ freeBytes: () => 0 });
    assertEquals([ages("b").length], [4]);
  });
});

Deno.test("Retention repairs files first, but none that is written", async () => {
  await withRetention({ cam: {} }, async ({ add, clean, lines, openFiles }) => {
    const broken = await add("cam", 10, 200);
    const open = await add("cam", 5, 200);
    const empty = await add("cam", 20, 0);
    openFiles.add(open);
    await clean();
    assertEquals((await Deno.stat(broken)).size, 188);
    assertEquals((await Deno.stat(open)).size, 200);
    assertEquals(
      lines,
      [
        `repaired ${broken}, which was not closed: 12 bytes cut off`,
        `removed ${empty}: no whole part is in it`,
        "2 files of recordings are in order",
      ].sort((a, b) => lines.indexOf(a) - lines.indexOf(b)),
    );
  });
});

Deno.test("Retention looks again when there is one file more, where space is limited", async () => {
  const limits = [[0, 3], [188 * 2, 2]] as const;
  for (const [recordMaxTotalSizeBytes, left] of limits) {
    await withRetention({}, async ({ add, ages, clock, folder }) => {
      const settings = recordingSettings({
        recordPath: `${folder}/%path/%s`,
        recordFormat: "mpegts",
        recordMaxTotalSizeBytes,
      });
      await add("cam", 2);
      await add("cam", 3);
      await using retention = new Retention({
        recordings: new Recordings(
          () => ({ paths: new Map([["cam", settings]]) }),
          new Set(),
        ),
        clock,
        logger: createLogger(() => {}, "error"),
      });
      await waits(clock);
      await add("cam", 1);
      retention.handleSegment();
      // It rests first.
      clock.advance(999);
      assertEquals(ages("cam").length, 3);
      clock.advance(1);
      await waits(clock);
      assertEquals(ages("cam").length, left);
    });
  }
});

Deno.test("Retention looks again after half of the shortest age", async () => {
  const entries = { cam: { recordDeleteAfterMs: 60_000 } };
  await withRetention(entries, async ({ add, ages, clock, folder }) => {
    const paths = new Map([[
      "cam",
      recordingSettings({
        recordPath: `${folder}/%path/%s`,
        recordFormat: "mpegts",
        recordDeleteAfterMs: 60_000,
      }),
    ]]);
    await using _retention = new Retention({
      recordings: new Recordings(() => ({ paths }), new Set()),
      clock,
      logger: createLogger(() => {}, "error"),
    });
    await add("cam", 31);
    await waits(clock);
    clock.advance(1_000);
    await waits(clock);
    clock.advance(28_999);
    assertEquals(ages("cam"), [31]);
    clock.advance(1);
    await waits(clock);
    assertEquals(await namesIn(folder), []);
  });
});

Deno.test("Retention takes files of the future for the oldest: the clock was set back", async () => {
  const entries = { cam: { recordMaxTotalSizeBytes: 188 * 2 } };
  await withRetention(entries, async ({ add, ages, clean }) => {
    for (const age of [-9_000, -8_000, 1, 2]) await add("cam", age);
    await clean();
    assertEquals(ages("cam"), [1, 2]);
  });
});

Deno.test("Retention goes on where it may not read a folder or remove a file", async () => {
  const entries = {
    a: { recordDeleteAfterMs: 60_000 },
    b: { recordDeleteAfterMs: 60_000 },
  };
  await withRetention(entries, async ({ folder, add, ages, clean, lines }) => {
    await Deno.symlink(`${folder}/a`, `${folder}/a`);
    await add("b", 100);
    await clean();
    assertEquals(await namesIn(folder), ["a"]);
    assert(lines.some((line) => line.includes(`Cannot read ${folder}/a`)));
    await Deno.remove(`${folder}/a`);
    for (const age of [100, 200, 300]) await add("a", age);
    await add("b", 100);
    await clean({ isRemovable: (file) => !file.includes("/a/") });
    assertEquals(ages("a").length, 3);
    assertEquals(await namesIn(folder), ["a"]);
    const told = lines.filter((line) => line.includes("may not be removed"));
    assertEquals(told.length, 1, told.join());
    assert(told[0]!.endsWith(" (and 2 more)"), told[0]);
  });
});
