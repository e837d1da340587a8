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
import { StartPace } from "./start_pace.ts";

/** Pause before a command that has ended is run again. */
const RESTART_PAUSE_MS = 5_000;

/** What a stopped command has left behind has this long to end by itself. */
const REST_PATIENCE_MS = 2_000;

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

/** How a hook has ended. */
export interface HookEnd {
  /** Key of the configuration. */
  readonly name: string;
  readonly isFailure: boolean;
  /** `"code 1"`, or why it could not be started or sent. */
  readonly reason: string;
}

/** Runs commands of the user, and waits for all of them at the end. */
export class CommandRunner implements AsyncDisposable {
  #clock: Clock;
  #onEnd: (end: HookEnd) => void;
  #pace: StartPace;
  #running = new Map<Command, Promise<void>>();
  #isCut = false;

  /** Starts nothing yet; `onEnd` hears of every run that was not cut off. */
  constructor(clock: Clock, onEnd: (end: HookEnd) => void = () => {}) {
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#pace = new StartPace(clock);
  }

  /** Runs a command until it is stopped; with `restart` again and again, whatever its exit code. */
  start(
    options: CommandOptions & { readonly restart: boolean },
  ): RunningCommand {
    if (this.#isCut) return { stop: () => {} };
    const { name, logger } = options;
    logger.info(`${name} command started`);
    const command = this.#run(options, options.restart);
    return {
      stop: (reason) => {
        if (command.isStopped) return;
        command.stop();
        const suffix = reason === undefined ? "" : `: ${reason}`;
        logger.info(`${name} command stopped${suffix}`);
      },
    };
  }

  /** Runs a command once, to its own end. */
  launch(options: CommandOptions): void {
    if (this.#isCut) return;
    options.logger.info(`${options.name} command launched`);
    this.#run(options, false);
  }

  /** Commands that have not ended yet. */
  get runningCount(): number {
    return this.#running.size;
  }

  /** Ends whatever runs at once, groups as a whole, and starts nothing any more; answers the keys of what had to go. */
  cut(): string[] {
    this.#isCut = true;
    const commands = [...this.#running.keys()];
    for (const command of commands) command.cut();
    return commands.map(({ name }) => name);
  }

  /** Waits until every command has ended; whoever started one stops it before. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.values());
    await this.#pace.idle;
  }

  #run(options: CommandOptions, restart: boolean): Command {
    const command = new Command(options, restart, {
      clock: this.#clock,
      pace: this.#pace,
      onEnd: this.#onEnd,
    });
    const ended = command.run().finally(() => this.#running.delete(command));
    this.#running.set(command, ended);
    return command;
  }
}

/** What every command shares with its runner. */
interface CommandPorts {
  readonly clock: Clock;
  readonly pace: StartPace;
  readonly onEnd: (end: HookEnd) => void;
}

/** One command from its start to its end, over any number of runs. */
class Command {
  isStopped = false;
  #options: CommandOptions;
  #restart: boolean;
  #ports: CommandPorts;
  #isCut = false;
  #program: RunningProgram | undefined;
  #endPause: () => void = () => {};

  constructor(options: CommandOptions, restart: boolean, ports: CommandPorts) {
    this.#options = options;
    this.#restart = restart;
    this.#ports = ports;
  }

  get name(): string {
    return this.#options.name;
  }

  async run(): Promise<void> {
    while (await this.#runOnce() && this.#restart && !this.isStopped) {
      await this.#pause(RESTART_PAUSE_MS);
      if (this.isStopped) return;
    }
  }

  stop(): void {
    this.isStopped = true;
    this.#program?.interrupt();
    this.#endPause();
  }

  cut(): void {
    this.isStopped = true;
    this.#isCut = true;
    this.#program?.kill();
    this.#endPause();
  }

  /** False if there is nothing to run. */
  async #runOnce(): Promise<boolean> {
    try {
      const line = programOf(this.#options.command, this.#valueOf());
      if (!line) return false;
      await this.#ports.pace.turn(() => {
        if (!this.isStopped) this.#program = this.#startProgram(line);
      });
      if (!this.#program) return false;
      const { code } = await this.#program.ended;
      if (this.isStopped) await this.#endRest(this.#program);
      this.#tellEnd(code !== 0, `code ${code}`);
    } catch (error) {
      this.#tellEnd(true, errorText(error));
    } finally {
      this.#program = undefined;
    }
    return true;
  }

  #startProgram(line: Omit<ProgramOptions, "environment">): RunningProgram {
    const { variables } = this.#options;
    return startProgram({ ...line, environment: variables });
  }

  #valueOf(): (name: string) => string | undefined {
    const { variables } = this.#options;
    const inherited = systemEnvironment();
    return (name) => variables[name] ?? inherited[name];
  }

  /** A command that was stopped has done what it was there for. */
  #tellEnd(isFailure: boolean, reason: string): void {
    if (this.#isCut) return;
    const { name, logger } = this.#options;
    if (this.isStopped) {
      return this.#ports.onEnd({ name, isFailure: false, reason: "stopped" });
    }
    if (isFailure || this.#restart) {
      logger.info(`${name} command exited: ${reason}`);
    }
    this.#ports.onEnd({ name, isFailure, reason });
  }

  /** Shells let what they run in the background ignore the first signal. */
  async #endRest(program: RunningProgram): Promise<void> {
    if (this.#isCut || !program.terminateRest()) return;
    await this.#pause(REST_PATIENCE_MS);
    program.kill();
  }

  #pause(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#ports.clock.after(durationMs, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
  }
}

/** Undefined if the command line is blank. @throws {SyntaxError} if it cannot be read. */
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
