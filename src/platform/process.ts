import { toPlatformError } from "./errors.ts";

/** How a program has ended. */
export interface ProcessEnd {
  /** Exit code; of one that a signal ended, what a shell would say. */
  readonly code: number;
}

/** A program that was started, in a group of its own with all that it starts. */
export interface RunningProgram {
  readonly pid: number;
  readonly ended: Promise<ProcessEnd>;
  /** Asks the whole group to end. Harmless when it has. */
  interrupt(): void;
  /** Asks what the program has left behind in its group to end; false if there is nothing. */
  terminateRest(): boolean;
  /** Ends the whole group at once. Harmless when it has. */
  kill(): void;
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

/** A signal reaches a program together with all that it has started. */
const HAS_GROUPS = Deno.build.os !== "windows";

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
    interrupt: () => void (HAS_GROUPS ? signal(child, "SIGINT") : cut(child)),
    terminateRest: () => HAS_GROUPS && signal(child, "SIGTERM"),
    kill: () => void (HAS_GROUPS ? signal(child, "SIGKILL") : cut(child)),
  };
}

/** Command line that ends a program and all that it has started where there are no groups: Windows. */
export function treeKillCommand(pid: number): readonly string[] {
  return ["taskkill", "/T", "/F", "/PID", String(pid)];
}

/** Signals the whole group; false if nobody is left in it. */
function signal(child: Deno.ChildProcess, name: Deno.Signal): boolean {
  try {
    Deno.kill(-child.pid, name);
    return true;
  } catch {
    return false; // it has ended by itself meanwhile
  }
}

function cut(child: Deno.ChildProcess): void {
  const [program, ...args] = treeKillCommand(child.pid);
  try {
    new Deno.Command(program!, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  } catch {
    killAlone(child); // the system's program cannot be started
  }
}

function killAlone(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended by itself meanwhile.
  }
}
