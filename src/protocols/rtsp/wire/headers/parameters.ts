import { ParseError } from "#base/errors.ts";

/** One `name=value`, or a name alone. */
export interface HeaderParameter {
  /** In lower case. */
  readonly name: string;
  /** Without quotes; undefined if there is no equals sign. */
  readonly value: string | undefined;
}

/** Cuts `text` at each `separator` outside quotes; the pieces are trimmed, empty ones are left out. */
export function splitOutsideQuotes(text: string, separator: string): string[] {
  const pieces: string[] = [];
  let isQuoted = false;
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    const character = text[i];
    if (character === '"') isQuoted = !isQuoted;
    else if (isQuoted && character === "\\") i++;
    const isCut = character === separator && !isQuoted;
    if (!isCut && i < text.length) continue;
    const piece = text.slice(start, i).trim();
    if (piece !== "") pieces.push(piece);
    start = i + 1;
  }
  return pieces;
}

/** Splits `name=value` and takes the value out of its quotes. */
export function parseParameter(piece: string): HeaderParameter {
  const equals = piece.indexOf("=");
  if (equals < 0) return { name: piece.toLowerCase(), value: undefined };
  return {
    name: piece.slice(0, equals).trim().toLowerCase(),
    value: unquote(piece.slice(equals + 1).trim()),
  };
}

/** Text in quotes, for values that may hold separators. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/**
 * Reads a decimal number.
 *
 * @throws {ParseError} if it is none, or above `max`.
 */
export function parseDecimal(
  text: string | undefined,
  max: number,
  context: { readonly format: string; readonly field: string },
): number {
  const value = text !== undefined && /^\d{1,10}$/.test(text)
    ? Number(text)
    : NaN;
  if (value <= max) return value;
  throw headerError(`must be 0 to ${max}`, context);
}

/** An error about a header's value, for the caller to throw. */
export function headerError(
  reason: string,
  context: { readonly format: string; readonly field: string },
  options?: ErrorOptions,
): ParseError {
  return new ParseError(reason, { ...context, offsetBytes: 0 }, options);
}

function unquote(text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) {
    return text;
  }
  return text.slice(1, -1).replace(/\\(.)/g, "$1");
}
