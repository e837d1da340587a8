import { globSync, readFileSync } from "node:fs";
import { dirname, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "#test/assert.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Lines that a file may have. */
const MAX_FILE_LINES = 500;

/** Files that may be longer, and why: tables and the configuration schema only. */
const LONG_FILES: Readonly<Record<string, string>> = {};

/** Lines that `src/core` may have in all. */
const MAX_CORE_LINES = 1_000;

/**
 * Who may import from where, `folder: folders and files`. A folder's own files are always allowed, but those of
 * `protocols/*` that are a folder of their own here.
 */
const IMPORTS: Readonly<Record<string, readonly string[]>> = {
  "base": [],
  "codecs": ["base"],
  "platform": ["base"],
  "core": ["base", "codecs"],
  "formats": [
    "base",
    "codecs",
    "core/unit.ts",
    "core/track.ts",
    "core/encoding_cache.ts",
  ],
  // What pulls a stream, whatever its protocol.
  "sources": ["base", "core"],
  "sources/file": [
    "base",
    "codecs",
    "core",
    "formats",
    "platform",
    "sources/pull_source.ts",
  ],
  "paths": ["base", "codecs", "core", "sources"],
  "protocols/*": [
    "base",
    "codecs",
    "core",
    "formats",
    "platform",
    "http",
    "sources/pull_source.ts",
  ],
  "protocols/*/wire": ["base", "formats"],
  "protocols/*/engine": [
    "base",
    "codecs",
    "formats",
    "core/unit.ts",
    "core/track.ts",
    "core/encoding_cache.ts",
    "protocols/*/wire",
  ],
  "http": ["base", "core", "platform"],
  "auth": ["base", "core", "platform"],
  // What happened, as it is told to the world outside.
  "events": ["base", "codecs", "core"],
  "hooks": ["base", "core", "platform", "events"],
  "cluster": ["base", "core", "platform"],
  // What the composition root opens, restarts and closes.
  "modules": ["base", "core"],
  "logging": ["base", "core", "platform"],
  "metrics": ["base", "core", "platform", "http"],
  "profiling": ["base", "core", "platform", "http"],
  "recording": [
    "base",
    "codecs",
    "core",
    "formats",
    "platform",
    "http",
    // Which entry a recording's path belongs to.
    "paths/path_matcher.ts",
    "paths/path_name.ts",
  ],
  // Keys that belong to no other folder: schemas only.
  "general": ["base"],
  "config": [
    "base",
    "platform/files.ts",
    "platform/env.ts",
    "platform/watch.ts",
    // Who would be cut by a change.
    "core/session_info.ts",
    "*/config.ts",
    "protocols/*/config.ts",
    // The remaining schemas, and what checks a path entry's name and pattern.
    "general/*.ts",
    "paths/path_name.ts",
    "paths/path_matcher.ts",
  ],
  "api": [
    "base",
    "codecs",
    "core",
    "platform",
    "http",
    "config",
    "events",
    // Which entry a recording's path belongs to.
    "paths/path_matcher.ts",
  ],
  // The version, the log and its sink stand at the start of a program.
  // URLs are signed as the server checks them.
  "cli": [
    "config",
    "platform",
    "server.ts",
    "base",
    "logging",
    "auth/signature.ts",
    "paths/path_name.ts",
  ],
  "server.ts": [
    "protocols/*/mod.ts",
    "api/mod.ts",
    "metrics/mod.ts",
    "profiling/mod.ts",
    // The entry files of the folders that have no `mod.ts`.
    "auth/access_gate.ts",
    "base/clock.ts",
    "base/description_list.ts",
    "base/event_bus.ts",
    "base/log.ts",
    "config/control.ts",
    "config/diff.ts",
    "config/root_schema.ts",
    "core/ports.ts",
    "core/session_info.ts",
    "events/event_history.ts",
    "hooks/demand_command.ts",
    "hooks/hook_runner.ts",
    "hooks/hook_variables.ts",
    "hooks/hooks.ts",
    "logging/telemetry.ts",
    "modules/lazy_module.ts",
    "modules/running_modules.ts",
    "paths/path_manager.ts",
    "paths/path_matcher.ts",
    "paths/path_source.ts",
    "paths/rates.ts",
    "platform/memory.ts",
    "recording/playback/mod.ts",
    "recording/recorder.ts",
    "sources/file/file_source.ts",
    "sources/lazy_source.ts",
    "sources/pull_source.ts",
  ],
  // Arguments and exit code are the system's, and only `platform` may say `Deno.*`.
  "main.ts": ["cli", "platform/system.ts"],
};

/** Where each library and built-in module may be used. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  "zod": ["base/schema.ts", "api"],
  "yaml": ["config"],
  "@noble/ciphers": ["config"],
  "re2js": ["paths", "auth"],
  "ipaddr.js": ["base/ip.ts"],
  "hono": ["http", "api", "profiling", "recording/playback", "protocols/*"],
  "aws4fetch": ["recording/upload"],
  "hls.js": ["protocols/hls/web", "recording/playback/web"],
  "jose": ["auth"],
  "hash-wasm": ["auth"],
  "node-media-server": ["formats/flv/amf0.ts"],
  "werift": ["protocols/webrtc"],
  "@opentelemetry/api": ["platform/telemetry.ts"],
  "node:crypto": ["base/crypto.ts", "base/key_pair.ts"],
  "node:http": ["platform/http_client.ts"],
  "node:https": ["platform/http_client.ts"],
  "node:tls": ["platform/tls.ts", "platform/http_client.ts"],
  // What the TLS engine reads from and writes to.
  "node:stream": ["platform/tls_pipe.ts", "platform/tls_stream.ts"],
  // The AMF0 codec takes nothing else; the bytes go no further.
  "node:buffer": ["formats/flv/amf0.ts"],
  // Profiles of the program, and its debugger that must stay closed.
  "node:inspector": ["platform/profiler.ts", "platform/signals.ts"],
  // The free space of disks.
  "node:fs": ["platform/disk.ts"],
  // CPU time.
  "node:process": ["platform/process_figures.ts"],
  // Names of files as the system writes them.
  "node:path": ["platform"],
};

/** Tests that mirror no single file of `src`, and why. */
const TESTS_OF_THEIR_OWN: Readonly<Record<string, string>> = {
  "architecture_test.ts": "rules about all files",
  "docs_test.ts": "what is written about the project",
  "config/fuzz_test.ts": "every parser of the folder",
  "http/http1/connection_limits_test.ts":
    "connection.ts with peers that wait, or take nothing",
  "http/http1/like_runtime_test.ts": "server.ts beside platform/http_server.ts",
  "formats/rtp/rtcp/compound_test.ts":
    "parse_compound.ts and serialize_compound.ts",
  "paths/path_reload_test.ts": "path_manager.ts under a new configuration",
  "platform/tcp_listener_test.ts": "the listener of tcp.ts",
  "protocols/rtsp/kick_test.ts":
    "session.ts and connection.ts when the operator ends them",
  "protocols/rtmp/enhanced_connection_test.ts":
    "connection.ts with clients of enhanced RTMP",
  "protocols/rtmp/multitrack_ingest_test.ts":
    "ingest.ts with publishers of several tracks of a kind",
  "protocols/rtmp/encoders_test.ts":
    "connection.ts with what encoders do in their own way",
};

/** Folders of tests that are about the whole program. */
const TEST_FOLDERS_OF_THEIR_OWN = [
  "bench",
  "conformance",
  "fuzz",
  "helpers",
  "interop",
];

interface SourceFile {
  /** Below `src`, or `main.ts`. */
  readonly path: string;
  readonly text: string;
  /** Without comments and the content of strings. */
  readonly code: string;
  readonly lineCount: number;
  /** What it imports, as it is written. */
  readonly specifiers: readonly string[];
}

const FILES: readonly SourceFile[] = [
  ...globSync("src/**/*.ts", { cwd: ROOT }).sort().map((path) =>
    readSource(path, path.slice("src/".length))
  ),
  readSource("main.ts", "main.ts"),
];

function readSource(file: string, path: string): SourceFile {
  const text = readFileSync(`${ROOT}/${file}`, "utf8");
  const specifiers = [
    ...text.matchAll(
      /^(?:import|export)\b[^;"]*?\bfrom\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\(\s*"([^"]+)"/gm,
    ),
  ].map((match) => match[1] ?? match[2] ?? match[3]!);
  return {
    path,
    text,
    code: withoutComments(text),
    lineCount: text.split("\n").length - 1,
    specifiers,
  };
}

function withoutComments(text: string): string {
  return text.replace(
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"/g,
    (part) => part.startsWith('"') ? '""' : "",
  );
}

/** Row of the table that a file falls under: the longest that fits. */
function folderOf(path: string): string {
  const rows = Object.keys(IMPORTS).filter((row) => isWithin(path, row));
  return rows.sort((a, b) => b.length - a.length)[0] ?? "";
}

/** Whether `path` is this file or below this folder; `*` stands for one name. */
function isWithin(path: string, pattern: string): boolean {
  const parts = path.split("/");
  return pattern.split("/").every((wanted, i) =>
    new RegExp(`^${wanted.replaceAll(".", "\\.").replaceAll("*", "[^/]+")}$`)
      .test(parts[i] ?? "")
  );
}

/** Path below `src` that a specifier means; undefined for libraries. */
function targetOf(specifier: string, from: string): string | undefined {
  if (specifier === "#server") return "server.ts";
  if (specifier.startsWith("#")) return specifier.slice(1);
  if (!specifier.startsWith(".")) return undefined;
  const target = posix.join(dirname(from), specifier);
  return from === "main.ts" ? target.replace(/^src\//, "") : target;
}

/** Why a file may not import another one. */
function importFault(from: string, target: string): string | undefined {
  const row = folderOf(from);
  if (row === "") return "its folder is in no row of the table";
  const protocol = /^protocols\/[^/]+/;
  const ownProtocol = protocol.exec(from)?.[0];
  if (isWithin(target, "protocols/*/mod.ts") && from !== "server.ts") {
    return "only server.ts may import a mod.ts";
  }
  if (protocol.test(target) && ownProtocol !== undefined) {
    if (protocol.exec(target)![0] !== ownProtocol) {
      return "it is another protocol's";
    }
    if (!row.endsWith("/wire") && !row.endsWith("/engine")) return undefined;
  }
  if (folderOf(target) === row && row !== "protocols/*") return undefined;
  const isAllowed = IMPORTS[row]!.some((one) => isWithin(target, one));
  return isAllowed ? undefined : `${row} may not`;
}

/** Every line of a file's code that a pattern fits, as `path:line`. */
function linesWith(file: SourceFile, text: string, pattern: RegExp): string[] {
  return text.split("\n").flatMap((line, i) =>
    pattern.test(line) ? [`${file.path}:${i + 1}: ${line.trim()}`] : []
  );
}

Deno.test("src imports only what the table of folders allows", () => {
  const faults = FILES.flatMap((file) =>
    file.specifiers.flatMap((specifier) => {
      const target = targetOf(specifier, file.path);
      if (target === undefined) return [];
      const fault = importFault(file.path, target);
      return fault ? [`${file.path} imports ${specifier}: ${fault}`] : [];
    })
  );
  assertEquals(faults, []);
});

Deno.test("the table of folders catches what is forbidden", () => {
  const forbidden = [
    ["base/errors.ts", "core/unit.ts"],
    ["codecs/codec.ts", "core/unit.ts"],
    ["core/stream.ts", "platform/tcp.ts"],
    ["formats/rtp/rtp_clock.ts", "core/stream.ts"],
    ["protocols/rtsp/session.ts", "protocols/rtmp/ingest.ts"],
    ["protocols/rtsp/session.ts", "paths/path_manager.ts"],
    ["protocols/rtsp/wire/request.ts", "core/track.ts"],
    ["protocols/rtsp/wire/request.ts", "protocols/rtsp/errors.ts"],
    ["protocols/rtsp/session.ts", "protocols/rtsp/mod.ts"],
    ["paths/path.ts", "auth/authenticator.ts"],
    ["config/build.ts", "paths/path.ts"],
    ["server.ts", "protocols/rtsp/session.ts"],
    ["main.ts", "server.ts"],
    ["elsewhere/file.ts", "base/errors.ts"],
  ] as const;
  for (const [from, target] of forbidden) {
    assert(
      importFault(from, target) !== undefined,
      `${from} could import ${target}`,
    );
  }
});

Deno.test("src uses each library only where the table of libraries allows it", () => {
  const faults = FILES.flatMap((file) =>
    file.specifiers.flatMap((specifier) => {
      if (targetOf(specifier, file.path) !== undefined) return [];
      const library = Object.keys(LIBRARIES).find((name) =>
        specifier === name || specifier.startsWith(`${name}/`)
      );
      const places = library === undefined ? [] : LIBRARIES[library]!;
      return places.some((place) => isWithin(file.path, place))
        ? []
        : [`${file.path} imports ${specifier}`];
    })
  );
  assertEquals(faults, []);
});

Deno.test("src crosses folders by alias, never by ../", () => {
  const faults = FILES.flatMap((file) =>
    file.specifiers.filter((one) => one.includes("../"))
      .map((one) => `${file.path} imports ${one}`)
  );
  assertEquals(faults, []);
});

Deno.test("a config.ts imports from base only", () => {
  const faults = FILES.filter(({ path }) =>
    /^(protocols\/)?[a-z]+\/config\.ts$/.test(path)
  )
    .flatMap((file) =>
      file.specifiers.filter((one) => !one.startsWith("#base/"))
        .map((one) => `${file.path} imports ${one}`)
    );
  assertEquals(faults, []);
});

Deno.test("a mod.ts is the face of a protocol or a service", () => {
  const paths = FILES.map(({ path }) => path)
    .filter((path) => path.endsWith("mod.ts"));
  const faults = paths.filter((path) =>
    !/^(protocols\/[a-z]+|api|metrics|profiling|recording\/playback)\/mod\.ts$/
      .test(path)
  );
  assertEquals(faults, []);
});

/** What the code of `src` must not say, and where it may. */
const FORBIDDEN: readonly {
  readonly what: string;
  readonly pattern: RegExp;
  readonly allowed?: string;
}[] = [
  {
    what: "Deno.* outside platform",
    pattern: /\bDeno\s*\./,
    allowed: "platform",
  },
  { what: "a default export", pattern: /^export default\b/ },
  {
    what: "an enum",
    pattern: /^\s*(export\s+)?(declare\s+)?(const\s+)?enum\s/,
  },
  {
    what: "a namespace",
    pattern: /^\s*(export\s+)?(declare\s+)?(namespace|module)\s+\w+\s*\{/,
  },
  {
    what: "console",
    pattern: /\bconsole\s*[.[]/,
    // From there the runtime exports it.
    allowed: "platform/telemetry.ts",
  },
  { what: "Buffer", pattern: /\bBuffer\b/, allowed: "formats/flv/amf0.ts" },
];

for (const { what, pattern, allowed } of FORBIDDEN) {
  Deno.test(`src has not: ${what}`, () => {
    const faults = FILES
      .filter(({ path }) => allowed === undefined || !isWithin(path, allowed))
      .flatMap((file) => linesWith(file, file.code, pattern));
    assertEquals(faults, []);
  });
}

Deno.test("src leaves nothing for later", () => {
  const later = /\b(TODO|FIXME|XXX)\b/;
  assertEquals(
    FILES.flatMap((file) => linesWith(file, file.text, later)),
    [],
  );
});

Deno.test("every exported symbol of src has a docstring", () => {
  const symbol =
    /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type)\s+(\w+)/;
  const faults = FILES.flatMap(({ path, text }) => {
    const lines = text.split("\n");
    return lines.flatMap((line, i) => {
      const name = symbol.exec(line)?.[1];
      if (name === undefined) return [];
      let above = i - 1;
      while (lines[above]?.startsWith("// deno-lint-ignore")) above--;
      return lines[above]?.endsWith("*/") ? [] : [`${path}:${i + 1}: ${name}`];
    });
  });
  assertEquals(faults, []);
});

Deno.test("no file is too long", () => {
  const tests = globSync("tests/**/*.ts", { cwd: ROOT }).map((path) => ({
    path,
    lineCount: readFileSync(`${ROOT}/${path}`, "utf8").split("\n").length - 1,
  }));
  const faults = [...FILES, ...tests]
    .filter(({ path, lineCount }) =>
      lineCount > MAX_FILE_LINES && LONG_FILES[path] === undefined
    )
    .map(({ path, lineCount }) => `${path}: ${lineCount} lines`);
  assertEquals(faults, []);
});

Deno.test("core stays small", () => {
  const lines = FILES.filter(({ path }) => isWithin(path, "core"))
    .reduce((sum, { lineCount }) => sum + lineCount, 0);
  assert(lines < MAX_CORE_LINES, `core has ${lines} lines`);
});

Deno.test("tests mirror src", () => {
  const paths = new Set(FILES.map(({ path }) => path));
  const tests = globSync("tests/**/*_test.ts", { cwd: ROOT })
    .map((path) => path.slice("tests/".length));
  const faults = tests.filter((path) =>
    !TEST_FOLDERS_OF_THEIR_OWN.includes(path.split("/")[0]!) &&
    TESTS_OF_THEIR_OWN[path] === undefined &&
    !paths.has(path.replace(/_test\.ts$/, ".ts"))
  );
  assertEquals(faults, []);
});

Deno.test("the lists of exceptions name files that are there", () => {
  const missing = [
    ...Object.keys(LONG_FILES).map((path) => `src/${path}`),
    ...Object.keys(TESTS_OF_THEIR_OWN).map((path) => `tests/${path}`),
  ].filter((path) => globSync(path, { cwd: ROOT }).length === 0);
  assertEquals(missing, []);
});
