import { ParseError } from "#base/errors.ts";
import { seededRandom } from "#test/splits.ts";

const EMPTY_SUM = 0x811c9dc5;

/** A parser that is fed with pieces of a stream. */
export interface StreamParser {
  /** Takes the next piece, borrowed. */
  push(chunk: Uint8Array): void;
}

/** Notes what comes out of a stream parser, bytes by their number and a sum. */
export class StreamOutput {
  /** What came out so far, in order. */
  text = "";
  /** Of a stream of bytes that came out. */
  bytesText = "";
  #sum = EMPTY_SUM;
  #countBytes = 0;

  /** Notes one thing and its bytes. */
  add(name: string, ...parts: readonly Uint8Array[]): void {
    this.text += ` ${name}`;
    for (const part of parts) this.text += `:${part.length}/${sumOf(part)}`;
  }

  /** Notes bytes of a stream, cut anywhere; those before an error count for nothing. */
  addBytes(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#countBytes += bytes.length;
    this.#sum = sumOf(bytes, this.#sum);
    this.bytesText = ` ${this.#countBytes} bytes/${this.#sum}`;
  }
}

/**
 * A run for a parser of a stream: the whole input at once, then in random chunks, which must give the same.
 *
 * `open` makes a parser whose output goes where it is told.
 */
export function takesStream(
  open: (output: StreamOutput) => StreamParser,
): (input: Uint8Array<ArrayBuffer>) => boolean {
  return (input) => {
    const whole = outcomeOf(open, [input]);
    const cut = outcomeOf(open, randomChunks(input));
    if (whole.text !== cut.text) {
      throw new Error(
        `Chunks give another result: "${cut.text}", wanted "${whole.text}"`,
      );
    }
    if (whole.error !== undefined) throw whole.error;
    return whole.hasOutput;
  };
}

function outcomeOf(
  open: (output: StreamOutput) => StreamParser,
  chunks: readonly Uint8Array[],
): { text: string; hasOutput: boolean; error: unknown } {
  const output = new StreamOutput();
  const parser = open(output);
  let error: unknown;
  try {
    for (const chunk of chunks) parser.push(chunk);
  } catch (thrown) {
    error = thrown;
    const where = thrown instanceof ParseError ? thrown.field : String(thrown);
    output.text += ` !${where}`;
    output.bytesText = "";
  }
  const text = output.text + output.bytesText;
  return { text, hasOutput: error === undefined && text !== "", error };
}

/** Chunks of 1 to 40 bytes, of long inputs also longer ones: the same for the same input. */
function randomChunks(input: Uint8Array): Uint8Array[] {
  const random = seededRandom(sumOf(input));
  const longest = Math.max(40, input.length >> 6);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < input.length;) {
    const end = at + 1 + Math.floor(random() * longest);
    chunks.push(input.slice(at, end));
    at = end;
  }
  return chunks;
}

/** FNV-1a. */
function sumOf(bytes: Uint8Array, from = EMPTY_SUM): number {
  let sum = from;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193);
  return sum >>> 0;
}
