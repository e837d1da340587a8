import { encryptConfig } from "#config/encryption.ts";
import { ConfigError } from "#config/errors.ts";
import { readConfigFiles } from "#config/read_files.ts";
import { ConfigSources } from "#config/sources.ts";
import { assertEquals, assertIncludes, assertRejects } from "#test/assert.ts";
import { withFiles } from "./files.ts";

type Path = (name: string) => string;

/** Values of key `a` in the order in which files are laid over one another. */
async function valuesOf(
  path: Path,
  names: readonly string[],
): Promise<unknown[]> {
  const documents = await readConfigFiles(names.map(path), {
    keys: [],
    sources: new ConfigSources(),
  });
  return documents.map(({ raw }) => raw["a"]);
}

const INCLUDES: [
  name: string,
  files: Record<string, string>,
  values: unknown[],
][] = [
  ["a file alone", { "weir.yml": "a: 1" }, [1]],
  ["what a file includes after it", {
    "weir.yml": "include: [x.yml]\na: 1",
    "x.yml": "a: 2",
  }, [1, 2]],
  ["files of a pattern, sorted", {
    "weir.yml": "include: [conf.d/*.yml]\na: 1",
    "conf.d/20.yml": "a: 20",
    "conf.d/10.yml": "a: 10",
    "conf.d/.hidden.yml": "a: 0",
    "conf.d/10.yml~": "a: 0",
    "conf.d/more/x.yml": "a: 0",
  }, [1, 10, 20]],
  ["patterns of folders", {
    "weir.yml": "include: ['sites/?/*.yml']\na: 1",
    "sites/b/x.yml": "a: b",
    "sites/a/x.yml": "a: a",
    "sites/ab/x.yml": "a: 0",
  }, [1, "a", "b"]],
  ["several names in their order", {
    "weir.yml": "include: [z.yml, y.yml]\na: 1",
    "y.yml": "a: y",
    "z.yml": "a: z",
  }, [1, "z", "y"]],
  ["files relative to the file that includes them", {
    "weir.yml": "include: [sub/x.yml]\na: 1",
    "sub/x.yml": "include: [y.yml]\na: x",
    "sub/y.yml": "a: y",
  }, [1, "x", "y"]],
  ["a file twice", {
    "weir.yml": "include: [x.yml, ./x.yml]\na: 1",
    "x.yml": "a: x",
  }, [1, "x", "x"]],
  ["patterns without files", {
    "weir.yml": "include: [none.d/*.yml, '*.none']\na: 1",
  }, [1]],
  ["nothing to include", { "weir.yml": "include:\na: 1" }, [1]],
];

for (const [name, files, values] of INCLUDES) {
  Deno.test(`readConfigFiles() reads ${name}`, async () => {
    await withFiles(files, async (path) => {
      assertEquals(await valuesOf(path, ["weir.yml"]), values);
    });
  });
}

Deno.test("readConfigFiles() reads several files in order, each with what it includes", async () => {
  const files = {
    "1.yml": "include: [x.yml]\na: 1",
    "2.yml": "a: 2",
    "x.yml": "a: x",
  };
  await withFiles(files, async (path) => {
    assertEquals(await valuesOf(path, ["1.yml", "2.yml"]), [1, "x", 2]);
  });
});

Deno.test("readConfigFiles() decrypts what files include", async () => {
  const files = {
    "weir.yml": await encryptConfig("include: [x.yml]\na: 1", "key"),
    "x.yml": await encryptConfig("a: x", "key"),
  };
  await withFiles(files, async (path) => {
    const documents = await readConfigFiles([path("weir.yml")], {
      keys: ["key"],
      sources: new ConfigSources(),
    });
    assertEquals(documents.map(({ raw }) => raw["a"]), [1, "x"]);
  });
});

const chain = Object.fromEntries(
  Array.from({ length: 12 }, (_, i) => [`${i}.yml`, `include: [${i + 1}.yml]`]),
);

const REFUSED: [
  name: string,
  files: Record<string, string>,
  ...parts: string[],
][] = [
  [
    "a file that includes itself",
    { "0.yml": "a: 1\ninclude: [./0.yml]" },
    "include[0]: includes itself: ",
    "/0.yml > ",
    "/0.yml:2:11)",
  ],
  [
    "files that include one another",
    { "0.yml": "include: [b.yml]", "b.yml": "include: ['*.yml']" },
    "/0.yml > ",
    "/b.yml > ",
    "/b.yml:1:11)",
  ],
  ["a long chain", chain, "more than 8 files include one another"],
  ["a file that is not there", { "0.yml": "include: [b.yml]" }, "/b.yml"],
  ["text instead of a list", { "0.yml": "include: b.yml" }, "must be a list"],
  ["numbers", { "0.yml": "include: [1]" }, "must be a list", "/0.yml:1:1)"],
  ["empty names", { "0.yml": "include: ['']" }, "must be a list"],
  [
    "all wrong files at once",
    { "0.yml": "include: [b.yml, c.yml]", "b.yml": "a: [", "c.yml": "a: {" },
    "/b.yml:1:",
    "/c.yml:1:",
  ],
];

for (const [name, files, ...parts] of REFUSED) {
  Deno.test(`readConfigFiles() refuses ${name}`, async () => {
    await withFiles(files, async (path) => {
      const { message } = await assertRejects(
        valuesOf(path, ["0.yml"]),
        ConfigError,
      );
      for (const part of parts) assertIncludes(message, part);
    });
  });
}

Deno.test("readConfigFiles() gives up on files that include more and more", async () => {
  const twice = (name: string) => `include: [${name}, ${name}, ${name}]`;
  const files = Object.fromEntries(
    Array.from({ length: 8 }, (_, i) => [`${i}.yml`, twice(`${i + 1}.yml`)]),
  );
  await withFiles({ ...files, "8.yml": "a: 1" }, async (path) => {
    const { message } = await assertRejects(
      valuesOf(path, ["0.yml"]),
      ConfigError,
    );
    assertIncludes(message, "more than 1000 files");
  });
});

Deno.test("readConfigFiles() tells what it read, even if it cannot be used", async () => {
  const files = {
    "weir.yml": "include: [conf.d/*.yml, gone.yml]\na: [",
    "conf.d/x.yml": "a: 1",
  };
  await withFiles(files, async (path) => {
    const sources = new ConfigSources();
    await assertRejects(
      readConfigFiles([path("weir.yml"), path("gone.yml")], {
        keys: [],
        sources,
      }),
      ConfigError,
    );
    assertEquals((await sources.look()).changed, []);
    await Deno.writeTextFile(path("weir.yml"), "a: 1");
    await Deno.writeTextFile(path("gone.yml"), "a: 1");
    const { changed } = await sources.look();
    assertEquals(changed, [path("weir.yml"), path("gone.yml")]);
  });
});
