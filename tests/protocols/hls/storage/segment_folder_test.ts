import { createLogger } from "#base/log.ts";
import type { ServerEvent } from "#core/ports.ts";
import {
  type FolderDisk,
  SegmentFolder,
} from "#protocols/hls/storage/segment_folder.ts";
import { assertEquals, assertIncludes } from "#test/assert.ts";
import { FakeClock, settled } from "#test/fake_clock.ts";

/** A disk that notes what it is told, and does it when the test says so. */
class ManualDisk implements FolderDisk {
  readonly files = new Set<string>();
  #pending: { readonly what: string; finish(error?: Error): void }[] = [];

  put(path: string): Promise<void> {
    return this.#wait(`put ${path}`, () => this.files.add(path));
  }

  remove(path: string): Promise<void> {
    return this.#wait(`remove ${path}`, () => this.files.delete(path));
  }

  async read(path: string): Promise<Uint8Array> {
    await this.#wait(`read ${path}`, () => {});
    return new TextEncoder().encode(path);
  }

  /** Does one thing, or fails with it. Output: what it was. */
  async next(error?: Error): Promise<string | undefined> {
    await settled();
    const first = this.#pending.shift();
    first?.finish(error);
    await settled();
    return first?.what;
  }

  /** Does everything. */
  async all(): Promise<string[]> {
    const what: string[] = [];
    for (;;) {
      const next = await this.next();
      if (next === undefined) return what;
      what.push(next);
    }
  }

  #wait(what: string, work: () => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#pending.push({
      what,
      finish: (error) => {
        if (error) return reject(error);
        work();
        resolve();
      },
    });
    return promise;
  }
}

function openFolder(playlists: () => string[] = () => []) {
  const clock = new FakeClock();
  const disk = new ManualDisk();
  const lines: string[] = [];
  const failures: string[] = [];
  const folder = new SegmentFolder({
    top: "/segments",
    pathName: "live/cam",
    after: Promise.resolve(),
    playlists: () =>
      playlists().map((name) => ({ name, bytes: new Uint8Array(1) })),
    clock,
    logger: createLogger(
      (level, text) => lines.push(`${level}: ${text}`),
      "debug",
    ),
    events: {
      emit(event: ServerEvent) {
        if (event.type === "failed") failures.push(event.kind);
      },
    },
    disk,
  });
  const kept: string[] = [];
  const keep = (name: string) =>
    folder.keep(name, new Uint8Array(10), () => kept.push(name));
  return { clock, disk, lines, failures, folder, kept, keep };
}

const pathOf = (name: string) => `/segments/live/cam/${name}`;

Deno.test("SegmentFolder writes one file after the other, then the playlists", async () => {
  const { disk, kept, keep } = openFolder(() => ["index.m3u8"]);
  keep("a");
  keep("b");
  assertEquals(await disk.next(), `put ${pathOf("a")}`);
  assertEquals(kept, ["a"]);
  assertEquals(await disk.all(), [
    `put ${pathOf("b")}`,
    `put ${pathOf("index.m3u8")}`,
  ]);
  assertEquals(kept, ["a", "b"]);
});

Deno.test("SegmentFolder removes a playlist that is none any more", async () => {
  let names = ["index.m3u8", "audio2_stream.m3u8"];
  const { disk, keep } = openFolder(() => names);
  keep("a");
  await disk.all();
  names = ["index.m3u8"];
  keep("b");
  await disk.all();
  assertEquals([...disk.files], [
    pathOf("a"),
    pathOf("index.m3u8"),
    pathOf("b"),
  ]);
});

Deno.test("SegmentFolder tries again what a full disk did not take, after room was made", async () => {
  const { clock, disk, lines, failures, folder, kept, keep } = openFolder();
  keep("a");
  await disk.all();
  keep("b");
  await disk.next(new Error("No space left on device"));
  assertEquals(failures, ["hls"]);
  assertIncludes(lines.join("\n"), "error: No space left on device; segments");
  keep("c");
  folder.drop("a");
  assertEquals(await disk.all(), [], "it pauses");
  clock.advance(2_000);
  assertEquals(await disk.all(), [
    `remove ${pathOf("a")}`,
    `put ${pathOf("b")}`,
    `put ${pathOf("c")}`,
  ]);
  assertEquals(kept, ["a", "b", "c"]);
});

Deno.test("SegmentFolder pauses longer with each failure in a row", async () => {
  const { clock, disk, keep } = openFolder();
  keep("a");
  for (const seconds of [2, 4, 8, 16, 32, 60, 60]) {
    assertEquals(await disk.next(new Error("no")), `put ${pathOf("a")}`);
    clock.advance(seconds * 1_000 - 1);
    assertEquals(await disk.next(), undefined, `before ${seconds} s`);
    clock.advance(1);
  }
});

Deno.test("SegmentFolder forgets what was dropped before it was written, and removes what was dropped meanwhile", async () => {
  const { disk, folder, kept, keep } = openFolder();
  keep("a");
  keep("b");
  folder.drop("b");
  await settled();
  folder.drop("a");
  assertEquals(await disk.all(), [
    `put ${pathOf("a")}`,
    `remove ${pathOf("a")}`,
  ]);
  assertEquals(kept, []);
});

Deno.test("SegmentFolder says that a disk hangs, and goes on when it answers", async () => {
  const { clock, disk, failures, kept, keep } = openFolder();
  keep("a");
  await settled();
  clock.advance(10_000);
  assertEquals(failures, ["hls"]);
  keep("b");
  await disk.all();
  assertEquals(kept, ["a", "b"]);
});

Deno.test("SegmentFolder reads once for all, and lets nobody wait for a disk that hangs", async () => {
  const { clock, disk, folder, lines } = openFolder();
  const answers: (string | undefined)[] = [];
  const read = () =>
    folder.read(
      "a",
      (bytes) => answers.push(bytes && new TextDecoder().decode(bytes)),
    );
  read();
  read();
  assertEquals(await disk.all(), [`read ${pathOf("a")}`]);
  assertEquals(answers, [pathOf("a"), pathOf("a")]);
  read();
  clock.advance(10_000);
  assertEquals(answers.at(-1), undefined);
  assertIncludes(lines.join("\n"), "the disk of hlsDirectory hangs");
  assertEquals(await disk.all(), [`read ${pathOf("a")}`]);
  assertEquals(answers.length, 3, "an answer is given once");
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("SegmentFolder removes everything at its end, whatever fails", async () => {
  const { disk, folder, keep, failures } = openFolder(() => ["index.m3u8"]);
  keep("a");
  keep("b");
  await disk.all();
  keep("c");
  await settled();
  const closed = folder.close();
  assertEquals(await disk.next(), `put ${pathOf("c")}`);
  assertEquals(await disk.next(new Error("no")), `remove ${pathOf("a")}`);
  await disk.all();
  await closed;
  assertEquals([...disk.files], [pathOf("a")]);
  assertEquals(failures, ["hls"]);
  await folder.close();
});
