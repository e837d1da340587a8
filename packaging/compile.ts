import tls from "node:tls";

/**
 * Makes the executable: bundles the program, writes version and commit in, compiles the bundle.
 *
 * The bundle is compiled instead of the sources, because the compiler embeds every package of the lock file, those of
 * the tests included, and loads them one by one.
 *
 * Usage: `deno task compile [--target TRIPLE] [--output FILE]`. The base binary is the runtime's own download, or the
 * file named by `DENORT_BIN`.
 */

/** Media bytes are freed by small collections: with a large young generation, they pile up between them. */
const V8_FLAGS = "--v8-flags=--max-semi-space-size=2";

const PERMISSIONS = [
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-ffi",
  // Commands of the configuration (runOn...).
  "--allow-run",
  // Profiles, the free space of disks, and certificates that the system trusts: before Deno 2.8 there is no such right, and no way to them.
  "getCACertificates" in tls
    ? "--allow-sys=inspector,statfs,ca"
    : "--allow-sys=inspector,statfs",
];

/** With `OTEL_DENO=true` beside it the executable exports telemetry: that cannot be switched on or off when it runs. */
const COMPILER_ENVIRONMENT = { OTEL_DENO_CONSOLE: "replace" };

const BUNDLE_FOLDER = "dist/bundle";

/** Threads of the program: each is a bundle beside that of the program. */
const WORKERS = ["src/auth/argon2_worker.ts"];

/** Files that the program reads: they lie beside the bundle. */
const ASSETS = ["src/sources/file/test_clip.mp4"];

async function main(args: readonly string[]): Promise<void> {
  const target = option(args, "--target");
  const output = option(args, "--output") ??
    `dist/weir${target?.includes("windows") ? ".exe" : ""}`;
  await Deno.mkdir(BUNDLE_FOLDER, { recursive: true });
  const bundle = `${BUNDLE_FOLDER}/weir.js`;
  await bundleTo(bundle, "main.ts");
  for (const worker of WORKERS) {
    await bundleTo(`${BUNDLE_FOLDER}/${bundledName(worker)}`, worker);
  }
  for (const asset of ASSETS) {
    await Deno.copyFile(asset, `${BUNDLE_FOLDER}/${bundledName(asset)}`);
  }
  await writeBuildInfo(bundle);
  const settings = JSON.stringify({ unstable: ["net"] });
  await Deno.writeTextFile(`${BUNDLE_FOLDER}/deno.json`, settings);
  await run([
    "compile",
    "--no-check",
    V8_FLAGS,
    ...PERMISSIONS,
    ...target === undefined ? [] : ["--target", target],
    ...[...WORKERS, ...ASSETS].flatMap((file) => [
      "--include",
      bundledName(file),
    ]),
    "--output",
    `${Deno.cwd()}/${output}`,
    "weir.js",
  ], BUNDLE_FOLDER);
  if (target === undefined) await tryOut(output);
  const { size } = await Deno.stat(output);
  print(Deno.stdout, `${output}: ${Math.round(size / 1e6)} MB`);
}

function bundledName(file: string): string {
  return file.slice(file.lastIndexOf("/") + 1).replace(/\.ts$/, ".js");
}

async function bundleTo(output: string, entry: string): Promise<void> {
  await run(["bundle", "--platform", "deno", "--output", output, entry]);
}

function option(args: readonly string[], name: string): string | undefined {
  const at = args.indexOf(name);
  if (at < 0) return undefined;
  const value = args[at + 1];
  if (value === undefined) fail(`${name} needs a value`);
  return value;
}

async function writeBuildInfo(bundle: string): Promise<void> {
  const head = await new Deno.Command("git", {
    args: ["rev-parse", "--short=12", "HEAD"],
    stderr: "null",
  }).output().catch(() => undefined);
  const commit = head?.success
    ? new TextDecoder().decode(head.stdout).trim()
    : "unknown";
  const text = await Deno.readTextFile(bundle);
  const marked = text.replace('"unreleased"', JSON.stringify(commit));
  if (marked === text) fail("the bundle has no place for the commit");
  await Deno.writeTextFile(bundle, marked);
}

/** A base binary of another version than the compiler gives a file that does not start. */
async function tryOut(output: string): Promise<void> {
  const { success } = await new Deno.Command(`./${output}`, {
    args: ["--version"],
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (success) return;
  await Deno.remove(output);
  const base = Deno.env.get("DENORT_BIN");
  fail(
    base === undefined
      ? "the executable does not start"
      : `the executable does not start: is the base binary ${base} one of Deno ${Deno.version.deno}? Compile with the Deno version of the base binary`,
  );
}

async function run(args: string[], cwd = "."): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: COMPILER_ENVIRONMENT,
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (!success) fail(`deno ${args[0]} failed`);
}

function fail(message: string): never {
  print(Deno.stderr, `Cannot compile: ${message}`);
  Deno.exit(1);
}

function print(to: typeof Deno.stdout, line: string): void {
  to.writeSync(new TextEncoder().encode(`${line}\n`));
}

await main(Deno.args);
