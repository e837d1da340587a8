import * as fc from "fast-check";
import type { RawObject } from "#base/schema.ts";
import type { ConfigDocument } from "#config/document.ts";
import { type ConfigEdit, valuesOfEdit } from "#config/edit.ts";
import { ConfigError, originText } from "#config/errors.ts";
import {
  buildOver,
  editOverlay,
  emptyOverlay,
  isEmptyOverlay,
  type Overlay,
  overlayText,
  parseOverlay,
} from "#config/overlay.ts";
import { type Config, GLOBAL_FIELDS } from "#config/root_schema.ts";
import { sameValue } from "#config/same_value.ts";
import { parseYamlConfig } from "#config/yaml.ts";
import {
  assert,
  assertEquals,
  assertIncludes,
  assertRejects,
} from "#test/assert.ts";

const BASE = `
rtmpAddress: :1
authInternalUsers: [{user: a, pass: secret}]
pathDefaults: {maxReaders: 3}
paths:
  a: {maxReaders: 1, srtReadPassphrase: passphrase-1}
  b:
  "~^x(.*)$": {gopCache: no}
`;

/** Goes one edit on, as the API does. */
function edited(
  base: ConfigDocument,
  overlay: Overlay,
  edit: ConfigEdit,
): Overlay {
  const { given } = buildOver(base, overlay).config;
  const values = edit.kind === "deletePath" ? {} : valuesOfEdit(edit, given);
  return editOverlay(overlay, edit, { values, base });
}

/** All values, without how they were given. */
function valuesOf({ given: _, paths, ...values }: Config): unknown {
  return { ...values, paths: Object.fromEntries(paths) };
}

const pathValues = fc.record({
  maxReaders: fc.nat(9),
  gopCache: fc.boolean(),
  recordPath: fc.constant('%path/%s "x"\n'),
  srtReadPassphrase: fc.constantFrom("passphrase-1", "passphrase: 2"),
  forward: fc.array(
    fc.record({ dest: fc.constantFrom("rtsp://a", "rtmp://b") }),
  ),
  runOnAvailable: fc.constantFrom("a 'b' \\ $X", "#"),
}, { requiredKeys: [] }) as fc.Arbitrary<RawObject>;

const globalValues = fc.record({
  rtmpAddress: fc.constantFrom(":1", ":2"),
  readTimeout: fc.constantFrom("10s", "1m"),
  rtspTransports: fc.constantFrom(["tcp"], ["udp", "tcp"]),
  authInternalUsers: fc.constantFrom([{ user: "u", pass: "p" }], []),
  record: fc.boolean(),
}, { requiredKeys: [] }) as fc.Arbitrary<RawObject>;

const name = fc.constantFrom("a", "b", "c", "~^x(.*)$", "all_others");

const anyEdit: fc.Arbitrary<ConfigEdit> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("addPath", "patchPath", "replacePath"),
    name,
    values: pathValues,
  }) as fc.Arbitrary<ConfigEdit>,
  fc.record({ kind: fc.constant("deletePath" as const), name }),
  fc.record({ kind: fc.constant("global" as const), values: globalValues }),
  fc.record({ kind: fc.constant("pathDefaults" as const), values: pathValues }),
);

/** Whether the edit can be done; the control sees to that. */
function fits({ paths }: Config, edit: ConfigEdit): boolean {
  if (edit.kind === "addPath") return !paths.has(edit.name);
  const isOfOne = edit.kind === "patchPath" || edit.kind === "deletePath";
  return !isOfOne || paths.has(edit.name);
}

/** What takes an edit back; `undefined` if no edit does. */
function reverseOf(before: Config, edit: ConfigEdit): ConfigEdit | undefined {
  if (!("name" in edit)) {
    const isOfPaths = edit.kind === "pathDefaults" ||
      Object.hasOwn(edit.values, "record");
    if (isOfPaths) return undefined;
    const values = Object.fromEntries(
      Object.keys(edit.values).map((key) => [
        key,
        before.given.global[key] ?? GLOBAL_FIELDS.get(key)!.default,
      ]),
    );
    return { kind: "global", values };
  }
  const old = before.given.paths.get(edit.name);
  if (!old) return { kind: "deletePath", name: edit.name };
  const kind = edit.kind === "deletePath" ? "addPath" : "replacePath";
  return { kind, name: edit.name, values: old };
}

Deno.test("editOverlay() and the reverse edit give the same configuration, and files keep it", async () => {
  const base = await parseYamlConfig(BASE, "weir.yml");
  await fc.assert(
    fc.asyncProperty(fc.array(anyEdit, { maxLength: 6 }), async (edits) => {
      let overlay = emptyOverlay("API");
      for (const edit of edits) {
        const before = buildOver(base, overlay).config;
        if (!fits(before, edit)) continue;
        const next = edited(base, overlay, edit);
        const reverse = reverseOf(before, edit);
        if (reverse) {
          const back = buildOver(base, edited(base, next, reverse)).config;
          assert(sameValue(valuesOf(back), valuesOf(before)), "not the same");
        }
        overlay = next;
      }
      const read = await parseOverlay(overlayText(overlay), "API");
      const { config } = buildOver(base, overlay);
      assertEquals(buildOver(base, read).config.given, config.given);
      assert(
        sameValue(valuesOf(buildOver(base, read).config), valuesOf(config)),
      );
    }),
    { numRuns: 200 },
  );
});

Deno.test("editOverlay() changes neither the overlay nor the base", async () => {
  const base = await parseYamlConfig(BASE, "weir.yml");
  const before = JSON.stringify(base.raw);
  const empty = emptyOverlay("API");
  const edits: ConfigEdit[] = [
    { kind: "patchPath", name: "a", values: { maxReaders: 9 } },
    { kind: "deletePath", name: "a" },
    { kind: "global", values: { rtmpAddress: ":9" } },
  ];
  for (const edit of edits) {
    const overlay = edited(base, empty, edit);
    assert(!isEmptyOverlay(overlay));
    buildOver(base, overlay);
  }
  assert(isEmptyOverlay(empty));
  assertEquals(JSON.stringify(base.raw), before);
});

Deno.test("overlayText() can be read by people", async () => {
  const base = await parseYamlConfig(BASE, "weir.yml");
  let overlay = emptyOverlay("API");
  const edits: ConfigEdit[] = [
    { kind: "global", values: { rtmpAddress: ":9" } },
    { kind: "deletePath", name: "b" },
    { kind: "addPath", name: "new", values: { source: "rtsp://cam/x" } },
  ];
  for (const edit of edits) overlay = edited(base, overlay, edit);
  const [head, text] = overlayText(overlay).split("\n\n");
  assert(head!.split("\n").every((line) => line.startsWith("# ")), head!);
  assertEquals(
    text,
    "removedPaths: [b]\nrtmpAddress: :9\npaths:\n  new:\n    source: rtsp://cam/x\n",
  );
});

Deno.test("buildOver() says what is the overlay's", async () => {
  const base = await parseYamlConfig(BASE, "weir.yml");
  const overlay = await parseOverlay(
    "paths: {a: {gopCache: no}}\nrtmp: no\n",
    "weir.api.yml",
  );
  const { origins } = buildOver(base, overlay);
  const text = (...keyPath: string[]) => originText(origins.find(keyPath));
  assertEquals(
    [
      text("rtmp"),
      text("paths", "a", "gopCache"),
      text("paths", "a", "maxReaders"),
    ],
    ["weir.api.yml", "weir.api.yml", "weir.yml:6:7"],
  );
});

Deno.test("parseOverlay() refuses what no API wrote", async () => {
  for (
    const text of ["removedPaths: a\n", "removedPaths: [1]\n", "a: [", "- a\n"]
  ) {
    const { message } = await assertRejects(
      parseOverlay(text, "weir.api.yml"),
      ConfigError,
    );
    assertIncludes(message, "(weir.api.yml:1:");
  }
});
