import { HttpError } from "#http/http_error.ts";

const URN_PREFIX = "urn:uuid:";
const DASHED_CHARS = 36;
const PLAIN_CHARS = 32;

/**
 * Reads a UUID: with dashes, without, in braces, or behind `urn:uuid:`.
 *
 * Output: lower case, with dashes.
 * Spec: MediaMTX's API, error texts included.
 *
 * @throws {HttpError} 400 if it is none.
 */
export function parseUuid(text: string): string {
  const digits = digitsOf(text).toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(digits)) {
    throw new HttpError(400, "invalid UUID format");
  }
  return [[0, 8], [8, 12], [12, 16], [16, 20], [20, 32]]
    .map(([from, to]) => digits.slice(from, to)).join("-");
}

/** The digits, or what is no digits; only the length is certain. */
function digitsOf(text: string): string {
  switch (text.length) {
    case PLAIN_CHARS:
      return text;
    case DASHED_CHARS:
      return withoutDashes(text);
    case DASHED_CHARS + 2:
      return withoutDashes(text.slice(1, -1));
    case DASHED_CHARS + URN_PREFIX.length:
      if (text.toLowerCase().startsWith(URN_PREFIX)) {
        return withoutDashes(text.slice(URN_PREFIX.length));
      }
      return "";
    default:
      throw new HttpError(400, `invalid UUID length: ${text.length}`);
  }
}

function withoutDashes(text: string): string {
  const match = /^(.{8})-(.{4})-(.{4})-(.{4})-(.{12})$/s.exec(text);
  return match ? match.slice(1).join("") : "";
}
