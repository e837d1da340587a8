import type { Clock } from "#base/clock.ts";
import { type AppendFile, openAppendFile } from "#platform/log_output.ts";
import { LineQueue } from "./line_queue.ts";
import { OldLogFiles } from "./old_log_files.ts";

/** When a new file begins, and what becomes of the old ones. */
export interface LogFileRules {
  /** 0 for no limit. */
  readonly maxSizeBytes: number;
  /** Length of the periods that each have their own file, counted from local midnight; 0 for no limit. */
  readonly maxAgeMs: number;
  /** How many old files stay; 0 for all. */
  readonly keep: number;
  /** Whether old files are compressed. */
  readonly compress: boolean;
}

/** What a log file needs. */
export interface LogFileOptions {
  readonly path: string;
  readonly rules: LogFileRules;
  readonly clock: Clock;
  /** Makes the line that says how many were lost. */
  readonly lossLine: (count: number) => string;
  /** Takes lines that could not be written; the error is there if this is new. */
  readonly onUnwritten: (lines: readonly string[], error: unknown) => void;
}

/** Between two attempts to open or to rename what could not be. */
const RETRY_MS = 1_000;

/** How long the end of the program waits for what is still to be written. */
const FLUSH_MS = 2_000;

const encoder = new TextEncoder();

/**
 * A file that lines are added to, in the background.
 *
 * A file of its own begins where the rules say so: then this one gets another name between two lines. What cannot be
 * written is handed on, and the next lines try again.
 */
export class LogFile implements AsyncDisposable {
  readonly path: string;
  /** May be changed at any time. */
  rules: LogFileRules;
  #options: LogFileOptions;
  #queue: LineQueue;
  #old: OldLogFiles;
  /** Undefined while it cannot be written. */
  #file: AppendFile | undefined;
  #lastWrittenAtMs: number;
  /** When opening may be tried again. */
  #retryAtMs = -Infinity;
  /** When renaming may be tried again. */
  #rotateAgainAtMs = -Infinity;
  /** Its last line lacks its end: the disk was full in the middle of it. */
  #isTorn = false;

  /** Takes over `file`; use {@linkcode openLogFile}. */
  constructor(options: LogFileOptions, file: AppendFile) {
    const { path, rules, clock, lossLine, onUnwritten } = options;
    this.path = path;
    this.rules = rules;
    this.#options = options;
    this.#file = file;
    this.#lastWrittenAtMs = file.modifiedAtMs;
    this.#queue = new LineQueue({
      write: (lines) => this.#write(lines),
      lossLine,
      clock,
    });
    this.#old = new OldLogFiles(
      path,
      clock,
      (error) => onUnwritten([], error),
    );
    this.#old.tidy(rules);
  }

  /** Adds a line. */
  push(line: string): void {
    this.#queue.push(line);
  }

  /** Opens the file of its name anew, behind the lines there are: somebody may have renamed the one that is open. */
  reopen(): void {
    this.#queue.between(async () => {
      this.#close();
      this.#isTorn = false;
      await this.#handingOn([], () => this.#open());
    });
  }

  /** Waits until everything is written, at most for two seconds. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.flush(FLUSH_MS);
    await this.#old[Symbol.asyncDispose]();
    this.#close();
  }

  async #write(lines: readonly string[]): Promise<void> {
    if (this.#file === undefined) {
      if (this.#options.clock.monotonicMs() < this.#retryAtMs) {
        this.#options.onUnwritten(lines, undefined);
        return;
      }
      if (!await this.#handingOn(lines, () => this.#open())) return;
    }
    const nowMs = this.#options.clock.wallMs();
    if (this.#isOfAnotherPeriod(nowMs)) await this.#rotate();
    for (let at = 0; at < lines.length;) {
      const rest = lines.slice(at);
      const count = await this.#countThatFit(rest);
      const part = rest.slice(0, count);
      const isWritten = await this.#handingOn(rest, () => this.#append(part));
      if (!isWritten) return;
      at += count;
    }
    this.#lastWrittenAtMs = nowMs;
  }

  /** How many of the lines go into this file; makes room for one at least. */
  async #countThatFit(lines: readonly string[]): Promise<number> {
    const { maxSizeBytes } = this.rules;
    if (maxSizeBytes === 0) return lines.length;
    const room = () => maxSizeBytes - (this.#file?.sizeBytes ?? 0);
    const firstBytes = sizeBytesOf(lines[0]!);
    if (firstBytes > room()) await this.#rotate();
    let sizeBytes = firstBytes;
    let count = 1;
    while (count < lines.length) {
      sizeBytes += sizeBytesOf(lines[count]!);
      if (sizeBytes > room()) break;
      count++;
    }
    return count;
  }

  async #append(lines: readonly string[]): Promise<void> {
    const file = this.#file ?? await this.#open();
    const start = this.#isTorn ? "\n" : "";
    this.#isTorn = false;
    const sizeBytes = file.sizeBytes;
    try {
      await file.write(encoder.encode(`${start}${lines.join("\n")}\n`));
    } catch (error) {
      this.#isTorn = start !== "" || file.sizeBytes > sizeBytes;
      throw error;
    }
  }

  async #open(): Promise<AppendFile> {
    this.#file = await openAppendFile(this.path);
    return this.#file;
  }

  #close(): void {
    this.#file?.[Symbol.dispose]();
    this.#file = undefined;
  }

  /** Whether `run` did its work; if not, `lines` go where they may and it is tried again later. */
  async #handingOn(
    lines: readonly string[],
    run: () => Promise<unknown>,
  ): Promise<boolean> {
    try {
      await run();
      return true;
    } catch (error) {
      this.#close();
      this.#retryAtMs = this.#options.clock.monotonicMs() + RETRY_MS;
      this.#options.onUnwritten(lines, error);
      return false;
    }
  }

  #isOfAnotherPeriod(nowMs: number): boolean {
    const { maxAgeMs } = this.rules;
    if (maxAgeMs === 0 || this.#file?.sizeBytes === 0) return false;
    return periodOf(nowMs, maxAgeMs) !==
      periodOf(this.#lastWrittenAtMs, maxAgeMs);
  }

  /** Begins a new file; if that cannot be, this one goes on. */
  async #rotate(): Promise<void> {
    const { clock, onUnwritten } = this.#options;
    if (this.#file?.sizeBytes === 0) return;
    if (clock.monotonicMs() < this.#rotateAgainAtMs) return;
    this.#close();
    try {
      await this.#old.add();
      this.#old.tidy(this.rules);
    } catch (error) {
      this.#rotateAgainAtMs = clock.monotonicMs() + RETRY_MS;
      onUnwritten([], error);
    }
  }
}

/**
 * Opens a log file.
 *
 * @throws {PlatformError} if it cannot be written.
 */
export async function openLogFile(options: LogFileOptions): Promise<LogFile> {
  return new LogFile(options, await openAppendFile(options.path));
}

function sizeBytesOf(line: string): number {
  return encoder.encode(line).length + 1;
}

/** Number of the period that a moment lies in. */
function periodOf(atMs: number, lengthMs: number): number {
  const eastMs = -new Date(atMs).getTimezoneOffset() * 60_000;
  return Math.floor((atMs + eastMs) / lengthMs);
}
