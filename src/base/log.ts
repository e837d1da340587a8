import type { Clock } from "./clock.ts";
import { redactCredentials } from "./redact.ts";

/** Verbosity of a line, most severe first. */
export type LogLevel = "error" | "warn" | "info" | "debug";

/** Text of a line, or how to make it: called only if the level is shown. */
export type LogMessage = string | (() => string);

/** Writes lines with the prefix of whoever owns it. */
export interface Logger {
  error(message: LogMessage): void;
  warn(message: LogMessage): void;
  info(message: LogMessage): void;
  debug(message: LogMessage): void;
  /** A logger whose lines start with this one's prefix and `[prefix]`. */
  child(prefix: string): Logger;
}

/** Takes finished lines; where they go is decided by `logging/`. */
export type LogSink = (level: LogLevel, text: string) => void;

const SEVERITY: Record<LogLevel, number> = {
  error: 0,
  warn: 1,
  info: 2,
  debug: 3,
};

/** Control characters, line ends and changes of direction, which a peer's text must not bring into a line. */
const CONTROL_CHARACTERS =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** Longest line: what a peer sends can be much longer. */
const MAX_LINE_CHARS = 4_096;

function escapeControl(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/**
 * Opens a logger that hands lines up to `verbosity` to `sink`, without credentials, control characters escaped, the end
 * of long ones cut off. This is the one way into the log, whatever the level.
 *
 * A `verbosity` that may change is asked at each line.
 */
export function createLogger(
  sink: LogSink,
  verbosity: LogLevel | (() => LogLevel),
): Logger {
  const level = typeof verbosity === "function" ? verbosity : () => verbosity;
  return new PrefixLogger(sink, level, "");
}

function shortened(line: string): string {
  const over = line.length - MAX_LINE_CHARS;
  return over > 0
    ? `${line.slice(0, MAX_LINE_CHARS)}… (${over} more characters)`
    : line;
}

class PrefixLogger implements Logger {
  #sink: LogSink;
  #verbosity: () => LogLevel;
  #prefix: string;

  constructor(sink: LogSink, verbosity: () => LogLevel, prefix: string) {
    this.#sink = sink;
    this.#verbosity = verbosity;
    this.#prefix = prefix;
  }

  error(message: LogMessage): void {
    this.#write("error", message);
  }

  warn(message: LogMessage): void {
    this.#write("warn", message);
  }

  info(message: LogMessage): void {
    this.#write("info", message);
  }

  debug(message: LogMessage): void {
    this.#write("debug", message);
  }

  child(prefix: string): Logger {
    const longer = `${this.#prefix}[${prefix}] `;
    return new PrefixLogger(this.#sink, this.#verbosity, longer);
  }

  #write(level: LogLevel, message: LogMessage): void {
    if (SEVERITY[level] > SEVERITY[this.#verbosity()]) return;
    const text = typeof message === "string" ? message : message();
    const line = shortened(redactCredentials(this.#prefix + text));
    this.#sink(level, line.replace(CONTROL_CHARACTERS, escapeControl));
  }
}

const SAMPLE_INTERVAL_MS = 1_000;

/** Counts events of one kind and warns of them at most once a second, with their number. */
export class SampledWarning {
  #logger: Logger;
  #clock: Clock;
  #describe: (count: number) => string;
  #count = 0;
  #nextAtMs = -Infinity;
  #cancel: (() => void) | undefined;

  /** `describe` makes the text from the number of events since the last warning. */
  constructor(
    logger: Logger,
    clock: Clock,
    describe: (count: number) => string,
  ) {
    this.#logger = logger;
    this.#clock = clock;
    this.#describe = describe;
  }

  /** Adds `count` events. */
  add(count: number): void {
    this.#count += count;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= this.#nextAtMs) this.#warn();
    else {
      this.#cancel ??= this.#clock.after(
        this.#nextAtMs - nowMs,
        () => this.#warn(),
      );
    }
  }

  /** Warns of what was not said yet and stops. */
  [Symbol.dispose](): void {
    if (this.#count > 0) this.#warn();
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #warn(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#count === 0) return;
    this.#logger.warn(this.#describe(this.#count));
    this.#count = 0;
    this.#nextAtMs = this.#clock.monotonicMs() + SAMPLE_INTERVAL_MS;
  }
}

/** Counts errors of one kind and tells the last of them at most once a second, with their number. */
export class SampledError implements Disposable {
  #last = "";
  #warning: SampledWarning;

  /** `what` stands before the text, e.g. the protocol that failed. */
  constructor(logger: Logger, clock: Clock, what?: string) {
    const kind = what === undefined ? "processing" : `${what} processing`;
    this.#warning = new SampledWarning(
      logger,
      clock,
      (count) =>
        count === 1
          ? `${kind} error: ${this.#last}`
          : `${count} ${kind} errors, last was: ${this.#last}`,
    );
  }

  /** Adds one error. */
  add(message: string): void {
    this.#last = message;
    this.#warning.add(1);
  }

  /** Tells what was not told yet and stops. */
  [Symbol.dispose](): void {
    this.#warning[Symbol.dispose]();
  }
}
