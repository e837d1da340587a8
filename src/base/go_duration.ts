const MS_PER_DAY = 86_400_000;
const MS_PER_HOUR = 3_600_000;
const MS_PER_MINUTE = 60_000;

/** Longest text looked at; no sensible duration comes near. */
const MAX_DURATION_CHARS = 64;

/** What a signed 64-bit count of nanoseconds can hold: about 292 years. */
const MAX_DURATION_MS = 2 ** 63 / 1e6;

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ["ns", 1e-6],
  ["us", 1e-3],
  ["µs", 1e-3], // U+00B5, micro sign
  ["μs", 1e-3], // U+03BC, Greek letter mu
  ["ms", 1],
  ["s", 1_000],
  ["m", MS_PER_MINUTE],
  ["h", MS_PER_HOUR],
]);

/**
 * Reads a duration as configuration files write it: `10s`, `1h30m`, `1.5s`, `7d12h`.
 *
 * Output: milliseconds, fractions possible; the empty text is 0.
 * Spec: MediaMTX's configuration, Go's `time.ParseDuration` with days in front.
 *
 * @throws {RangeError} if the text follows another grammar or is out of range.
 */
export function parseGoDuration(text: string): number {
  if (text === "") return 0;
  if (text.length > MAX_DURATION_CHARS) throw invalid(text.slice(0, 16) + "…");
  const days = /^(-?)(\d+)d/.exec(text);
  if (!days) return parseWithoutDays(text);
  const rest = text.slice(days[0].length);
  const restMs = rest === "" ? 0 : parseWithoutDays(rest);
  const totalMs = Number(days[2]) * MS_PER_DAY + restMs;
  if (Math.abs(totalMs) > MAX_DURATION_MS) throw invalid(text);
  return days[1] === "-" ? -totalMs : totalMs;
}

function parseWithoutDays(text: string): number {
  const unsigned = text.replace(/^[-+]/, "");
  if (unsigned === "0") return 0;
  if (unsigned === "") throw invalid(text);
  let totalMs = 0;
  for (let at = 0; at < unsigned.length;) {
    const amount = /^\d*\.?\d*/.exec(unsigned.slice(at))![0];
    if (!/\d/.test(amount)) throw invalid(text);
    at += amount.length;
    const unit = /^[^.\d]*/.exec(unsigned.slice(at))![0];
    if (unit === "") {
      throw new RangeError(`time: missing unit in duration "${text}"`);
    }
    const unitMs = UNIT_MS.get(unit);
    if (unitMs === undefined) {
      throw new RangeError(
        `time: unknown unit "${unit}" in duration "${text}"`,
      );
    }
    at += unit.length;
    totalMs += Number(amount) * unitMs;
  }
  if (totalMs > MAX_DURATION_MS) throw invalid(text);
  totalMs = Number(totalMs.toFixed(6)); // whole nanoseconds
  return text.startsWith("-") ? -totalMs : totalMs;
}

function invalid(text: string): RangeError {
  return new RangeError(`time: invalid duration "${text}"`);
}

/**
 * Writes milliseconds as {@linkcode parseGoDuration} reads them, in the one form that answers use.
 *
 * `86400000` is `1d`, `60000` is `1m0s`, `1500` is `1.5s`, zero is the empty text.
 */
export function printGoDuration(durationMs: number): string {
  if (durationMs === 0) return "";
  const sign = durationMs < 0 ? "-" : "";
  const totalMs = Math.abs(durationMs);
  const days = Math.floor(totalMs / MS_PER_DAY);
  const restMs = totalMs - days * MS_PER_DAY;
  const daysText = days > 0 ? `${days}d` : "";
  return sign + daysText + (restMs > 0 ? printWithoutDays(restMs) : "");
}

function printWithoutDays(durationMs: number): string {
  if (durationMs < 1e-3) return `${Math.round(durationMs * 1e6)}ns`;
  if (durationMs < 1) return `${decimal(durationMs * 1e3, 3)}µs`;
  if (durationMs < 1_000) return `${decimal(durationMs, 6)}ms`;
  const hours = Math.floor(durationMs / MS_PER_HOUR);
  const minutes = Math.floor(durationMs % MS_PER_HOUR / MS_PER_MINUTE);
  const seconds = `${decimal(durationMs % MS_PER_MINUTE / 1_000, 9)}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

function decimal(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
