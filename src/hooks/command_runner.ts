import type { Clock } from "#base/clock.ts";
import { errorText } from "#base/errors.ts";
import type { Logger } from "#base/log.ts";
import { environment as systemEnvironment } from "#platform/env.ts";
import {
  HAS_COMMAND_SHELL,
  type ProgramOptions,
  type RunningProgram,
  startProgram,
} from "#platform/process.ts";
import { expandVariables, splitCommandLine } from "./command_line.ts";

/** Pause before a command that has ended is run again. */
const RESTART_PAUSE_MS = 5_000;

/** A command of the user and what it is told. */
export interface CommandOptions {
  /** Key of the configuration, for the log. */
  readonly name: string;
  /** Command line. */
  readonly command: string;
  /** Variables, over those of this process. */
  readonly variables: Readonly<Record<string, string>>;
  /** Logger of whoever it belongs to. */
  readonly logger: Logger;
}

/** A command that runs until it is stopped. */
export interface RunningCommand {
  /** Asks it to end; nobody waits for it. `reason` stands behind the line that says so. */
  stop(reason?: string): void;
}

/** Runs commands of the user, and waits for all of them at the end. */
export class CommandRunner implements AsyncDisposable {
  #clock: Clock;
  #running = new Set<Promise<void>>();

  /** Starts nothing yet. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs a command until it is stopped; with `restart` again and again, whatever its exit code. */
  start(
    options: CommandOptions & { readonly restart: boolean },
  ): RunningCommand {
    const { name, logger } = options;
    const command = new Command(options, this.#clock);
    logger.info(`${name} command started`);
    this.#keep(command.run());
    return {
      stop: (reason) => {
        if (command.isStopped) return;
        command.stop();
        const suffix = reason === undefined ? "" : `: ${reason}`;
        logger.info(`${name} command stopped${suffix}`);
      },
    };
  }

  /** Runs a command once; how it ends is its own business. */
  launch(options: CommandOptions): void {
    const { name, logger } = options;
    logger.info(`${name} command launched`);
    try {
      this.#keep(startCommand(options)?.ended.then(() => {}));
    } catch (error) {
      logger.info(`${name} command exited: ${errorText(error)}`);
    }
  }

  /** Commands that have not ended yet. */
  get runningCount(): number {
    return this.#running.size;
  }

  /** Waits until every command has ended; whoever started one stops it before. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running);
  }

  #keep(ended: Promise<void> | undefined): void {
    if (!ended) return;
    const kept = ended.finally(() => this.#running.delete(kept));
    this.#running.add(kept);
  }
}

/** One command from its start to its end, over any number of runs. */
class Command {
  isStopped = false;
  #options: CommandOptions & { readonly restart: boolean };
  #clock: Clock;
  #program: RunningProgram | undefined;
  #endPause: () => void = () => {};

  constructor(
    options: CommandOptions & { readonly restart: boolean },
    clock: Clock,
  ) {
    this.#options = options;
    this.#clock = clock;
  }

  async run(): Promise<void> {
    const { name, restart, logger } = this.#options;
    do {
      const end = await this.#runOnce();
      if (this.isStopped || end === undefined) return;
      if (restart || end !== "code 0") {
        logger.info(`${name} command exited: ${end}`);
      }
      if (!restart) return;
      await this.#pause();
    } while (!this.isStopped);
  }

  stop(): void {
    this.isStopped = true;
    this.#program?.interrupt();
    this.#endPause();
  }

  /** How it ended; undefined if there was nothing to run. */
  async #runOnce(): Promise<string | undefined> {
    try {
      this.#program = startCommand(this.#options);
      if (!this.#program) return undefined;
      const { code } = await this.#program.ended;
      return `code ${code}`;
    } catch (error) {
      return errorText(error);
    } finally {
      this.#program = undefined;
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(RESTART_PAUSE_MS, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
  }
}

/** Undefined if the command line is blank. @throws {Error} if it cannot be read or started. */
function startCommand(
  { command, variables }: CommandOptions,
): RunningProgram | undefined {
  const inherited = systemEnvironment();
  const valueOf = (name: string) => variables[name] ?? inherited[name];
  const program = programOf(command, valueOf);
  return program && startProgram({ ...program, environment: variables });
}

function programOf(
  command: string,
  valueOf: (name: string) => string | undefined,
): Omit<ProgramOptions, "environment"> | undefined {
  const [, shell, rest] = /^(cmd(?:\.exe)?) (.*)$/s.exec(command) ?? [];
  if (HAS_COMMAND_SHELL && shell !== undefined) {
    const args = [expandVariables(rest!, valueOf)];
    return { program: shell, args, isRaw: true };
  }
  const words = splitCommandLine(command);
  const [program, ...args] = words.map((word) =>
    expandVariables(word, valueOf)
  );
  return program === undefined ? undefined : { program, args };
}
