import { toPlatformError } from "./errors.ts";

/** How a program has ended. */
export interface ProcessEnd {
  /** Exit code; of one that a signal ended, what a shell would say. */
  readonly code: number;
}

/** A program that was started. */
export interface RunningProgram {
  readonly pid: number;
  readonly ended: Promise<ProcessEnd>;
  /** Asks it and its children to end. Harmless when it has. */
  interrupt(): void;
}

/** What to start. */
export interface ProgramOptions {
  /** Looked up on `PATH` if it is a name alone. */
  readonly program: string;
  readonly args: readonly string[];
  /** Added to the environment of this process. */
  readonly environment: Readonly<Record<string, string>>;
  /** Windows: the arguments are the end of a command line as it is. */
  readonly isRaw?: boolean;
}

/** Commands that begin with this are given to the system's own shell as they are. */
export const HAS_COMMAND_SHELL: boolean = Deno.build.os === "windows";

/**
 * Starts a program in a group of its own; what it writes goes where this process writes.
 *
 * @throws {PlatformError} if it cannot be found or started.
 */
export function startProgram(options: ProgramOptions): RunningProgram {
  const { program, args, environment, isRaw = false } = options;
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, {
      args: [...args],
      env: { ...environment },
      stdin: "null",
      stdout: "inherit",
      stderr: "inherit",
      detached: true,
      windowsRawArguments: isRaw,
    }).spawn();
  } catch (error) {
    throw toPlatformError(error, `start ${program}`);
  }
  return {
    pid: child.pid,
    ended: child.status.then(({ code }) => ({ code })),
    interrupt: () => interrupt(child),
  };
}

/** The whole group where there are groups, the program alone elsewhere. */
function interrupt(child: Deno.ChildProcess): void {
  try {
    if (Deno.build.os === "windows") child.kill("SIGKILL");
    else Deno.kill(-child.pid, "SIGINT");
  } catch {
    // It has ended by itself meanwhile.
  }
}
