import type { RawObject } from "#base/schema.ts";
import { type ConfigEdit, valuesOfEdit } from "#config/edit.ts";
import { ConfigError } from "#config/errors.ts";
import {
  buildOver,
  editOverlay,
  emptyOverlay,
  overlayText,
  parseOverlay,
} from "#config/overlay.ts";
import { parseYamlConfig } from "#config/yaml.ts";
import { assertEquals } from "#test/assert.ts";
import type { FuzzTarget } from "../fuzz_target.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const BASE = await parseYamlConfig(
  "hlsCDNSecret: x\npaths: {cam: {maxReaders: 1}, '~^x(.*)$': }\n",
);

const OVERLAYS = [
  "removedPaths: [cam]\nrtmpAddress: :1\npaths:\n  new: {source: publisher}\n",
  "pathDefaults: {maxReaders: 2}\npaths: {cam: {runOnInit: x}, all_others: }\n",
];

/** Kinds of edits by the first letter of an input; what follows is JSON. */
const EDITS: Readonly<Record<string, (values: RawObject) => ConfigEdit>> = {
  g: (values) => ({ kind: "global", values }),
  d: (values) => ({ kind: "pathDefaults", values }),
  a: (values) => ({ kind: "addPath", name: "new", values }),
  p: (values) => ({ kind: "patchPath", name: "cam", values }),
  r: (values) => ({ kind: "replacePath", name: "cam", values }),
};

const EDIT_SEEDS = [
  'g{"rtmp": false, "hlsCDNSecret": "<redacted>", "rtspDisable": true}',
  'g{"authInternalUsers": [{"user": "a", "pass": "b", "ips": ["10.0.0.0/8"], "permissions": [{"action": "read"}]}]}',
  'd{"maxReaders": 3, "recordPath": "%path/%s"}',
  'a{"name": "x", "source": "rtsp://u:p@h/x", "sourceOnDemand": true}',
  'p{"maxReaders": null, "runOnReady": "x", "forward": [{"dest": "rtsp://h", "whipBearerToken": ""}]}',
  'r{"srtReadPassphrase": "0123456789", "gopCacheMaxSize": "1M"}',
];

/** What changes the configuration of a server that runs. */
export const CONFIG_TARGETS: readonly FuzzTarget[] = [
  {
    name: "config_overlay",
    seeds: () => OVERLAYS.map((text) => encoder.encode(text)),
    rejects: [ConfigError],
    cost: 200,
    passes: 8,
    run: async (bytes) => {
      const overlay = await parseOverlay(decoder.decode(bytes), "x.api.yml");
      buildOver(BASE, overlay);
      const again = await parseOverlay(overlayText(overlay), "x.api.yml");
      assertEquals(again, overlay);
      return true;
    },
  },
  {
    name: "config_edit",
    seeds: () => EDIT_SEEDS.map((text) => encoder.encode(text)),
    rejects: [ConfigError, SyntaxError],
    cost: 40,
    passes: 8,
    run: async (bytes) => {
      const text = decoder.decode(bytes);
      const values = JSON.parse(text.slice(1));
      const makeEdit = EDITS[text[0] ?? ""];
      const isObject = typeof values === "object" && values !== null &&
        !Array.isArray(values);
      if (!makeEdit || !isObject) return false;
      const edit = makeEdit(values);
      const before = emptyOverlay("API");
      if (edit.kind === "deletePath") return false;
      const { given } = buildOver(BASE, before).config;
      const overlay = editOverlay(before, edit, {
        values: valuesOfEdit(edit, given),
        base: BASE,
      });
      const { config } = buildOver(BASE, overlay);
      const kept = await parseOverlay(overlayText(overlay), "API");
      assertEquals(buildOver(BASE, kept).config.given, config.given);
      return true;
    },
  },
];
