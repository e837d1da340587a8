import { RTMP_PREFIX_BYTES } from "./codecs/load_codec.ts";
import type { RtmpCounter } from "./media_counter.ts";

const LF = 0x0a;

/** Header of the file, and the length of the tag before the first. */
const FILE_HEADER_BYTES = 9 + 4;
const TAG_HEADER_BYTES = 11;
const PREVIOUS_LENGTH_BYTES = 4;
const VIDEO_TAG = 9;

/** Counts the video tags of a live FLV file that comes as an HTTP/1.1 answer, in chunks or until it ends. */
export class FlvWalker {
  #counter: RtmpCounter;
  /** Head of the answer, until it is complete; then lines between chunks. */
  #text = "";
  #isInBody = false;
  #chunkRestBytes = 0;
  #skipBytes = FILE_HEADER_BYTES;
  #header: Uint8Array<ArrayBuffer> = new Uint8Array(TAG_HEADER_BYTES);
  #headerBytes = 0;
  #dataRestBytes = 0;
  #prefix: number[] = [];

  constructor(counter: RtmpCounter) {
    this.#counter = counter;
  }

  /** Takes the next bytes, wherever they were cut. @throws {Error} if the answer is a refusal. */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#chunkRestBytes === 0) {
        this.#text += String.fromCharCode(chunk[at]!);
        if (chunk[at++] === LF) this.#takeLine();
        continue;
      }
      const taken = Math.min(this.#chunkRestBytes, chunk.length - at);
      this.#pushFile(chunk.subarray(at, at + taken));
      this.#chunkRestBytes -= taken;
      at += taken;
    }
  }

  #takeLine(): void {
    if (!this.#isInBody) {
      if (!this.#text.endsWith("\r\n\r\n")) return;
      if (!this.#text.startsWith("HTTP/1.1 200 ")) {
        throw new Error(`Cannot read this as FLV: ${this.#text}`);
      }
      this.#isInBody = true;
      const isChunked = /\r\ntransfer-encoding: chunked\r\n/i.test(this.#text);
      if (!isChunked) this.#chunkRestBytes = Infinity;
    } else if (this.#text !== "\r\n") {
      this.#chunkRestBytes = parseInt(this.#text, 16);
    }
    this.#text = "";
  }

  #pushFile(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const rest = bytes.length - at;
      if (this.#skipBytes > 0) {
        const taken = Math.min(this.#skipBytes, rest);
        this.#skipBytes -= taken;
        at += taken;
      } else if (this.#headerBytes < TAG_HEADER_BYTES) {
        this.#header[this.#headerBytes++] = bytes[at++]!;
        if (this.#headerBytes === TAG_HEADER_BYTES) this.#beginTag();
      } else {
        const taken = Math.min(this.#dataRestBytes, rest);
        for (let i = at; i < at + taken; i++) {
          if (this.#prefix.length === RTMP_PREFIX_BYTES) break;
          this.#prefix.push(bytes[i]!);
        }
        this.#dataRestBytes -= taken;
        at += taken;
        if (this.#dataRestBytes === 0) this.#endTag();
      }
    }
  }

  #beginTag(): void {
    this.#dataRestBytes = this.#dataBytes;
    if (this.#dataRestBytes === 0) this.#endTag();
  }

  #endTag(): void {
    const [type, , , , high, middle, low, top] = this.#header;
    if (type === VIDEO_TAG) {
      const timestampMs = top! << 24 | high! << 16 | middle! << 8 | low!;
      this.#counter.push(timestampMs, this.#dataBytes, this.#prefix);
    }
    this.#prefix = [];
    this.#headerBytes = 0;
    this.#skipBytes = PREVIOUS_LENGTH_BYTES;
  }

  get #dataBytes(): number {
    return this.#header[1]! << 16 | this.#header[2]! << 8 | this.#header[3]!;
  }
}
