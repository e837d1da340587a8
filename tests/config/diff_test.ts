import type { RawObject } from "#base/schema.ts";
import { buildConfig } from "#config/build.ts";
import { effectsOf, type PathChange, pathChangeOf } from "#config/diff.ts";
import { assertEquals } from "#test/assert.ts";

interface Expected {
  modules?: string[];
  newSessions?: boolean;
  paths?: Record<string, PathChange>;
}

/** Before, after, and what must happen. */
const CHANGES: [
  name: string,
  before: RawObject,
  after: RawObject,
  expected: Expected,
][] = [
  ["nothing", { paths: { a: {} } }, { paths: { a: {} } }, {}],
  ["a value written in another way", { readTimeout: "60s" }, {
    readTimeout: "1m",
  }, {}],
  ["an address of RTMP", {}, { rtmpAddress: ":1" }, { modules: ["rtmp"] }],
  ["two servers", {}, { rtmpAddress: ":1", srt: false }, {
    modules: ["rtmp", "srt"],
  }],
  ["a log level", {}, { logLevel: "debug" }, { modules: ["log"] }],
  ["hooks of connections", {}, { runOnConnect: "x" }, { newSessions: true }],
  ["a list", { apiAllowOrigins: ["a"] }, { apiAllowOrigins: ["a", "b"] }, {
    modules: ["api"],
  }],
  ["networks", { apiTrustedProxies: ["10.0.0.0/8"] }, {
    apiTrustedProxies: ["10.0.0.0/9"],
  }, { modules: ["api"] }],
  ["networks written in another way", { apiTrustedProxies: ["10.0.0.0/8"] }, {
    apiTrustedProxies: ["10.1.2.3/8"],
  }, {}],
  ["a password", { authInternalUsers: [{ user: "u", pass: "a" }] }, {
    authInternalUsers: [{ user: "u", pass: "b" }],
  }, { newSessions: true }],
  ["the queue", {}, { writeQueueSize: 1024 }, { newSessions: true }],
  ["a new path", {}, { paths: { a: null } }, { paths: { a: "added" } }],
  ["a path that is gone", { paths: { a: null } }, {}, {
    paths: { a: "removed" },
  }],
  ["a hot key", { paths: { a: null, b: null } }, {
    paths: { a: { record: true }, b: null },
  }, { paths: { a: "pathHot" } }],
  ["another key", { paths: { a: null } }, { paths: { a: { maxReaders: 1 } } }, {
    paths: { a: "path" },
  }],
  ["a hot and another key", { paths: { a: null } }, {
    paths: { a: { maxReaders: 1, record: true } },
  }, { paths: { a: "path" } }],
  ["pathDefaults", { paths: { a: null, b: { record: true } } }, {
    pathDefaults: { record: true },
    paths: { a: null, b: { record: true } },
  }, { paths: { a: "pathHot" } }],
  [
    "pathDefaults that nothing inherits",
    {},
    { pathDefaults: { record: true } },
    {},
  ],
  [
    "targets of forwarding",
    { paths: { a: { forward: [{ dest: "rtsp://a" }] } } },
    { paths: { a: { forward: [{ dest: "rtsp://b" }] } } },
    { paths: { a: "pathHot" } },
  ],
];

for (const [name, before, after, expected] of CHANGES) {
  Deno.test(`effectsOf() answers ${name}`, () => {
    const { modules, newSessions, live, paths } = effectsOf(
      buildConfig(structuredClone(before)).config,
      buildConfig(structuredClone(after)).config,
    );
    assertEquals(
      [[...modules].sort(), newSessions, live, Object.fromEntries(paths)],
      [
        expected.modules ?? [],
        expected.newSessions ?? false,
        false,
        expected.paths ?? {},
      ],
    );
  });
}

Deno.test("pathChangeOf() does not count the names of entries", () => {
  const { paths } =
    buildConfig({ paths: { a: null, all_others: null } }).config;
  assertEquals(
    pathChangeOf(paths.get("a")!, paths.get("all_others")!),
    undefined,
  );
});
