import { BUILD_INFO } from "#base/build_info.ts";
import { systemClock } from "#base/clock.ts";
import { standardOutput } from "#platform/terminal.ts";
import { checkCommand } from "./check.ts";
import { DEMO_USAGE, demoCommand } from "./demo.ts";
import { HEALTHCHECK_USAGE, healthcheckCommand } from "./healthcheck.ts";
import { runCommand } from "./run.ts";
import { SIGN_USAGE, signCommand } from "./sign.ts";

/** Exit code of a command line that cannot be understood. */
const EXIT_USAGE = 80;

const USAGE = `weir: a live media server

usage:
  weir [config files]       run the server
  weir check [--print] [config files]
                            say what is wrong with a configuration, or print it with
                            the origin of every value
  ${DEMO_USAGE}                 run it with a clip to look at, on defaults
  ${HEALTHCHECK_USAGE}
                            say whether the server that runs on them is ready
  ${SIGN_USAGE}
                            sign the URL of a path with authSignSecret

options:
  --help, -h                print this text
  --version                 print the version

Of several files the later ones count. Without a file, weir.yml is looked for in
this folder, then mediamtx.yml and the system's folders; without any, everybody
may publish and read every path.`;

/**
 * Does what the command line says.
 *
 * Output: exit code.
 */
export async function main(args: readonly string[]): Promise<number> {
  const write = standardOutput.write;
  if (args.includes("--help") || args.includes("-h")) {
    write(USAGE);
    return 0;
  }
  if (args.includes("--version")) {
    write(`${BUILD_INFO.version} (${BUILD_INFO.commit})`);
    return 0;
  }
  if (args[0] === "demo" && args.length === 1) return await demoCommand();
  if (args[0] === "healthcheck") {
    return await healthcheckCommand(args.slice(1), { write });
  }
  if (args[0] === "sign") {
    return await signCommand(args.slice(1), { write, clock: systemClock });
  }
  const isCheck = args[0] === "check";
  const isPrinted = isCheck && args.includes("--print");
  const files = isCheck
    ? args.slice(1).filter((arg) => arg !== "--print")
    : args;
  const unknown = files.find((arg) => arg.startsWith("-"));
  if (unknown !== undefined) {
    write(USAGE);
    write(`\nERR: unexpected argument "${unknown}"`);
    return EXIT_USAGE;
  }
  return isCheck
    ? await checkCommand({ files, isPrinted, write })
    : await runCommand(files);
}
