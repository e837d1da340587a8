import type { RawObject } from "#base/schema.ts";
import { buildConfig } from "#config/build.ts";
import { type ConfigEdit, valuesOfEdit } from "#config/edit.ts";
import { ConfigError } from "#config/errors.ts";
import { assertEquals, assertIncludes, assertThrows } from "#test/assert.ts";

const BEFORE: RawObject = {
  hlsCDNSecret: "cdn",
  authInternalUsers: [
    { user: "a", pass: "pa" },
    { user: "b", pass: "pb" },
    { user: "any" },
  ],
  pathDefaults: { srtReadPassphrase: "default-passphrase" },
  paths: {
    cam: {
      forward: [
        { dest: "whip://a/1", whipBearerToken: "t1" },
        { dest: "whip://b/2", whipBearerToken: "t2" },
      ],
    },
    other: { srtReadPassphrase: "other-passphrase" },
  },
};

type ValueEdit = Exclude<ConfigEdit, { kind: "deletePath" }>;

function valuesOf(edit: ValueEdit): unknown {
  const { given } = buildConfig(structuredClone(BEFORE)).config;
  return JSON.parse(JSON.stringify(valuesOfEdit(edit, given)));
}

const global = (values: RawObject): ValueEdit => ({ kind: "global", values });
const patch = (values: RawObject, name = "cam"): ValueEdit => ({
  kind: "patchPath",
  name,
  values,
});

const R = "<redacted>";

const EDITS: [name: string, edit: ValueEdit, values: unknown][] = [
  ["global keys", global({ rtmp: false }), { rtmp: false }],
  ["keys without value", global({ rtmp: null, logLevel: null }), {}],
  ["unknown keys, with and without value", global({ a: null, b: 1 }), {
    a: null,
    b: 1,
  }],
  ["old global keys", global({ rtmpDisable: true, protocols: null }), {
    rtmp: false,
  }],
  ["global keys that moved", global({ record: true }), {
    pathDefaults: { record: true },
  }],
  ["pathDefaults", { kind: "pathDefaults", values: { forward: null } }, {
    pathDefaults: {},
  }],
  [
    "keys of a path, without its name",
    patch({ name: "x", maxReaders: 1, source: null }),
    { paths: { cam: { maxReaders: 1 } } },
  ],
  ["old keys of a path", patch({ runOnReady: "x" }), {
    paths: { cam: { runOnAvailable: "x" } },
  }],
  ["a secret that is sent back", global({ hlsCDNSecret: R }), {
    hlsCDNSecret: "cdn",
  }],
  ["another secret", global({ hlsCDNSecret: "x" }), { hlsCDNSecret: "x" }],
  ["text that is no secret", patch({ source: R }), {
    paths: { cam: { source: R } },
  }],
  [
    "passwords by user, then by index",
    global({
      authInternalUsers: [
        { user: "b", pass: R },
        { user: "renamed", pass: R },
        { user: "a", pass: R },
        { user: "c", pass: "pc" },
      ],
    }),
    {
      authInternalUsers: [
        { user: "b", pass: "pb" },
        { user: "renamed", pass: "pb" },
        { user: "a", pass: "pa" },
        { user: "c", pass: "pc" },
      ],
    },
  ],
  [
    "a password that was not given",
    global({ authInternalUsers: [{ user: "any", pass: R }] }),
    { authInternalUsers: [{ user: "any", pass: "" }] },
  ],
  [
    "secrets in lists of a path",
    patch({ forward: [{ dest: "whip://b/2", whipBearerToken: R }] }),
    {
      paths: {
        cam: { forward: [{ dest: "whip://b/2", whipBearerToken: "t2" }] },
      },
    },
  ],
  ["an inherited secret", patch({ srtReadPassphrase: R }), {
    paths: { cam: { srtReadPassphrase: "default-passphrase" } },
  }],
  ["a path's own secret", patch({ srtReadPassphrase: R }, "other"), {
    paths: { other: { srtReadPassphrase: "other-passphrase" } },
  }],
  ["a secret that has its default", patch({ whepBearerToken: R }), {
    paths: { cam: { whepBearerToken: "" } },
  }],
  ["keys that objects have", patch(JSON.parse('{"__proto__": 1}')), {
    paths: { cam: JSON.parse('{"__proto__": 1}') },
  }],
];

for (const [name, edit, values] of EDITS) {
  Deno.test(`valuesOfEdit() takes ${name}`, () => {
    assertEquals(valuesOf(edit), values);
  });
}

let deep: RawObject = {};
for (let i = 0; i < 100_000; i++) deep = { a: deep };

const REFUSED: [name: string, edit: ValueEdit, ...parts: string[]][] = [
  ["paths among global keys", global({ paths: {} }), "paths: unknown"],
  ["pathDefaults among global keys", global({ pathDefaults: null }), "unknown"],
  [
    "a password of nobody",
    global({
      authInternalUsers: [{ user: "a" }, { user: "b" }, { user: "any" }, {
        user: "new",
        pass: R,
      }],
    }),
    "authInternalUsers[3].pass",
    "there is none",
  ],
  ["values that are nested deep", patch(deep), "nested deeper than 32"],
];

for (const [name, edit, ...parts] of REFUSED) {
  Deno.test(`valuesOfEdit() refuses ${name}`, () => {
    const { message } = assertThrows(() => valuesOf(edit), ConfigError);
    for (const part of parts) assertIncludes(message, part);
  });
}

Deno.test("valuesOfEdit() leaves the edit as it is", () => {
  const edit = global({ hlsCDNSecret: R, rtmp: null, rtspDisable: true });
  const copy = structuredClone(edit);
  valuesOf(edit);
  assertEquals(edit, copy);
});
