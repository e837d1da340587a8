import { BUILD_INFO } from "#base/build_info.ts";
import { standardOutput } from "#platform/terminal.ts";
import { checkCommand } from "./check.ts";
import { runCommand } from "./run.ts";

/** Exit code of a command line that cannot be understood. */
const EXIT_USAGE = 80;

const USAGE = `weir: a live media server

usage:
  weir [config file]        run the server
  weir check [config file]  say what is wrong with a configuration

options:
  --help, -h                print this text
  --version                 print the version

Without a file, weir.yml is looked for in this folder, then mediamtx.yml and the
system's folders; without any, everybody may publish and read every path.`;

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
  const isCheck = args[0] === "check";
  const files = isCheck ? args.slice(1) : args;
  const unknown = files.find((arg) => arg.startsWith("-")) ?? files[1];
  if (unknown !== undefined) {
    write(USAGE);
    write(`\nERR: unexpected argument "${unknown}"`);
    return EXIT_USAGE;
  }
  return isCheck
    ? await checkCommand(files[0], write)
    : await runCommand(files[0]);
}
