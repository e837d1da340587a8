import type { Clock } from "#base/clock.ts";
import type { LogLevel } from "#base/log.ts";
import { processId } from "#platform/system.ts";
import {
  openUnixDatagramSender,
  type UnixDatagramSender,
} from "#platform/unix_datagram.ts";
import { LineQueue } from "./line_queue.ts";
import { type LogRecord, messageOf } from "./line_formats.ts";

/** Where the daemon of this machine listens. */
export const SYSLOG_PATH = "/dev/log";

/** Facility `daemon`. Spec: RFC 3164 §4.1.1, as the severities. */
const FACILITY = 3;

const SEVERITIES: Readonly<Record<LogLevel, number>> = {
  error: 3,
  warn: 4,
  info: 6,
  debug: 7,
};

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** Until the next attempt when the daemon does not keep up. */
const BUSY_MS = 1;

/** How long the end of the program waits for a daemon that does not keep up. */
const FLUSH_MS = 2_000;

/** What a way to syslog needs. */
export interface SyslogOptions {
  /** Path of the daemon's socket. */
  readonly path: string;
  /** Name of the program. */
  readonly tag: string;
  readonly clock: Clock;
  /** Makes the record that says how many were lost. */
  readonly lossRecord: (count: number) => LogRecord;
  /** Takes a message that could not be sent. */
  readonly onUnsent: (message: string, error: unknown) => void;
}

/** The syslog daemon of this machine, which may come and go. */
export class Syslog implements AsyncDisposable {
  readonly tag: string;
  #options: SyslogOptions;
  #sender: UnixDatagramSender;
  #queue: LineQueue;

  /** Takes over `sender`; use {@linkcode openSyslog}. */
  constructor(options: SyslogOptions, sender: UnixDatagramSender) {
    const { tag, clock, lossRecord } = options;
    this.tag = tag;
    this.#options = options;
    this.#sender = sender;
    this.#queue = new LineQueue({
      write: (messages) => this.#send(messages),
      lossLine: (count) => syslogMessage(lossRecord(count), tag),
      clock,
    });
  }

  /** Adds a line. */
  push(record: LogRecord): void {
    this.#queue.push(syslogMessage(record, this.tag));
  }

  /** Waits until everything is sent, at most for two seconds. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.flush(FLUSH_MS);
    this.#sender[Symbol.dispose]();
  }

  async #send(messages: readonly string[]): Promise<void> {
    const { path, clock, onUnsent } = this.#options;
    const encoder = new TextEncoder();
    for (const message of messages) {
      const bytes = encoder.encode(message);
      let outcome = this.#sender.send(bytes);
      while (outcome === "busy") {
        await new Promise<void>((resolve) => clock.after(BUSY_MS, resolve));
        outcome = this.#sender.send(bytes);
      }
      if (outcome === "sent") continue;
      onUnsent(message, new Error(`Cannot send to ${path}: ${outcome}`));
    }
  }
}

/**
 * Opens the way to the syslog daemon of this machine.
 *
 * @throws {PlatformError} if there is none, or this process may not send to it.
 */
export function openSyslog(options: SyslogOptions): Syslog {
  return new Syslog(options, openUnixDatagramSender(options.path));
}

/** A line as the daemon takes it from programs of its own machine: no host name. Spec: RFC 3164 §4.1. */
export function syslogMessage(record: LogRecord, tag: string): string {
  const { time, level } = record;
  const priority = FACILITY * 8 + SEVERITIES[level];
  const two = (value: number) => String(value).padStart(2, "0");
  const day = String(time.getDate()).padStart(2);
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map(two).join(":");
  return `<${priority}>${
    MONTHS[time.getMonth()]
  } ${day} ${clock} ${tag}[${processId()}]: ${messageOf(record)}`;
}
