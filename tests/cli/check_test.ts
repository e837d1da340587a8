import { checkCommand } from "#cli/check.ts";
import { parseYamlConfig } from "#config/yaml.ts";
import { assertEquals } from "#test/assert.ts";
import { withFiles } from "../config/files.ts";

Deno.test("checkCommand() tells everything that is wrong", async () => {
  const text =
    "rtmpAdress: :1935\nlogLevel: loud\npaths:\n  cam:\n    source: x\n";
  await withFiles({ "weir.yml": text }, async (path) => {
    const lines: string[] = [];
    const exitCode = await checkCommand({
      files: [path("weir.yml")],
      isPrinted: false,
      write: (line) => void lines.push(line),
    });
    const file = path("weir.yml");
    assertEquals(exitCode, 1);
    assertEquals(lines, [
      `Cannot use config key rtmpAdress: unknown, nearest: rtmpAddress (${file}:1:1)`,
      `Cannot use config key logLevel: invalid log level: 'loud' (${file}:2:1)`,
      `Cannot use config key paths.cam.source: invalid source: 'x' (${file}:5:5)`,
    ]);
  });
});

Deno.test("checkCommand() counts the paths of what is right", async () => {
  const text =
    "paths:\n  cam:\n    alwaysAvailable: no\n    playback: yes\n  all_others:\n";
  await withFiles({ "weir.yml": text }, async (path) => {
    const lines: string[] = [];
    const exitCode = await checkCommand({
      files: [path("weir.yml")],
      isPrinted: false,
      write: (line) => void lines.push(line),
    });
    assertEquals(exitCode, 0);
    assertEquals(lines, [
      `Warning: parameter 'playback' is deprecated and has no effect (${
        path("weir.yml")
      }:4:5)`,
      `OK: ${path("weir.yml")}, 2 paths`,
    ]);
  });
});

Deno.test("checkCommand() prints what several files come to", async () => {
  const texts = {
    "base.yml":
      "include: [more.yml]\nhlsCDNSecret: secret\npathDefaults: {maxReaders: 1}\n",
    "more.yml":
      "rtspDisable: no\npaths:\n  ~^x$: {source: 'rtsp://u:pw@h/x', sourceOnDemand: yes}\n",
    "prod.yml":
      "paths: {b: }\nauthInternalUsers:\n  - {user: a, pass: pw, permissions: [{action: read}]}\n  - {user: any}\n",
  };
  await withFiles(texts, async (path) => {
    const lines: string[] = [];
    const [base, more, prod] = Object.keys(texts).map(path);
    const exitCode = await checkCommand({
      files: [base!, prod!],
      isPrinted: true,
      write: (line) => {
        if (!line.includes("not in this build yet")) lines.push(line);
      },
    });
    assertEquals(exitCode, 0);
    assertEquals(lines.join("\n").split("\n"), [
      `# Warning: parameter 'rtspDisable' is deprecated and has been replaced with 'rtsp' (${more}:1:1)`,
      `# ${base}, ${prod}; keys that are not here have their defaults`,
      "authInternalUsers:",
      `  - user: a # ${prod}:3:6`,
      `    pass: "<redacted>" # ${prod}:3:15`,
      "    permissions:",
      `      - action: read # ${prod}:3:40`,
      `  - user: any # ${prod}:4:6`,
      `rtsp: yes # ${more}:1:1`,
      `hlsCDNSecret: "<redacted>" # ${base}:2:1`,
      "pathDefaults:",
      `  maxReaders: 1 # ${base}:3:16`,
      "paths:",
      `  b: {} # ${prod}:1:9`,
      '  "~^x$":',
      `    source: "rtsp://u:<redacted>@h/x" # ${more}:3:10`,
      `    sourceOnDemand: yes # ${more}:3:37`,
    ]);
    const { raw } = await parseYamlConfig(lines.join("\n"));
    assertEquals(Object.keys(raw["paths"] as object), ["b", "~^x$"]);
  });
});
