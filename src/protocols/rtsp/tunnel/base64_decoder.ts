import { ParseError } from "#base/errors.ts";

const ALPHABET =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PADDING = 0x3d;

/** What no character of the alphabet stands for. */
const SKIPPED = 64;
const INVALID = 65;

/** Six bits by character. */
const SEXTETS = new Uint8Array(256).fill(INVALID);
for (let i = 0; i < ALPHABET.length; i++) SEXTETS[ALPHABET.charCodeAt(i)] = i;
for (const space of " \t\r\n") SEXTETS[space.charCodeAt(0)] = SKIPPED;

/**
 * Decodes a stream of base64.
 *
 * Spec: RFC 4648 §4.
 * Deviates: padding may stand in the middle, since peers encode each of their messages by itself [FFmpeg, GStreamer];
 * spaces and line breaks are skipped.
 */
export class Base64Decoder {
  /** Characters of the group that has begun, 0 to 3, and their bits that no byte has taken yet. */
  #position = 0;
  #bits = 0;
  /** How many characters of padding have to follow. */
  #missingPadding = 0;
  /** Characters before the chunk that is being decoded. */
  #decodedBytes = 0;

  /**
   * Decodes the first `count` bytes in place: each character gives one byte at most.
   *
   * Hot path. Output: how many bytes there are now.
   *
   * @throws {ParseError} if a character is none of base64, or padding stands where none may.
   */
  decode(bytes: Uint8Array, count: number): number {
    let bits = this.#bits;
    let position = this.#position;
    let written = 0;
    for (let at = 0; at < count; at++) {
      const character = bytes[at]!;
      const sextet = SEXTETS[character]!;
      if (sextet === SKIPPED) continue;
      if (character === PADDING) {
        this.#pad(position, at);
        position = 0;
        continue;
      }
      if (sextet === INVALID || this.#missingPadding > 0) {
        throw this.#error(`found a byte ${character}`, at);
      }
      bits = (bits << 6 | sextet) & 0xfff;
      if (position === 0) position = 1;
      else {
        // 4, 2 and then 0 bits stay for the next byte.
        bytes[written++] = bits >> 6 - 2 * position;
        position = position + 1 & 3;
      }
    }
    this.#bits = bits;
    this.#position = position;
    this.#decodedBytes += count;
    return written;
  }

  #pad(position: number, at: number): void {
    if (this.#missingPadding > 0) this.#missingPadding--;
    else if (position < 2) throw this.#error("found padding", at);
    else this.#missingPadding = 3 - position;
  }

  #error(found: string, at: number): ParseError {
    return new ParseError(`must be base64, ${found}`, {
      format: "body of the HTTP tunnel",
      field: "character",
      offsetBytes: this.#decodedBytes + at,
    });
  }
}
