import { readTextFile } from "#platform/files.ts";
import { buildConfig } from "#config/build.ts";
import { exampleConfig } from "#config/example.ts";
import { PAYLOAD_FORMATS } from "#formats/rtp/payload_formats.ts";
import { GLOBAL_FIELDS, PATH_FIELDS } from "#config/root_schema.ts";
import { defaultConfig } from "#config/build.ts";
import { effectsOf, pathChangeOf } from "#config/diff.ts";
import { parseYamlConfig } from "#config/yaml.ts";
import { assertEquals } from "#test/assert.ts";
import { codecTable } from "#test/readme_tables.ts";
import { codecsOfMatrix, codecsPage } from "./interop/codec_matrix_docs.ts";

Deno.test("config.example.yml is what the schema makes", async () => {
  const file = new URL("../config.example.yml", import.meta.url).pathname;
  assertEquals(await readTextFile(file), exampleConfig());
});

Deno.test("config.example.yml is the default configuration, without a warning", async () => {
  const { raw, origins } = await parseYamlConfig(exampleConfig());
  const { config, warnings } = buildConfig(raw, origins);
  const defaults = defaultConfig();
  const { modules, newSessions, live, paths } = effectsOf(defaults, config);
  assertEquals(
    [warnings, modules.size, newSessions, live, paths.size],
    [[], 0, false, false, 0],
  );
  assertEquals(
    pathChangeOf(defaults.pathDefaults, config.pathDefaults),
    undefined,
  );
});

Deno.test("config.example.yml has every key that is not of the past", async () => {
  const { raw } = await parseYamlConfig(exampleConfig());
  for (
    const [given, fields] of [[raw, GLOBAL_FIELDS], [
      raw["pathDefaults"],
      PATH_FIELDS,
    ]] as const
  ) {
    const keys = [...fields].filter(([, field]) =>
      field.deprecation === undefined
    )
      .map(([key]) => key);
    assertEquals(
      Object.keys(given as object).filter((key) => !key.startsWith("path")),
      keys,
    );
  }
});

Deno.test("README.md lists the codecs that are registered", async () => {
  const file = new URL("../README.md", import.meta.url).pathname;
  const readme = await readTextFile(file);
  const table = readme.split(/<!-- \/?codecs -->\n/)[1]?.trim()
    .replace(/ +\|/g, " |").replace(/-{3,}/g, "---");
  assertEquals(table, codecTable());
});

Deno.test("docs/codecs.md is what the codec matrix makes; WEIR_WRITE_DOCS=1 writes it", async () => {
  const file = new URL("../docs/codecs.md", import.meta.url).pathname;
  if (Deno.env.get("WEIR_WRITE_DOCS") === "1") {
    await Deno.writeTextFile(file, codecsPage());
  }
  assertEquals(await readTextFile(file), codecsPage());
});

Deno.test("the codec matrix has every codec that RTSP carries", () => {
  const missing = new Set(PAYLOAD_FORMATS.map(({ codec }) => codec))
    .difference(codecsOfMatrix());
  assertEquals([...missing], []);
});
