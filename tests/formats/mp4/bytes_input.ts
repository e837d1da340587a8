import type { RandomAccessInput } from "#formats/mp4/random_access_input.ts";

/** A file that is bytes, and what was read of it. */
export class BytesInput implements RandomAccessInput {
  readonly sizeBytes: number;
  /** Reads so far. */
  reads = 0;
  /** Bytes of the largest read. */
  largestReadBytes = 0;
  #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.sizeBytes = bytes.length;
  }

  readAt(offsetBytes: number, lengthBytes: number): Promise<Uint8Array> {
    this.reads++;
    this.largestReadBytes = Math.max(this.largestReadBytes, lengthBytes);
    const end = offsetBytes + lengthBytes;
    return Promise.resolve(this.#bytes.slice(offsetBytes, end));
  }
}
