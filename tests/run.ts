import { existsSync, globSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  addTestCounts,
  countJunitTests,
  type TestCounts,
} from "#test/junit.ts";
import { DEBIAN_PACKAGES, findExecutable, programs } from "#test/programs.ts";

/** Root of the project; every run starts there. */
const ROOT = fileURLToPath(new URL("..", import.meta.url));

const INTEROP_FOLDER = "tests/interop";

/** Interop tests that load the machine or measure what it does: nothing runs beside them. All others mostly wait. */
const ALONE = [
  "auth_flood_test.ts",
  "endurance_test.ts",
  "hostile_rtmp_test.ts",
  "hostile_rtsp_test.ts",
  "late_join_test.ts",
  "observed_test.ts",
  "shutdown_test.ts",
  "stalled_readers_test.ts",
  "web_latency_test.ts",
].map((name) => `${INTEROP_FOLDER}/${name}`);

/** Tests that take long and look at the time that something takes: with the argument `quick` they are left out. */
const SLOW_FOLDERS = ["tests/bench", "tests/fuzz"];

/** Unit tests share so many isolates: a file of its own would load for long what the next one needs, too. */
const ISOLATES = 8;

/** Isolates at the same time: tests wait about half of the time. */
const UNIT_JOBS = 2 * navigator.hardwareConcurrency;

/** Of all others so many files run at the same time: each has processes of its own. */
const JOBS = 2;

/** Tests use devices and look at other processes: the runtime lets nobody do that who may not do everything. */
const PERMISSIONS = ["--no-prompt", "--allow-all"];

/** Runs the unit tests, then the interop tests; arguments go to `deno test`. */
async function main(args: readonly string[]): Promise<number> {
  Deno.chdir(ROOT);
  const isQuick = args[0] === "quick";
  const given = isQuick ? args.slice(1) : args;
  const paths = given.filter((arg) => existsSync(arg));
  const flags = given.filter((arg) => !paths.includes(arg));
  const counts: TestCounts[] = [];
  if (isQuick) {
    counts.push(await runUnitTests(["--quiet", ...flags]));
  } else if (paths.length === 0) {
    counts.push(await runUnitTests(flags));
    counts.push(await runTests(["--no-check", ...flags, ...SLOW_FOLDERS]));
    await preparePrograms();
    const alone = `--ignore=${ALONE.join(",")}`;
    counts.push(
      await runTests(["--parallel", alone, ...flags, INTEROP_FOLDER], JOBS),
    );
    counts.push(await runTests([...flags, ...ALONE]));
  } else {
    if (paths.some((path) => path.includes(INTEROP_FOLDER))) {
      await preparePrograms();
    }
    counts.push(await runTests([...flags, ...paths]));
  }
  const { passed, failed, skipped } = addTestCounts(counts);
  print(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

/** Runs all tests but those that need other programs, and the slow ones. */
async function runUnitTests(flags: readonly string[]): Promise<TestCounts> {
  const folders = [INTEROP_FOLDER, ...SLOW_FOLDERS];
  const files = globSync("tests/**/*_test.ts")
    .filter((file) => !folders.some((one) => file.startsWith(one)))
    .sort();
  const folder = await Deno.makeTempDir({ prefix: "weir_unit_tests_" });
  try {
    for (let i = 0; i < ISOLATES; i++) {
      const imports = files.filter((_, n) => n % ISOLATES === i)
        .map((file) => `import "${pathToFileURL(join(ROOT, file))}";\n`);
      await Deno.writeTextFile(join(folder, `${i}_test.ts`), imports.join(""));
    }
    const args = ["--no-check", "--parallel", "--config=deno.json"];
    return await runTests([...args, ...flags, folder], UNIT_JOBS);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Runs `deno test`. What its report does not name, such as a file that cannot
 * be loaded, counts as one failure.
 */
async function runTests(
  args: readonly string[],
  jobs?: number,
): Promise<TestCounts> {
  const folder = await Deno.makeTempDir({ prefix: "weir_test_report_" });
  try {
    const report = join(folder, "report.xml");
    const status = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["test", "--permit-no-files", `--junit-path=${report}`],
        ...PERMISSIONS,
        ...args,
      ],
      env: jobs === undefined ? {} : { DENO_JOBS: `${jobs}` },
    }).spawn().status;
    const counts = existsSync(report)
      ? countJunitTests(await Deno.readTextFile(report))
      : { passed: 0, failed: 0, skipped: 0 };
    const hasUnnamedFailure = !status.success && counts.failed === 0;
    return hasUnnamedFailure ? { ...counts, failed: 1 } : counts;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Installs missing programs where that is possible, and says what is still missing. */
async function preparePrograms(): Promise<void> {
  const isWanting = programs.missing().some((name) => name !== "versitygw");
  if (isWanting && canInstall()) {
    await aptGet(["update"]);
    const options = ["--yes", "--no-install-recommends", "--no-upgrade"];
    await aptGet(["install", ...options, ...DEBIAN_PACKAGES]);
    programs.forget();
  }
  const missing = programs.missing();
  if (missing.length > 0) {
    print(`Missing programs: ${missing.join(", ")}`);
  }
}

function canInstall(): boolean {
  return Deno.uid() === 0 && existsSync("/etc/debian_version") &&
    findExecutable("apt-get") !== undefined;
}

async function aptGet(args: readonly string[]): Promise<void> {
  const status = await new Deno.Command("apt-get", {
    args: ["--quiet", ...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
  }).spawn().status;
  if (!status.success) print(`apt-get ${args[0]} failed: code ${status.code}`);
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

Deno.exit(await main(Deno.args));
