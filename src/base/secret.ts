/** What stands in the place of every secret. */
export const REDACTED = "<redacted>";

/**
 * Text that must not reach logs, error texts or API answers.
 *
 * Every way of printing it gives `<redacted>`; only {@linkcode Secret.reveal} gives the text.
 */
export class Secret {
  readonly #text: string;

  /** Hides `text`. */
  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself, for the one place that needs it. */
  reveal(): string {
    return this.#text;
  }

  /** `<redacted>`. */
  toString(): string {
    return REDACTED;
  }

  /** `<redacted>`, for `JSON.stringify`. */
  toJSON(): string {
    return REDACTED;
  }

  /** `<redacted>`, for string templates and concatenation. */
  [Symbol.toPrimitive](): string {
    return REDACTED;
  }

  /** `<redacted>`, for the console. */
  [Symbol.for("Deno.customInspect")](): string {
    return REDACTED;
  }

  /** `<redacted>`, for `node:util` and what is built on it. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return REDACTED;
  }
}
