import type { Clock } from "#base/clock.ts";

/** Characters that may wait: a destination that is slower than that for long loses lines. */
const MAX_WAITING_CHARS = 8 * 1_024 * 1_024;

/** What a queue needs. */
export interface LineQueueOptions {
  /** Takes lines where they belong; must not reject. */
  readonly write: (lines: readonly string[]) => Promise<void>;
  /** A line that says how many were lost. */
  readonly lossLine: (count: number) => string;
  readonly clock: Clock;
}

/**
 * Lines on their way to one destination, in order, many at a time: whoever logs never waits.
 *
 * Lines of one turn of the event loop leave together right behind it, what comes meanwhile right behind them.
 */
export class LineQueue {
  #options: LineQueueOptions;
  #waiting: string[] = [];
  #waitingChars = 0;
  #lost = 0;
  #tasks: (() => Promise<void>)[] = [];
  #running: Promise<void> | undefined;

  /** Nothing is written before the first line. */
  constructor(options: LineQueueOptions) {
    this.#options = options;
  }

  /** Adds a line. */
  push(line: string): void {
    if (this.#waitingChars + line.length > MAX_WAITING_CHARS) {
      this.#lost++;
      return;
    }
    this.#waiting.push(line);
    this.#waitingChars += line.length;
    this.#start();
  }

  /** Runs `task`, which must not reject, between two writes: what was pushed before is written before. */
  between(task: () => Promise<void>): void {
    const lines = this.#takeAll();
    this.#tasks.push(async () => {
      if (lines.length > 0) await this.#options.write(lines);
      await task();
    });
    this.#start();
  }

  /** Waits until everything is written, but no longer than `limitMs`; answers whether it is. */
  async flush(limitMs: number): Promise<boolean> {
    const running = this.#running;
    if (running === undefined) return true;
    const late = Promise.withResolvers<boolean>();
    const cancel = this.#options.clock.after(
      limitMs,
      () => late.resolve(false),
    );
    return await Promise.race([running.then(() => true), late.promise])
      .finally(cancel);
  }

  #start(): void {
    this.#running ??= Promise.resolve().then(() => this.#run());
  }

  async #run(): Promise<void> {
    for (;;) {
      const task = this.#tasks.shift();
      if (task !== undefined) {
        await task();
        continue;
      }
      const lines = this.#takeAll();
      if (lines.length === 0) break;
      await this.#options.write(lines);
    }
    this.#running = undefined;
  }

  #takeAll(): string[] {
    const lines = this.#waiting;
    this.#waiting = [];
    this.#waitingChars = 0;
    if (this.#lost > 0) {
      lines.push(this.#options.lossLine(this.#lost));
      this.#lost = 0;
    }
    return lines;
  }
}
