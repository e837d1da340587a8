import { readConfigFiles } from "#config/read_files.ts";
import { ConfigSources } from "#config/sources.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { withFiles } from "./files.ts";

const FILES = {
  "weir.yml": "include: [conf.d/*.yml, later.d/*.yml]\na: 1\n",
  "conf.d/x.yml": "a: 2\n",
};

async function read(path: (name: string) => string): Promise<ConfigSources> {
  const sources = new ConfigSources();
  await readConfigFiles([path("weir.yml")], { keys: [], sources });
  return sources;
}

type Step = (path: (name: string) => string) => Promise<void>;

/** What is done with {@linkcode FILES}, and what is found then. */
const CHANGES: [
  name: string,
  step: Step,
  changed: string[],
  missing: string[],
][] = [
  ["nothing", () => Promise.resolve(), [], []],
  [
    "a file written as it was",
    (path) => Deno.writeTextFile(path("conf.d/x.yml"), "a: 2\n"),
    [],
    [],
  ],
  [
    "another content",
    (path) => Deno.writeTextFile(path("conf.d/x.yml"), "a: 3\n"),
    ["conf.d/x.yml"],
    [],
  ],
  ["a new file", (path) => Deno.writeTextFile(path("conf.d/y.yml"), ""), [
    "conf.d/y.yml",
  ], []],
  [
    "a new file no pattern fits",
    (path) => Deno.writeTextFile(path("conf.d/y.txt"), ""),
    [],
    [],
  ],
  [
    "a new folder",
    async (path) => {
      await Deno.mkdir(path("later.d"));
      await Deno.writeTextFile(path("later.d/y.yml"), "a: 1");
    },
    ["later.d/y.yml"],
    [],
  ],
  ["a file that is gone", (path) => Deno.remove(path("weir.yml")), [], [
    "weir.yml",
  ]],
  ["an empty file", (path) => Deno.writeTextFile(path("weir.yml"), "\n"), [], [
    "weir.yml",
  ]],
];

for (const [name, step, changed, missing] of CHANGES) {
  Deno.test(`ConfigSources.look() finds ${name}`, async () => {
    await withFiles(FILES, async (path) => {
      const sources = await read(path);
      await step(path);
      const found = await sources.look();
      assertEquals(found.changed, changed.map(path));
      assertEquals(found.missing, missing.map(path));
      assertEquals((await sources.look()).fingerprint, found.fingerprint);
    });
  });
}

Deno.test("ConfigSources.look() tells one change from another", async () => {
  await withFiles(FILES, async (path) => {
    const sources = await read(path);
    const fingerprints = new Set<string>();
    for (const text of ["a: 2", "a: 3", "a: 4"]) {
      await Deno.writeTextFile(path("weir.yml"), text);
      fingerprints.add((await sources.look()).fingerprint);
    }
    assertEquals(fingerprints.size, 3);
  });
});

Deno.test("ConfigSources.watchedPaths() answers files, folders and what links mean", async () => {
  await withFiles({ ...FILES, "real/weir.yml": "a: 1\n" }, async (path) => {
    const sources = await read(path);
    const folder = path("").slice(0, -1);
    assertEquals(
      [...await sources.watchedPaths()].sort(),
      ["", "/conf.d", "/conf.d/x.yml", "/weir.yml"].map((one) => folder + one),
    );
    await Deno.remove(path("weir.yml"));
    await Deno.symlink("real/weir.yml", path("weir.yml"));
    const linked = await sources.watchedPaths();
    assert(linked.has(path("real/weir.yml")) && linked.has(path("real")));
  });
});

Deno.test("ConfigSources knows nothing before it is told", async () => {
  const sources = new ConfigSources();
  assertEquals((await sources.look()).changed, []);
  assertEquals((await sources.watchedPaths()).size, 0);
});
