import type { LogLevel } from "#base/log.ts";

/** One line of the log, before it has a form. */
export interface LogRecord {
  readonly time: Date;
  readonly level: LogLevel;
  /** Without control characters. */
  readonly text: string;
  /** Identifier of the trace it belongs to, in hexadecimal. */
  readonly traceId: string | undefined;
}

const LABELS: Readonly<Record<LogLevel, string>> = {
  error: "ERR",
  warn: "WAR",
  info: "INF",
  debug: "DEB",
};

/** ANSI colours of the labels. */
const COLORS: Readonly<Record<LogLevel, string>> = {
  error: "\x1b[31m",
  warn: "\x1b[33m",
  info: "\x1b[32m",
  debug: "\x1b[36m",
};

const RESET = "\x1b[0m";

const GREY = "\x1b[90m";

/** `YYYY/MM/DD HH:MM:SS LVL text`, in local time. */
export function textLine(record: LogRecord): string {
  const { time, level } = record;
  return `${localTime(time)} ${LABELS[level]} ${messageOf(record)}`;
}

/** The same with colours, for a terminal. */
export function colouredLine(record: LogRecord): string {
  const { time, level } = record;
  const label = `${COLORS[level]}${LABELS[level]}${RESET}`;
  return `${GREY}${localTime(time)}${RESET} ${label} ${messageOf(record)}`;
}

/** A JSON object; its time as RFC 3339 says, with the offset of local time. */
export function jsonLine({ time, level, text, traceId }: LogRecord): string {
  return JSON.stringify({
    timestamp: rfc3339(time),
    level: LABELS[level],
    message: text,
    traceId,
  });
}

/** The text alone, and the trace it belongs to. */
export function messageOf({ text, traceId }: LogRecord): string {
  return traceId === undefined ? text : `${text} trace=${traceId}`;
}

function localTime(date: Date): string {
  const day = [
    date.getFullYear(),
    two(date.getMonth() + 1),
    two(date.getDate()),
  ];
  return `${day.join("/")} ${timeOfDay(date)}`;
}

function rfc3339(date: Date): string {
  const day = [
    date.getFullYear(),
    two(date.getMonth() + 1),
    two(date.getDate()),
  ];
  const fraction = String(date.getMilliseconds()).padStart(3, "0");
  return `${day.join("-")}T${timeOfDay(date)}.${fraction}${zone(date)}`;
}

function timeOfDay(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map(two).join(":");
}

function zone(date: Date): string {
  const eastMinutes = -date.getTimezoneOffset();
  if (eastMinutes === 0) return "Z";
  const minutes = Math.abs(eastMinutes);
  const sign = eastMinutes < 0 ? "-" : "+";
  return `${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
