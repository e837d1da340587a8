import { LogFile, type LogFileRules, openLogFile } from "#logging/log_file.ts";
import { PlatformError } from "#platform/errors.ts";
import type { AppendFile } from "#platform/log_output.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { FakeClock, settled, START_WALL_MS } from "#test/fake_clock.ts";

const RULES: LogFileRules = {
  maxSizeBytes: 0,
  maxAgeMs: 0,
  keep: 0,
  compress: false,
};

/** A folder of its own, gone at the end. */
async function logFolder() {
  const folder = await Deno.makeTempDir({ prefix: "weir_log_" });
  return {
    path: `${folder}/a.log`,
    folder,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** Options, and what could not be written. */
function optionsFor(path: string, rules: Partial<LogFileRules> = {}) {
  const clock = new FakeClock();
  const unwritten: string[] = [];
  const errors: string[] = [];
  const options = {
    path,
    rules: { ...RULES, ...rules },
    clock,
    lossLine: (count: number) => `${count} lost`,
    onUnwritten: (lines: readonly string[], error: unknown) => {
      unwritten.push(...lines);
      if (error instanceof Error) errors.push(error.message);
    },
  };
  return { options, clock, unwritten, errors };
}

/** Contents of all files of a folder, in the order of their names, the log file itself last. */
async function contents(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) names.push(name);
  names.sort((a, b) => a === "a.log" ? 1 : b === "a.log" ? -1 : a < b ? -1 : 1);
  return await Promise.all(names.map(async (name) => {
    const file = await Deno.open(`${folder}/${name}`);
    const bytes = name.endsWith(".gz")
      ? file.readable.pipeThrough(new DecompressionStream("gzip"))
      : file.readable;
    return await new Response(bytes).text();
  }));
}

function numbersIn(texts: readonly string[]): number[] {
  return texts.join("").split("\n").slice(0, -1).map(Number);
}

Deno.test("LogFile adds to what is there and lets everybody read it", async () => {
  await using temp = await logFolder();
  const { options } = optionsFor(temp.path);
  for (const line of ["one", "two"]) {
    await using file = await openLogFile(options);
    file.push(line);
  }
  assertEquals(await Deno.readTextFile(temp.path), "one\ntwo\n");
  const { mode } = await Deno.stat(temp.path);
  assertEquals(mode! & 0o777, 0o644 & ~Deno.umask());
});

Deno.test("openLogFile() names what cannot be written", async () => {
  await using temp = await logFolder();
  const path = `${temp.folder}/none/a.log`;
  const error = await assertRejects(
    openLogFile(optionsFor(path).options),
    PlatformError,
  );
  assert(error.message.startsWith(`Cannot write ${path}: `), error.message);
});

Deno.test("LogFile begins a new file before one gets too large, every line once and in order", async () => {
  await using temp = await logFolder();
  const maxSizeBytes = 1_000;
  const { options, unwritten } = optionsFor(temp.path, { maxSizeBytes });
  {
    await using file = await openLogFile(options);
    for (let i = 0; i < 2_000; i++) {
      file.push(String(i));
      if (i % 97 === 0) await settled();
    }
    file.push(String(2_000));
  }
  const texts = await contents(temp.folder);
  assertEquals(numbersIn(texts), Array.from({ length: 2_001 }, (_, i) => i));
  assert(texts.length > 8, `${texts.length} files`);
  assertEquals(texts.filter(({ length }) => length > maxSizeBytes), []);
  assertEquals(unwritten, []);
});

Deno.test("LogFile writes a line that is longer than a file may be to one of its own", async () => {
  await using temp = await logFolder();
  const { options } = optionsFor(temp.path, { maxSizeBytes: 10 });
  {
    await using file = await openLogFile(options);
    for (const line of ["a", "x".repeat(50), "b"]) file.push(line);
  }
  assertEquals(await contents(temp.folder), [
    "a\n",
    `${"x".repeat(50)}\n`,
    "b\n",
  ]);
});

Deno.test("LogFile loses no line while others rename its file and ask it to open it anew", async () => {
  await using temp = await logFolder();
  const { options, unwritten } = optionsFor(temp.path, {
    maxSizeBytes: 20_000,
  });
  const count = 30_000;
  {
    await using file = await openLogFile(options);
    for (let i = 0; i < count; i++) {
      file.push(String(i));
      if (i % 500 === 0) await settled();
      if (i % 2_500 === 0) {
        const name = `${temp.path}.moved${String(i).padStart(6, "0")}`;
        await Deno.rename(temp.path, name).catch(() => {}); // may just be under its own renaming
        file.reopen();
      }
    }
  }
  const numbers = numbersIn(await contents(temp.folder));
  assertEquals(unwritten, []);
  assertEquals(numbers.length, count);
  assertEquals(new Set(numbers).size, count);
});

Deno.test("LogFile begins a file a day at midnight, that of a program before it included", async () => {
  await using temp = await logFolder();
  const { options, clock } = optionsFor(temp.path, { maxAgeMs: 86_400_000 });
  await Deno.writeTextFile(temp.path, "yesterday\n");
  const startMs = clock.wallMs();
  await Deno.utime(temp.path, startMs / 1_000, (startMs - 86_400_000) / 1_000);
  await using file = await openLogFile(options);
  const midnight = new Date(startMs);
  midnight.setHours(24, 0, 0, 0);
  const write = async (text: string, atMs: number) => {
    clock.advance(atMs - clock.wallMs());
    file.push(text);
    const read = () => Deno.readTextFile(temp.path).catch(() => ""); // between two files there is none
    while (!(await read()).includes(text)) await settled();
  };
  await write("today", startMs);
  await write("late", midnight.getTime() - 1);
  await write("tomorrow", midnight.getTime());
  await file[Symbol.asyncDispose]();
  assertEquals(await contents(temp.folder), [
    "yesterday\n",
    "today\nlate\n",
    "tomorrow\n",
  ]);
});

Deno.test("LogFile keeps and compresses as many old files as it should, those of a program before it too", async () => {
  await using temp = await logFolder();
  const old = `${temp.path}.20240101T000000.000Z`;
  await Deno.writeTextFile(old, "oldest\n");
  await Deno.writeTextFile(`${old}.gz.tmp`, "half");
  await Deno.writeTextFile(`${temp.path}.mine`, "of somebody else\n");
  const rules = { maxSizeBytes: 5, keep: 2, compress: true };
  {
    await using file = await openLogFile(optionsFor(temp.path, rules).options);
    for (let i = 0; i < 4; i++) file.push(`l${i}`);
    file.push("wait");
    for (;;) {
      await settled();
      const names = await Array.fromAsync(
        Deno.readDir(temp.folder),
        ({ name }) => name,
      );
      const done = names.filter((name) => name.endsWith("Z.gz")).length === 2 &&
        names.length === 4;
      const text = await Deno.readTextFile(temp.path).catch(() => "");
      if (done && text === "wait\n") break;
    }
  }
  assertEquals(await contents(temp.folder), [
    "l2\n",
    "l3\n",
    "of somebody else\n",
    "wait\n",
  ]);
});

Deno.test({
  name:
    "LogFile hands on what a full disk does not take, and tries again after a second",
  ignore: Deno.build.os !== "linux", // elsewhere there is no disk that is always full
  fn: handsOn,
});

async function handsOn(): Promise<void> {
  const { options, clock, unwritten, errors } = optionsFor("/dev/full");
  await using file = await openLogFile(options);
  const push = async (line: string) => {
    file.push(line);
    const before = unwritten.length;
    while (unwritten.length === before) await settled();
  };
  await push("one");
  await push("two");
  assertEquals([unwritten, errors.length], [["one", "two"], 1]);
  clock.advance(1_000);
  await push("three");
  assertEquals([unwritten.at(-1), errors.length], ["three", 2]);
  assert(errors[0]!.startsWith("Cannot write /dev/full: "), errors[0]);
}

Deno.test("LogFile writes again when it can, on a line of its own", async () => {
  await using temp = await logFolder();
  const { options, clock, unwritten } = optionsFor(temp.path);
  let sizeBytes = 10;
  const tornFile: AppendFile = {
    get sizeBytes() {
      return sizeBytes;
    },
    modifiedAtMs: START_WALL_MS,
    write: () => {
      sizeBytes += 3;
      return Promise.reject(new Error("disk full"));
    },
    [Symbol.dispose]: () => {},
  };
  await Deno.writeTextFile(temp.path, "beg");
  await using file = new LogFile(options, tornFile);
  file.push("beginning");
  await settled();
  assertEquals(unwritten, ["beginning"]);
  clock.advance(1_000);
  file.push("next");
  await file[Symbol.asyncDispose]();
  assertEquals(await Deno.readTextFile(temp.path), "beg\nnext\n");
});

Deno.test("LogFile goes on in its file when it cannot be renamed", async () => {
  await using temp = await logFolder();
  const { options, clock, errors, unwritten } = optionsFor(temp.path, {
    maxSizeBytes: 4,
  });
  const stamp = (ms: number) => new Date(ms).toISOString().replace(/-|:/g, "");
  await Deno.mkdir(`${temp.path}.${stamp(clock.wallMs())}`);
  {
    await using file = await openLogFile(options);
    for (const line of ["one", "two", "three"]) file.push(line);
  }
  assertEquals(await Deno.readTextFile(temp.path), "one\ntwo\nthree\n");
  assertEquals([errors.length, unwritten], [1, []]);
});
