import { type Clock, systemClock } from "#base/clock.ts";
import { createLogger } from "#base/log.ts";
import { readConfigFiles } from "#config/read_files.ts";
import { ConfigSources } from "#config/sources.ts";
import { ConfigWatcher, openConfigWatcher } from "#config/watcher.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { FakeClock } from "#test/fake_clock.ts";
import { withFiles } from "./files.ts";

type Path = (name: string) => string;

/** Reads files again and again, and tells of it. */
class Reader {
  readonly sources = new ConfigSources();
  readonly reasons: string[] = [];
  readonly #files: readonly string[];
  #read = Promise.withResolvers<void>();

  constructor(files: readonly string[]) {
    this.#files = files;
  }

  async read(): Promise<void> {
    await readConfigFiles(this.#files, { keys: [], sources: this.sources });
  }

  readonly reload = async (reason: string): Promise<void> => {
    try {
      await this.read();
    } finally {
      this.reasons.push(reason);
      this.#read.resolve();
      this.#read = Promise.withResolvers();
    }
  };

  /** The reasons so far, once there are as many. */
  async waitForReasons(count: number): Promise<string[]> {
    while (this.reasons.length < count) await this.#read.promise;
    return this.reasons;
  }
}

/** Looks again after a tenth of the time. */
const clock: Clock = {
  ...systemClock,
  after: (delayMs, run) => systemClock.after(delayMs / 10, run),
};

const logger = createLogger(() => {}, "error");

/** Watches files of a folder of their own as the system shows them. */
async function withWatcher(
  files: Readonly<Record<string, string>>,
  run: (reader: Reader, path: Path) => Promise<void>,
): Promise<void> {
  await withFiles(files, async (path) => {
    const reader = new Reader([path("weir.yml")]);
    await reader.read();
    await using _watcher = await openConfigWatcher({
      sources: reader.sources,
      reload: reader.reload,
      clock,
      logger,
    });
    await run(reader, path);
  });
}

/** How a file gets another content. */
const WAYS: [
  name: string,
  write: (file: string, text: string) => Promise<void>,
][] = [
  ["written", (file, text) => Deno.writeTextFile(file, text)],
  ["renamed over", async (file, text) => {
    await Deno.writeTextFile(`${file}.new`, text);
    await Deno.rename(`${file}.new`, file);
  }],
  ["removed and made anew", async (file, text) => {
    await Deno.remove(file);
    await Deno.writeTextFile(file, text);
  }],
  ["a link to another file", async (file, text) => {
    await Deno.writeTextFile(`${file}.target`, text);
    await Deno.symlink(`${file}.target`, `${file}.link`);
    await Deno.rename(`${file}.link`, file);
  }],
];

for (const [name, write] of WAYS) {
  Deno.test(`ConfigWatcher sees a file that is ${name}, each time`, async () => {
    await withWatcher({ "weir.yml": "a: 0\n" }, async (reader, path) => {
      const file = path("weir.yml");
      for (let i = 1; i <= 3; i++) {
        await write(file, `a: ${i}\n`);
        const reasons = await reader.waitForReasons(i);
        assertEquals(new Set(reasons), new Set([`${file} changed`]));
        await Deno.remove(`${file}.target`).catch(() => {});
      }
    });
  });
}

Deno.test("ConfigWatcher sees the links of a Kubernetes ConfigMap change", async () => {
  await withFiles(
    { "v1/weir.yml": "a: 1\n", "v2/weir.yml": "a: 2\n" },
    async (path) => {
      const swap = async (version: string) => {
        await Deno.symlink(version, path("..data_tmp"));
        await Deno.rename(path("..data_tmp"), path("..data"));
      };
      await swap("v1");
      await Deno.symlink("..data/weir.yml", path("weir.yml"));
      const reader = new Reader([path("weir.yml")]);
      await reader.read();
      await using _watcher = await openConfigWatcher({
        sources: reader.sources,
        reload: reader.reload,
        clock,
        logger,
      });
      await swap("v2");
      await reader.waitForReasons(1);
      await Deno.remove(path("v1"), { recursive: true });
      await Deno.mkdir(path("v3"));
      await Deno.writeTextFile(path("v3/weir.yml"), "a: 3\n");
      await swap("v3");
      assertEquals((await reader.waitForReasons(2)).length, 2);
    },
  );
});

Deno.test("ConfigWatcher sees what a pattern fits come, change and go", async () => {
  const files = { "weir.yml": "include: [conf.d/*.yml]\n" };
  await withWatcher(files, async (reader, path) => {
    const file = path("conf.d/x.yml");
    await Deno.mkdir(path("conf.d"));
    await Deno.writeTextFile(file, "a: 1\n");
    await reader.waitForReasons(1);
    await Deno.writeTextFile(file, "a: 2\n");
    await reader.waitForReasons(2);
    await Deno.remove(file);
    const reasons = await reader.waitForReasons(3);
    assertEquals(new Set(reasons), new Set([`${file} changed`]));
  });
});

Deno.test("ConfigWatcher does not read again what is as it was, nor other files", async () => {
  await withWatcher({ "weir.yml": "a: 0\n" }, async (reader, path) => {
    await Deno.writeTextFile(path("weir.yml"), "a: 0\n");
    await Deno.writeTextFile(path("other.yml"), "a: 1\n");
    await Deno.utime(path("weir.yml"), 1, 1);
    await Deno.writeTextFile(path("weir.yml"), "a: 1\n");
    await reader.waitForReasons(1);
    await Deno.writeTextFile(path("other.yml"), "a: 2\n");
    await Deno.writeTextFile(path("weir.yml"), "a: 2\n");
    assertEquals((await reader.waitForReasons(2)).length, 2);
  });
});

Deno.test("ConfigWatcher reads a file again once it is right", async () => {
  await withWatcher({ "weir.yml": "a: 0\n" }, async (reader, path) => {
    await Deno.writeTextFile(path("weir.yml"), "a: [\n");
    await reader.waitForReasons(1);
    await Deno.writeTextFile(path("weir.yml"), "a: 1\n");
    assertEquals((await reader.waitForReasons(2)).length, 2);
  });
});

Deno.test("ConfigWatcher sees what changed before it was opened", async () => {
  await withFiles({ "weir.yml": "a: 0\n" }, async (path) => {
    const reader = new Reader([path("weir.yml")]);
    await reader.read();
    await Deno.writeTextFile(path("weir.yml"), "a: 1\n");
    await using _watcher = await openConfigWatcher({
      sources: reader.sources,
      reload: reader.reload,
      clock,
      logger,
    });
    await reader.waitForReasons(1);
  });
});

/** Looks once, with time passing whenever the watcher waits; answers how long that took in its time. */
async function lookOnce(
  reader: Reader,
  step: (nowMs: number) => void,
): Promise<number> {
  const clock = new FakeClock();
  const startMs = clock.monotonicMs();
  await using watcher = new ConfigWatcher({
    sources: reader.sources,
    reload: reader.reload,
    clock,
    logger,
  });
  const { length } = reader.reasons;
  watcher.look();
  for (let turns = 0; reader.reasons.length === length; turns++) {
    assert(turns < 100_000, "it was not read again");
    if (clock.pendingTimers > 0) {
      step(clock.monotonicMs() - startMs);
      clock.advance(50);
    } else await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return clock.monotonicMs() - startMs;
}

Deno.test("ConfigWatcher waits for a file that is missing or empty", async () => {
  await withFiles({ "weir.yml": "a: 0\n" }, async (path) => {
    const file = path("weir.yml");
    const reader = new Reader([file]);
    await reader.read();
    await Deno.remove(file);
    const backMs = await lookOnce(reader, (nowMs) => {
      if (nowMs === 500) Deno.writeTextFileSync(file, "");
      if (nowMs === 800) Deno.writeTextFileSync(file, "a: 1\n");
    });
    assert(backMs >= 800 && backMs <= 1_100, `${backMs} ms`);
    await Deno.remove(file);
    const goneMs = await lookOnce(reader, () => {});
    assert(goneMs >= 1_000 && goneMs <= 1_300, `${goneMs} ms`);
  });
});

Deno.test("ConfigWatcher waits until a file stays as it is", async () => {
  await withFiles({ "weir.yml": "a: 0\n" }, async (path) => {
    const reader = new Reader([path("weir.yml")]);
    await reader.read();
    const tookMs = await lookOnce(reader, (nowMs) => {
      if (nowMs <= 2_000) {
        Deno.writeTextFileSync(path("weir.yml"), `a: ${nowMs}\n`);
      }
    });
    assert(tookMs >= 2_000 && tookMs <= 2_300, `${tookMs} ms`);
  });
});
