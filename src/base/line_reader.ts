import { ParseError } from "./errors.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Limits of a {@linkcode LineReader} and what its errors call the text. */
export interface LineReaderOptions {
  /** Structure that is being read, for error texts. */
  format: string;
  /** Longest line without its end; beyond, {@linkcode LineReader.next} throws. */
  maxLineBytes: number;
}

/**
 * Cursor over the lines of a whole text, which end with CR LF, LF or CR.
 *
 * Spec: RFC 2326 §4 (line ends). Text is UTF-8; what is not becomes U+FFFD.
 */
export class LineReader {
  /** Number of the line read last, from 1; 0 before the first one. */
  lineNumber = 0;
  /** Where the line read last starts. */
  offsetBytes = 0;
  #bytes: Uint8Array;
  #nextOffset = 0;
  #options: LineReaderOptions;
  #decoder = new TextDecoder();

  /** Starts before the first line of `bytes`. */
  constructor(bytes: Uint8Array, options: LineReaderOptions) {
    this.#bytes = bytes;
    this.#options = options;
  }

  /**
   * Reads a line without its end; undefined behind the last one, which needs no end.
   *
   * @throws {ParseError} if the line is longer than the limit.
   */
  next(): string | undefined {
    if (this.#nextOffset >= this.#bytes.length) return undefined;
    this.offsetBytes = this.#nextOffset;
    this.lineNumber++;
    let end = this.offsetBytes;
    while (end < this.#bytes.length && !isLineEnd(this.#bytes[end]!)) end++;
    const lengthBytes = end - this.offsetBytes;
    if (lengthBytes > this.#options.maxLineBytes) {
      throw this.error(
        `has ${lengthBytes} bytes, allowed are ${this.#options.maxLineBytes}`,
      );
    }
    const isPair = this.#bytes[end] === CARRIAGE_RETURN &&
      this.#bytes[end + 1] === LINE_FEED;
    this.#nextOffset = end + (isPair ? 2 : 1);
    return this.#decoder.decode(this.#bytes.subarray(this.offsetBytes, end));
  }

  /** An error about the line read last, for the caller to throw; `field` names a part of it. */
  error(reason: string, field?: string): ParseError {
    const line = `line ${this.lineNumber}`;
    return new ParseError(reason, {
      format: this.#options.format,
      field: field === undefined ? line : `${line} ${field}`,
      offsetBytes: this.offsetBytes,
    });
  }
}

function isLineEnd(byte: number): boolean {
  return byte === LINE_FEED || byte === CARRIAGE_RETURN;
}
