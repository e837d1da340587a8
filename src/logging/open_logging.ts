import type { Clock } from "#base/clock.ts";
import { errorText } from "#base/errors.ts";
import { createLogger, type Logger, type LogLevel } from "#base/log.ts";
import {
  backgroundErrors,
  backgroundOutput,
  type ByteOutput,
} from "#platform/log_output.ts";
import {
  activeTraceId,
  consoleMode,
  telemetryFault,
  writeConsole,
} from "#platform/telemetry.ts";
import { HAS_UNIX_DATAGRAMS } from "#platform/unix_datagram.ts";
import type { LogConfig } from "./config.ts";
import {
  colouredLine,
  jsonLine,
  type LogRecord,
  textLine,
} from "./line_formats.ts";
import { LineQueue } from "./line_queue.ts";
import { type LogFile, type LogFileRules, openLogFile } from "./log_file.ts";
import { openSyslog, type Syslog, SYSLOG_PATH } from "./syslog.ts";

/** What the log needs beside its configuration. */
export interface LoggingOptions {
  readonly clock: Clock;
  /** Somebody looks at standard output. */
  readonly isTerminal: boolean;
  /** Standard output, unless a test wants to see it. */
  readonly output?: ByteOutput;
  /** Standard error, likewise. */
  readonly errors?: ByteOutput;
  /** Socket of the syslog daemon, unless a test has its own. */
  readonly syslogPath?: string;
}

/** How long the end of the program waits for whoever reads its output. */
const FLUSH_MS = 1_000;

/** Between two lines that say that a destination does not work. */
const COMPLAINT_MS = 60_000;

const encoder = new TextEncoder();

/** The log of the program: a logger, and where its lines go. */
export class Logging implements AsyncDisposable {
  /** What the program logs with, as long as this is open. */
  readonly logger: Logger;
  #options: LoggingOptions;
  #config: LogConfig;
  #consoleMode = consoleMode();
  #output: LineQueue;
  #errors: LineQueue;
  #file: LogFile | undefined;
  #syslog: Syslog | undefined;
  /** When to complain of a destination again, by its name. */
  #complainAtMs = new Map<string, number>();

  /** Takes only standard output into use; use {@linkcode openLogging}. */
  constructor(config: LogConfig, options: LoggingOptions) {
    this.#options = options;
    this.#config = { ...config, logDestinations: ["stdout"] };
    this.#output = this.#queueTo(options.output ?? backgroundOutput);
    this.#errors = this.#queueTo(options.errors ?? backgroundErrors);
    this.logger = createLogger(
      (level, text) => this.#log(this.#record(level, text)),
      () => this.#config.logLevel,
    );
  }

  /**
   * Takes a new configuration over, between two lines.
   *
   * @throws {Error} if a destination cannot be opened; then everything stays as it was.
   */
  async apply(next: LogConfig): Promise<void> {
    const wants = new Set(next.logDestinations);
    await using opened = new AsyncDisposableStack();
    let file = wants.has("file") ? this.#file : undefined;
    if (wants.has("file") && file?.path !== next.logFile) {
      file = opened.use(await this.#openFile(next));
    }
    let syslog = wants.has("syslog") ? this.#syslog : undefined;
    if (wants.has("syslog") && syslog?.tag !== next.sysLogPrefix) {
      syslog = opened.use(this.#openSyslog(next.sysLogPrefix));
    }
    opened.move();
    const ended = [this.#file, this.#syslog]
      .filter((one) => one !== file && one !== syslog);
    if (file) file.rules = rulesOf(next);
    this.#config = next;
    this.#file = file;
    this.#syslog = syslog;
    for (const one of ended) await one?.[Symbol.asyncDispose]();
  }

  /** Opens the log file anew: somebody has renamed the one that is open. */
  reopen(): void {
    this.#file?.reopen();
  }

  /** Waits until every line is where it belongs, a few seconds at most. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.[Symbol.asyncDispose]();
    await this.#syslog?.[Symbol.asyncDispose]();
    await this.#output.flush(FLUSH_MS);
    await this.#errors.flush(FLUSH_MS);
  }

  #record(level: LogLevel, text: string): LogRecord {
    const time = new Date(this.#options.clock.wallMs());
    return { time, level, text, traceId: activeTraceId() };
  }

  #log(record: LogRecord): void {
    for (const destination of this.#config.logDestinations) {
      if (destination === "stdout") this.#logToOutput(record);
      else if (destination === "file") this.#file?.push(this.#line(record));
      else this.#syslog?.push(record);
    }
    if (this.#consoleMode === "replace") {
      writeConsole(record.level, record.text);
    }
  }

  #logToOutput(record: LogRecord): void {
    if (this.#consoleMode === "capture") {
      writeConsole(record.level, this.#line(record));
      return;
    }
    const isColoured = this.#options.isTerminal && !this.#config.logStructured;
    this.#output.push(isColoured ? colouredLine(record) : this.#line(record));
  }

  #line(record: LogRecord): string {
    return this.#config.logStructured ? jsonLine(record) : textLine(record);
  }

  #lossRecord(count: number): LogRecord {
    const text =
      `${count} lines are not here: they came faster than they can be written`;
    return this.#record("warn", text);
  }

  #queueTo(output: ByteOutput): LineQueue {
    return new LineQueue({
      write: async (lines) => {
        try {
          await output.write(encoder.encode(`${lines.join("\n")}\n`));
        } catch {
          // Nowhere is left to say so.
        }
      },
      lossLine: (count) => this.#line(this.#lossRecord(count)),
      clock: this.#options.clock,
    });
  }

  #openFile(config: LogConfig): Promise<LogFile> {
    const path = config.logFile;
    return openLogFile({
      path,
      rules: rulesOf(config),
      clock: this.#options.clock,
      lossLine: (count) => this.#line(this.#lossRecord(count)),
      onUnwritten: (lines, error) => this.#rescue("the log file", lines, error),
    });
  }

  #openSyslog(tag: string): Syslog {
    if (!HAS_UNIX_DATAGRAMS) {
      throw new Error("syslog is not available on macOS and Windows");
    }
    return openSyslog({
      path: this.#options.syslogPath ?? SYSLOG_PATH,
      tag,
      clock: this.#options.clock,
      lossRecord: (count) => this.#lossRecord(count),
      onUnsent: (message, error) => this.#rescue("syslog", [message], error),
    });
  }

  /** Lines that did not get to `destination` go to standard error, unless standard output has them already. */
  #rescue(
    destination: string,
    lines: readonly string[],
    error: unknown,
  ): void {
    const { clock } = this.#options;
    const hasOutput = this.#config.logDestinations.includes("stdout");
    const queue = hasOutput ? this.#output : this.#errors;
    const nowMs = clock.monotonicMs();
    if (
      error !== undefined &&
      nowMs >= (this.#complainAtMs.get(destination) ?? -Infinity)
    ) {
      this.#complainAtMs.set(destination, nowMs + COMPLAINT_MS);
      const text = `Cannot use ${destination}: ${errorText(error)}`;
      queue.push(this.#line(this.#record("error", text)));
    }
    if (hasOutput) return;
    for (const line of lines) queue.push(line);
  }
}

/**
 * Opens the log.
 *
 * @throws {Error} if a destination cannot be opened.
 */
export async function openLogging(
  config: LogConfig,
  options: LoggingOptions,
): Promise<Logging> {
  const logging = new Logging(config, options);
  await logging.apply(config);
  const fault = telemetryFault();
  if (fault !== undefined) logging.logger.warn(fault);
  return logging;
}

function rulesOf(config: LogConfig): LogFileRules {
  return {
    maxSizeBytes: config.logFileMaxSizeBytes,
    maxAgeMs: config.logFileMaxAgeMs,
    keep: config.logFileKeep,
    compress: config.logFileCompress,
  };
}
