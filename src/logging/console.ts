import type { LogLevel, LogSink } from "#base/log.ts";

const LABELS: Record<LogLevel, string> = {
  error: "ERR",
  warn: "WAR",
  info: "INF",
  debug: "DEB",
};

/** ANSI colours of the labels. */
const COLORS: Record<LogLevel, string> = {
  error: "\x1b[31m",
  warn: "\x1b[33m",
  info: "\x1b[32m",
  debug: "\x1b[36m",
};

const RESET = "\x1b[0m";

const GREY = "\x1b[90m";

/** Where finished lines go. */
export interface LineWriter {
  readonly isTerminal: boolean;
  /** Writes one line and its end. */
  write(line: string): void;
}

/** `YYYY/MM/DD HH:MM:SS LVL text`, in local time; coloured on a terminal. */
export function consoleSink(writer: LineWriter, now: () => Date): LogSink {
  return (level, text) => {
    const time = localTime(now());
    const label = LABELS[level];
    writer.write(
      writer.isTerminal
        ? `${GREY}${time}${RESET} ${COLORS[level]}${label}${RESET} ${text}`
        : `${time} ${label} ${text}`,
    );
  };
}

function localTime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}/${two(date.getMonth() + 1)}/${
    two(date.getDate())
  }`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${
    two(date.getSeconds())
  }`;
}
