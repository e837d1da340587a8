/** How a child process is started. */
export interface ProcessOptions {
  readonly cwd?: string;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** User to run as; needs root. */
  readonly uid?: number;
  /** Group to run as; needs root. */
  readonly gid?: number;
  /** Keeps standard input open for {@linkcode RunningProcess.writeLine}. */
  readonly input?: boolean;
}

/** What a program that ran to its end left behind. */
export interface ProcessResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface LineWaiter {
  readonly pattern: RegExp;
  readonly resolve: (match: RegExpExecArray) => void;
  readonly reject: (error: Error) => void;
}

/** Longest part of the output that an error message repeats. */
const ERROR_OUTPUT_LINES = 40;

const DEFAULT_TIMEOUT_MS = 20_000;

/** Starts `command`; dispose of the result to kill what still runs. */
export function startProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): RunningProcess {
  const { input, env, ...others } = options;
  const child = new Deno.Command(command, {
    ...others,
    args: [...args],
    ...(env === undefined ? {} : { env: { ...env } }),
    stdin: input === true ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  return new RunningProcess(command, child, input === true);
}

/**
 * Runs `command` to its end and returns everything it printed.
 *
 * @throws {Error} if it has not ended after `timeoutMs`; it is killed then.
 */
export async function runProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions & { readonly timeoutMs?: number } = {},
): Promise<ProcessResult> {
  const { timeoutMs, ...others } = options;
  await using running = startProcess(command, args, others);
  const status = await running.waitForExit(timeoutMs);
  return {
    code: status.code,
    stdout: running.stdout,
    stderr: running.stderr,
  };
}

/** A child process, its output by lines, and waits that need no sleeping. */
export class RunningProcess implements AsyncDisposable {
  readonly pid: number;
  /** Settles when the process has ended and its output has been read. */
  readonly ended: Promise<Deno.CommandStatus>;
  #command: string;
  #child: Deno.ChildProcess;
  #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>> | undefined;
  #hasEnded = false;
  #lines: string[] = [];
  #stdoutText: string[] = [];
  #stderrText: string[] = [];
  #waiters = new Set<LineWaiter>();

  /** Takes over `child`; use {@linkcode startProcess}. */
  constructor(command: string, child: Deno.ChildProcess, hasInput: boolean) {
    this.pid = child.pid;
    this.#command = command;
    this.#child = child;
    this.#input = hasInput ? child.stdin.getWriter() : undefined;
    this.ended = this.#run();
  }

  /** Everything printed to standard output so far. */
  get stdout(): string {
    return this.#stdoutText.join("");
  }

  /** Everything printed to standard error so far. */
  get stderr(): string {
    return this.#stderrText.join("");
  }

  /** Complete lines of both outputs so far, in the order they arrived. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /**
   * Waits for a line of either output, those already printed included.
   *
   * @throws {Error} with the last lines, if `timeoutMs` pass or the process
   * ends before.
   */
  waitForLine(
    pattern: RegExp,
    timeoutMs = DEFAULT_TIMEOUT_MS,
  ): Promise<RegExpExecArray> {
    for (const line of this.#lines) {
      const match = pattern.exec(line);
      if (match !== null) return Promise.resolve(match);
    }
    if (this.#hasEnded) {
      return Promise.reject(this.#error(`ended without a line ${pattern}`));
    }
    const { promise, resolve, reject } = Promise.withResolvers<
      RegExpExecArray
    >();
    const waiter = { pattern, resolve, reject };
    this.#waiters.add(waiter);
    const timer = setTimeout(() => {
      reject(this.#error(`printed no line ${pattern} in ${timeoutMs} ms`));
    }, timeoutMs);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiters.delete(waiter);
    });
  }

  /**
   * Waits for the end of the process.
   *
   * @throws {Error} with the last lines, if `timeoutMs` pass before.
   */
  waitForExit(timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Deno.CommandStatus> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(this.#error(`has not ended in ${timeoutMs} ms`));
    }, timeoutMs);
    return Promise.race([this.ended, late.promise]).finally(() =>
      clearTimeout(timer)
    );
  }

  /** Writes a line to standard input, which `input: true` keeps open. */
  async writeLine(text: string): Promise<void> {
    if (this.#input === undefined) {
      throw new TypeError(`Cannot write to ${this.#command}: no input kept`);
    }
    await this.#input.write(new TextEncoder().encode(`${text}\n`));
  }

  /** Sends a signal; does nothing once the process has ended. */
  kill(signal: Deno.Signal = "SIGTERM"): void {
    if (this.#hasEnded) return;
    try {
      this.#child.kill(signal);
    } catch (error) {
      // The process may have ended before its status was read.
      if (
        !(error instanceof TypeError || error instanceof Deno.errors.NotFound)
      ) {
        throw error;
      }
    }
  }

  /** Asks the process to end, waits for it, and kills it after `timeoutMs`. */
  async stop(timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Deno.CommandStatus> {
    this.kill("SIGTERM");
    const timer = setTimeout(() => this.kill("SIGKILL"), timeoutMs);
    try {
      return await this.ended;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Kills the process if it still runs and waits until its output is read. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.ended;
  }

  async #run(): Promise<Deno.CommandStatus> {
    const [status] = await Promise.all([
      this.#child.status,
      this.#readLines(this.#child.stdout, this.#stdoutText),
      this.#readLines(this.#child.stderr, this.#stderrText),
    ]);
    this.#hasEnded = true;
    // The pipe is broken by now, and so is what was still to be written.
    await this.#input?.abort().catch(() => {});
    for (const { pattern, reject } of this.#waiters) {
      reject(this.#error(`ended without a line ${pattern}`));
    }
    return status;
  }

  async #readLines(
    stream: ReadableStream<Uint8Array>,
    text: string[],
  ): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of stream) {
      const part = decoder.decode(chunk, { stream: true });
      text.push(part);
      const lines = (rest + part).split(/\r\n|[\r\n]/);
      rest = lines.pop()!;
      for (const line of lines) this.#addLine(line);
    }
    if (rest !== "") this.#addLine(rest);
  }

  #addLine(line: string): void {
    this.#lines.push(line);
    for (const { pattern, resolve } of this.#waiters) {
      const match = pattern.exec(line);
      if (match !== null) resolve(match);
    }
  }

  #error(what: string): Error {
    const tail = this.#lines.slice(-ERROR_OUTPUT_LINES).join("\n");
    return new Error(`${this.#command} ${what}; its last lines:\n${tail}`);
  }
}
