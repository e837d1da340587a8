import { ConfigError } from "#config/errors.ts";
import { loadConfig } from "#config/load.ts";
import { emptyOverlay, type Overlay } from "#config/overlay.ts";
import { OverlayFile, overlayPathOf } from "#config/overlay_file.ts";
import { MAX_CONFIG_CHARS } from "#config/yaml.ts";
import {
  assert,
  assertEquals,
  assertIncludes,
  assertRejects,
} from "#test/assert.ts";
import { withFiles } from "./files.ts";

const OVERLAY: Overlay = {
  source: "weir.api.yml",
  removedPaths: new Set(["old"]),
  raw: { rtmpAddress: ":9", paths: { cam: { whepBearerToken: "token" } } },
};

function plain({ raw, removedPaths }: Overlay): unknown {
  return [JSON.parse(JSON.stringify(raw)), [...removedPaths]];
}

Deno.test("overlayPathOf() answers a file beside the configuration", () => {
  assertEquals(
    ["weir.yml", "a/b.yaml", "x"].map(overlayPathOf),
    ["weir.api.yml", "a/b.api.yml", "x.api.yml"],
  );
});

Deno.test("OverlayFile keeps an overlay for whom may read the configuration", async () => {
  await withFiles({ "weir.yml": "" }, async (path) => {
    const file = new OverlayFile(path("weir.yml"), []);
    assertEquals(plain(await file.read()), [{}, []]);
    for (const mode of [0o600, 0o640]) {
      await Deno.chmod(path("weir.yml"), mode);
      await file.write(OVERLAY);
      assertEquals(plain(await file.read()), plain(OVERLAY));
      const { mode: kept } = await Deno.stat(path("weir.api.yml"));
      assertEquals(kept! & 0o777, mode);
    }
    const entries = Deno.readDir(path("."));
    const names = await Array.fromAsync(entries, ({ name }) => name);
    assertEquals(names.sort(), ["weir.api.yml", "weir.yml"]);
    await file.write(emptyOverlay("x"));
    await file.write(emptyOverlay("x"));
    await assertRejects(Deno.stat(path("weir.api.yml")), Deno.errors.NotFound);
  });
});

Deno.test("OverlayFile keeps an overlay as secret as an encrypted configuration", async () => {
  await withFiles({ "weir.yml": "" }, async (path) => {
    const file = new OverlayFile(path("weir.yml"), ["one", "two"]);
    await file.write(OVERLAY);
    const text = await Deno.readTextFile(file.path);
    assert(/^[A-Za-z0-9+/=]+$/.test(text), text);
    assertEquals(plain(await file.read()), plain(OVERLAY));
    await assertRejects(
      new OverlayFile(path("weir.yml"), ["two", "one"]).read(),
      ConfigError,
    );
  });
});

Deno.test("OverlayFile refuses what could not be read back, and keeps what it has", async () => {
  await withFiles({ "weir.yml": "" }, async (path) => {
    const file = new OverlayFile(path("weir.yml"), []);
    await file.write(OVERLAY);
    const raw = { rtmpAddress: "x".repeat(MAX_CONFIG_CHARS) };
    await assertRejects(file.write({ ...OVERLAY, raw }), RangeError);
    assertEquals(plain(await file.read()), plain(OVERLAY));
  });
});

/** An overlay that cannot be used, and a part of what is said. */
const REJECTED: [name: string, text: string, part: string][] = [
  ["is no YAML", "paths: {", "invalid YAML"],
  ["has a key that is gone", "noSuchKey: 1\n", "noSuchKey: unknown"],
  ["sets a command", "runOnConnect: rm\n", "the API may not set it"],
  ["lets itself set commands", "apiAllowHooks: yes\n", "apiAllowHooks"],
];

for (const [name, overlay, part] of REJECTED) {
  Deno.test(`loadConfig() goes on without an overlay that ${name}`, async () => {
    const files = {
      "weir.yml": "apiPersist: yes\nrtmpAddress: :1\n",
      "weir.api.yml": overlay,
    };
    await withFiles(files, async (path) => {
      const named = [path("weir.yml")];
      const environment = {};
      const refusal = await assertRejects(
        loadConfig(named, { environment }),
        ConfigError,
      );
      assertIncludes(refusal.message, part);
      assertIncludes(refusal.message, path("weir.api.yml"));
      const { config, errors } = await loadConfig(named, {
        environment,
        rejectsOverlay: true,
      });
      assertEquals([config.rtmpAddress, errors.length], [":1", 1]);
      assertIncludes(errors[0]!, part);
      assertIncludes(errors[0]!, `it is ${path("weir.api.yml.rejected")} now`);
      const aside = await Deno.readTextFile(path("weir.api.yml.rejected"));
      assertEquals(aside, overlay);
      const again = await loadConfig(named, { environment });
      assertEquals(again.errors, []);
    });
  });
}

Deno.test("loadConfig() takes no overlay without apiPersist", async () => {
  const files = { "weir.yml": "", "weir.api.yml": "apiPersist: yes\nx: 1\n" };
  await withFiles(files, async (path) => {
    const { config, overlayFile } = await loadConfig([path("weir.yml")], {
      environment: {},
    });
    assertEquals([config.apiPersist, overlayFile], [false, undefined]);
  });
});
