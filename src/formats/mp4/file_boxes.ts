import { ParseError } from "#base/errors.ts";
import {
  type BoxHeader,
  MAX_BOX_HEADER_BYTES,
  readBoxHeader,
} from "#formats/fmp4/box_reader.ts";
import { InputWindow, type RandomAccessInput } from "./random_access_input.ts";

/** Boxes of a file that are looked at; two days of a recording with parts of a second. */
export const MAX_FILE_BOXES = 400_000;

/** Most bytes of one box that is read as a whole: headers of very long files. */
export const MAX_HEADER_BOX_BYTES = 64 * 1_024 * 1_024;

/** Headers stand far apart: little is read around them. */
const WINDOW_BYTES = 4_096;

/** A box of a file. */
export interface FileBox extends BoxHeader {
  readonly offsetBytes: number;
}

/** Walks through the boxes of a file without reading what is in them. */
export class FileBoxes {
  #input: RandomAccessInput;
  #window: InputWindow;
  #offsetBytes: number;
  #leftBoxes = MAX_FILE_BOXES;

  /** Begins at `offsetBytes`, where a box must begin. */
  constructor(input: RandomAccessInput, offsetBytes = 0) {
    this.#input = input;
    this.#window = new InputWindow(input, WINDOW_BYTES);
    this.#offsetBytes = offsetBytes;
  }

  /** Where the next box begins, if there is one. */
  get offsetBytes(): number {
    return this.#offsetBytes;
  }

  /**
   * The next box; undefined where the file ends, or is cut.
   *
   * @throws {ParseError} if what stands there is no box, or there are too many.
   */
  async next(): Promise<FileBox | undefined> {
    const offsetBytes = this.#offsetBytes;
    const bytes = await this.#window.read(offsetBytes, MAX_BOX_HEADER_BYTES);
    const header = readBoxHeader(bytes);
    if (header === undefined) return undefined;
    const leftBytes = this.#input.sizeBytes - offsetBytes;
    const sizeBytes = header.sizeBytes === Infinity
      ? leftBytes
      : header.sizeBytes;
    if (sizeBytes > leftBytes) return undefined;
    if (this.#leftBoxes-- === 0) {
      throw fileError(`must be at most ${MAX_FILE_BOXES}`, "boxes", 0);
    }
    this.#offsetBytes += sizeBytes;
    return { ...header, sizeBytes, offsetBytes };
  }

  /**
   * Reads the content of a box.
   *
   * Limits: {@linkcode MAX_HEADER_BOX_BYTES}.
   *
   * @throws {ParseError} if it is over the limit, or the file has become shorter.
   */
  async readBody(box: FileBox): Promise<Uint8Array> {
    const bodyBytes = box.sizeBytes - box.headerBytes;
    const bodyAt = box.offsetBytes + box.headerBytes;
    if (bodyBytes > MAX_HEADER_BOX_BYTES) {
      throw fileError(
        `must be at most ${MAX_HEADER_BOX_BYTES} bytes, found ${bodyBytes}`,
        box.type,
        box.offsetBytes,
      );
    }
    const body = await this.#window.read(bodyAt, bodyBytes);
    if (body.length === bodyBytes) return body;
    throw fileError("is cut", box.type, box.offsetBytes);
  }
}

/** What is wrong with a file. */
export function fileError(
  reason: string,
  field: string,
  offsetBytes: number,
): ParseError {
  return new ParseError(reason, { format: "MP4 file", field, offsetBytes });
}
