/** Where in a structure a {@linkcode ParseError} happened. */
export interface ParseErrorContext {
  /** Wire structure in the words of its specification, e.g. `"RTMP chunk header"`. */
  format: string;
  /** Dotted path of the field that failed, e.g. `"sps[0].level_idc"`. */
  field: string;
  /** Offset of that field from the start of the parsed bytes. */
  offsetBytes: number;
}

/** Bytes or text from a peer that do not follow the format. */
export class ParseError extends SyntaxError {
  override readonly name = "ParseError";
  /** Wire structure in the words of its specification. */
  readonly format: string;
  /** Dotted path of the field that failed. */
  readonly field: string;
  /** Offset of that field from the start of the parsed bytes. */
  readonly offsetBytes: number;

  /** `reason` says what was found and what was wanted. */
  constructor(
    reason: string,
    context: ParseErrorContext,
    options?: ErrorOptions,
  ) {
    const { format, field, offsetBytes } = context;
    super(
      `Cannot parse ${format}: ${field} at byte ${offsetBytes}: ${reason}`,
      options,
    );
    this.format = format;
    this.field = field;
    this.offsetBytes = offsetBytes;
  }
}

/**
 * Checks an invariant of this program.
 *
 * @throws {Error} if `condition` is false: a bug here, never a peer's fault.
 */
export function assert(
  condition: unknown,
  promise: string,
): asserts condition {
  if (!condition) throw new Error(`Broken invariant: ${promise}`);
}

/** Text of anything that was thrown, for logs. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Text of anything that was thrown with the places it came through: for errors that are bugs of this program. */
export function errorStack(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

/**
 * Opens something whose address is a config key; an error then names the key and the remedy.
 *
 * @throws {Error} what `open` throws, with the key.
 */
export function namingKey<T>(key: string, open: () => T): T {
  try {
    return open();
  } catch (cause) {
    throw addressError(key, cause);
  }
}

/** Something whose address is a config key cannot be opened because of `cause`: names the key and the remedy. */
export function addressError(key: string, cause: unknown): Error {
  return new Error(
    `${
      errorText(cause)
    } (config key ${key}): end the program that uses it, or set ${key} to another address`,
    { cause },
  );
}
