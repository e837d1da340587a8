import type { ParseError } from "#base/errors.ts";
import { headerError, splitOutsideQuotes } from "./parameters.ts";

const FORMAT = "Range header";
const NPT_SECONDS = /^\d{1,10}(?:\.\d{0,9})?$/;
const NPT_CLOCK = /^(\d{1,6}):([0-5]?\d):([0-5]?\d(?:\.\d{0,9})?)$/;
const UTC = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\.\d{1,9})?Z$/;
const SMPTE = /^(\d{1,6}):([0-5]?\d):([0-5]?\d)(?::(\d\d)(?:\.(\d\d))?)?$/;

/** Time of a frame in a film. Spec: RFC 2326 §3.5. */
export interface SmpteTime {
  /** Whole seconds from the start. */
  readonly seconds: number;
  /** Frames after that second. */
  readonly frames: number;
  /** Hundredths of a frame. */
  readonly subframes: number;
}

/** What a `Range` header asks for; an end that is not there is open. Spec: RFC 2326 §12.29. */
export type RtspRange =
  | {
    readonly kind: "npt";
    /** Seconds from the start of the presentation; undefined: the end counts from its end. */
    readonly start: number | "now" | undefined;
    readonly endSeconds: number | undefined;
  }
  | {
    readonly kind: "clock";
    /** Milliseconds since the epoch. */
    readonly startMs: number;
    readonly endMs: number | undefined;
  }
  | {
    readonly kind: "smpte";
    /** Frame numbering, e.g. `"smpte-25"`. */
    readonly numbering: "smpte" | "smpte-25" | "smpte-30-drop";
    readonly start: SmpteTime;
    readonly end: SmpteTime | undefined;
  };

/**
 * Parses a `Range` header.
 *
 * The `time` parameter (when to begin) is not read: a live stream begins at once.
 *
 * Spec: RFC 2326 §3.5, §3.6, §3.7, §12.29.
 *
 * @throws {ParseError} if the unit is not known, or a time is not of that unit.
 */
export function parseRange(text: string): RtspRange {
  const [range = ""] = splitOutsideQuotes(text, ";");
  const equals = range.indexOf("=");
  const unit = range.slice(0, Math.max(equals, 0)).trim().toLowerCase();
  const [start = "", end, ...more] = range.slice(equals + 1).trim().split("-");
  if (end === undefined || more.length > 0) {
    throw rangeError("must be two times around a minus", "range");
  }
  switch (unit) {
    case "npt":
      if (start === "" && end === "") {
        throw rangeError("needs a start or an end", "npt");
      }
      return {
        kind: "npt",
        start: start === "now" ? start : optional(start, parseNpt),
        endSeconds: optional(end, parseNpt),
      };
    case "clock":
      return {
        kind: "clock",
        startMs: parseUtcMs(start),
        endMs: optional(end, parseUtcMs),
      };
    case "smpte":
    case "smpte-25":
    case "smpte-30-drop":
      return {
        kind: "smpte",
        numbering: unit,
        start: parseSmpte(start),
        end: optional(end, parseSmpte),
      };
    default:
      throw rangeError("must be npt, clock or smpte", "unit");
  }
}

/** Writes the range from `start`, in seconds, on: `npt=0-`, `npt=now-`. Spec: RFC 2326 §3.6. */
export function serializeNptRange(start: number | "now"): string {
  return `npt=${start}-`;
}

/** Writes the range from a wall clock, milliseconds since the epoch, on: `clock=19961108T142300.25Z-`. Spec: RFC 2326 §3.7. */
export function serializeClockRange(startMs: number): string {
  const text = new Date(startMs).toISOString().replace(/[-:]/g, "");
  return `clock=${text}-`;
}

function optional<T>(text: string, parse: (text: string) => T): T | undefined {
  return text === "" ? undefined : parse(text);
}

function parseNpt(text: string): number {
  if (NPT_SECONDS.test(text)) return Number(text);
  const parts = NPT_CLOCK.exec(text);
  if (!parts) throw rangeError("must be seconds or h:mm:ss", "npt");
  return Number(parts[1]) * 3600 + Number(parts[2]) * 60 + Number(parts[3]);
}

function parseUtcMs(text: string): number {
  const parts = UTC.exec(text);
  if (!parts) throw rangeError("must be like 19961108T142300Z", "clock");
  const [, year, month, day, hour, minute, second, fraction = ""] = parts;
  const whole = `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
  const wholeMs = Date.parse(whole);
  if (Number.isNaN(wholeMs)) throw rangeError("is no date", "clock");
  return wholeMs + Math.floor(Number(`0${fraction}`) * 1000);
}

function parseSmpte(text: string): SmpteTime {
  const parts = SMPTE.exec(text);
  if (!parts) throw rangeError("must be like 10:07:33:05.01", "smpte");
  const [, hours, minutes, seconds, frames = "0", subframes = "0"] = parts;
  return {
    seconds: Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds),
    frames: Number(frames),
    subframes: Number(subframes),
  };
}

function rangeError(reason: string, field: string): ParseError {
  return headerError(reason, { format: FORMAT, field });
}
