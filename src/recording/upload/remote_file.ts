import { errorText } from "#base/errors.ts";
import type { RandomAccessInput } from "#formats/mp4/random_access_input.ts";
import { PlatformError } from "#platform/errors.ts";
import { S3Error, type S3Range, type S3Span } from "./s3_client.ts";

/** What is asked for first: the header of a recording is in it. */
const HEAD_BYTES = 16_384;

/** What is asked for at once. */
const BLOCK_BYTES = 262_144;

/** Blocks that are asked for at once where the one before was read. */
const BLOCKS_AHEAD = 4;

/** Blocks that are kept. */
const MAX_BLOCKS = 12;

/** A file in a bucket that is read where it is needed. */
export class RemoteFile implements RandomAccessInput, Disposable {
  /** Bytes that it has: it is complete. */
  readonly sizeBytes: number;
  /** Some of its first ones. */
  readonly head: Uint8Array;
  #options: RemoteFileOptions;
  /** By number, the one that was not read for the longest time first. */
  #blocks = new Map<number, Uint8Array>();
  /** Reads follow each other: what one fetches the next one may need. */
  #last: Promise<unknown> = Promise.resolve();
  #ending = new AbortController();

  /** `head`: some of its first bytes. */
  constructor(options: RemoteFileOptions, head: S3Range) {
    this.#options = options;
    this.sizeBytes = head.sizeBytes;
    this.head = head.bytes;
  }

  readAt(offsetBytes: number, lengthBytes: number): Promise<Uint8Array> {
    const reading = this.#last.then(() => this.#read(offsetBytes, lengthBytes));
    this.#last = reading.catch(() => {}); // whoever asked is told
    return reading;
  }

  /** Cuts off what is under way. Idempotent. */
  [Symbol.dispose](): void {
    this.#ending.abort(new Error("nobody reads it any more"));
  }

  async #read(offsetBytes: number, lengthBytes: number): Promise<Uint8Array> {
    const end = Math.min(offsetBytes + lengthBytes, this.sizeBytes);
    if (end <= this.head.length) return this.head.slice(offsetBytes, end);
    const bytes = new Uint8Array(Math.max(0, end - offsetBytes));
    for (let at = 0; at < bytes.length;) {
      const position = offsetBytes + at;
      const number = Math.floor(position / BLOCK_BYTES);
      const block = await this.#block(number);
      const from = position - number * BLOCK_BYTES;
      const piece = block.subarray(from, from + bytes.length - at);
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }

  async #block(number: number): Promise<Uint8Array> {
    const known = this.#blocks.get(number);
    if (known) {
      this.#blocks.delete(number);
      this.#blocks.set(number, known);
      return known;
    }
    const count = this.#blocks.has(number - 1) ? BLOCKS_AHEAD : 1;
    const { bytes, sizeBytes } = await readSpan(
      this.#options,
      {
        offsetBytes: number * BLOCK_BYTES,
        lengthBytes: Math.min(
          count * BLOCK_BYTES,
          this.sizeBytes - number * BLOCK_BYTES,
        ),
      },
      AbortSignal.any([this.#ending.signal, this.#options.signal]),
    );
    if (sizeBytes !== this.sizeBytes) {
      throw new PlatformError(`read ${this.#options.url}`, "it has changed", {
        code: "other",
      });
    }
    for (let i = count - 1; i >= 0; i--) {
      const from = i * BLOCK_BYTES;
      if (from >= bytes.length) continue;
      this.#keep(number + i, bytes.subarray(from, from + BLOCK_BYTES));
    }
    return this.#blocks.get(number)!;
  }

  #keep(number: number, bytes: Uint8Array): void {
    this.#blocks.set(number, bytes);
    const [oldest] = this.#blocks.keys();
    if (this.#blocks.size > MAX_BLOCKS) this.#blocks.delete(oldest!);
  }
}

/** Where a file is. */
export interface RemoteFileOptions {
  readonly url: string;
  /** Reads bytes of it, from within it. @throws {S3Error | Error} */
  readonly read: (span: S3Span, signal: AbortSignal) => Promise<S3Range>;
  /** Cuts off what is under way, too. */
  readonly signal: AbortSignal;
}

/**
 * Opens a file in a bucket.
 *
 * @throws {PlatformError} `not_found`, or another reason.
 */
export async function openRemoteFile(
  options: RemoteFileOptions,
): Promise<RemoteFile> {
  const span = { offsetBytes: 0, lengthBytes: HEAD_BYTES };
  return new RemoteFile(options, await readSpan(options, span, options.signal));
}

async function readSpan(
  { read, url }: RemoteFileOptions,
  span: S3Span,
  signal: AbortSignal,
): Promise<S3Range> {
  try {
    const range = await read(span, signal);
    const left = Math.min(
      span.lengthBytes,
      range.sizeBytes - span.offsetBytes,
    );
    if (range.bytes.length === left) return range;
    throw new Error(`${left} bytes were wanted, ${range.bytes.length} came`);
  } catch (cause) {
    const isGone = cause instanceof S3Error && cause.isNotFound;
    const code = isGone ? "not_found" : "other";
    throw new PlatformError(`read ${url}`, errorText(cause), { code, cause });
  }
}
