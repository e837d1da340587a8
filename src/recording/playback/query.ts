import { parseGoDuration } from "#base/go_duration.ts";
import { parseWallTime } from "#base/wall_time.ts";
import { HttpError } from "#http/http_error.ts";

const US_PER_MS = 1_000;
const US_PER_SECOND = 1_000_000;

/** Longest span: what microseconds hold exactly beside a date. */
const MAX_DURATION_US = 100 * 366 * 86_400 * US_PER_SECOND;

/**
 * Reads a moment.
 *
 * Output: microseconds since the epoch; undefined if the parameter is not there.
 *
 * @throws {HttpError} 400 if it is none.
 */
export function timeParameter(
  parameters: URLSearchParams,
  name: string,
): number | undefined {
  const text = parameters.get(name) ?? "";
  if (text === "") return undefined;
  const wallUs = parseWallTime(text);
  if (wallUs !== undefined) return wallUs;
  throw invalid(name, "must be a time such as 2026-03-01T12:00:00Z", text);
}

/** Reads a moment that must be there. @throws {HttpError} 400 */
export function neededTime(parameters: URLSearchParams, name: string): number {
  const wallUs = timeParameter(parameters, name);
  if (wallUs !== undefined) return wallUs;
  throw invalid(name, "must be a time such as 2026-03-01T12:00:00Z", "");
}

/**
 * Reads how long: seconds, or a duration such as `1m30s`.
 *
 * Output: microseconds, over 0.
 *
 * @throws {HttpError} 400 if it is none.
 */
export function durationParameter(parameters: URLSearchParams): number {
  const text = parameters.get("duration") ?? "";
  const durationUs = Math.round(durationUsOf(text));
  if (durationUs > 0 && durationUs <= MAX_DURATION_US) return durationUs;
  throw invalid("duration", "must be seconds, or such as 1m30s", text);
}

function durationUsOf(text: string): number {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * US_PER_SECOND;
  try {
    return parseGoDuration(text) * US_PER_MS;
  } catch {
    return NaN; // the caller says what it must be
  }
}

/** Reads a whole number, 0 or more. @throws {HttpError} 400 */
export function countParameter(
  parameters: URLSearchParams,
  name: string,
): number {
  const text = parameters.get(name) ?? "";
  const count = Number(text);
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(count)) return count;
  throw invalid(name, "must be a whole number", text);
}

/** Reads one of some words; the first one if it is not there. @throws {HttpError} 400 */
export function choiceParameter<T extends string>(
  parameters: URLSearchParams,
  name: string,
  choices: readonly [T, ...T[]],
): T {
  const text = parameters.get(name) || choices[0];
  const choice = choices.find((one) => one === text);
  if (choice !== undefined) return choice;
  throw new HttpError(400, `invalid ${name}: ${shown(text)}`);
}

function invalid(name: string, wanted: string, text: string): HttpError {
  return new HttpError(
    400,
    `invalid ${name}: ${wanted}, found ${JSON.stringify(shown(text))}`,
  );
}

/** What a peer sends may be long. */
function shown(text: string): string {
  return text.slice(0, 64);
}
