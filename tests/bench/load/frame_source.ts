import { Buffer } from "node:buffer";
import { h264 } from "./codecs/h264.ts";
import type { LoadCodec } from "./codecs/load_codec.ts";

/** Marks the place of a frame's write time; no start code can arise in it. */
const STAMP_MARK = new TextEncoder().encode("@stamp:");

/** Hex digits of a write time in microseconds since the epoch. */
const STAMP_DIGITS = 14;

/** Length of a stamp, mark and digits. */
const STAMP_BYTES = STAMP_MARK.length + STAMP_DIGITS;

/** Wall clock in microseconds, the same in every process of the machine. */
export function wallClockUs(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1_000);
}

/**
 * Coded pictures of one size: true headers, then the write time, then bytes
 * that are never zero, so that nothing needs to be escaped.
 *
 * No decoder can make pictures of them; a server that carries them sees no
 * difference.
 */
export class FrameSource {
  readonly gopFrames: number;
  #codec: LoadCodec;
  #picture: Uint8Array<ArrayBuffer>;
  #frames = 0;

  constructor(
    options: { frameBytes: number; gopFrames: number; codec?: LoadCodec },
  ) {
    this.gopFrames = options.gopFrames;
    this.#codec = options.codec ?? h264;
    this.#picture = new Uint8Array(options.frameBytes);
    for (let i = 0; i < this.#picture.length; i++) {
      this.#picture[i] = 1 + Math.floor(Math.random() * 255);
    }
  }

  /** Whether the next frame is a key frame. */
  get isNextKeyFrame(): boolean {
    return this.#frames % this.gopFrames === 0;
  }

  /** The next frame's only NAL unit or OBU, stamped with now; valid until the next call. */
  next(): Uint8Array<ArrayBuffer> {
    const header = this.#codec.pictureHeader(this.#frames % this.gopFrames);
    this.#picture.set(header);
    writeStamp(this.#picture, header.length + 1);
    this.#frames++;
    return this.#picture;
  }
}

/** Looks for stamps in what one reader receives and notes how old they are. */
export class StampFinder {
  #delaysUs: number[] = [];
  /** The last bytes of a stream: the next ones may complete a stamp. */
  #tail: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  /** Takes the next bytes of a stream, read just now. */
  pushStream(chunk: Uint8Array): void {
    const seam = concat(this.#tail, chunk.subarray(0, STAMP_BYTES - 1));
    this.push(seam);
    if (chunk.length >= STAMP_BYTES) this.push(chunk);
    const end = chunk.length < STAMP_BYTES ? seam : chunk;
    this.#tail = end.slice(-(STAMP_BYTES - 1));
  }

  /** Takes a datagram, received just now. */
  push(datagram: Uint8Array): void {
    const { buffer, byteOffset, length } = datagram;
    const nowUs = wallClockUs();
    const view = Buffer.from(buffer, byteOffset, length);
    let at = view.indexOf(STAMP_MARK);
    while (at >= 0 && at + STAMP_BYTES <= length) {
      const digits = view.toString(
        "latin1",
        at + STAMP_MARK.length,
        at + STAMP_BYTES,
      );
      this.#delaysUs.push(nowUs - parseInt(digits, 16));
      at = view.indexOf(STAMP_MARK, at + STAMP_BYTES);
    }
  }

  /** Notes a delay that was found elsewhere. */
  note(delayUs: number): void {
    this.#delaysUs.push(delayUs);
  }

  /** Returns the delays noted since the last call, in microseconds. */
  takeAll(): number[] {
    return this.#delaysUs.splice(0);
  }
}

/** When the last frame in `bytes` was written; undefined if there is none. */
export function lastStampUs(bytes: Uint8Array): number | undefined {
  let at = bytes.length - STAMP_BYTES + 1;
  while (at > 0) {
    at = bytes.lastIndexOf(STAMP_MARK[0]!, at - 1);
    if (at < 0) return undefined;
    if (!STAMP_MARK.every((byte, i) => bytes[at + i] === byte)) continue;
    const digits = bytes.subarray(at + STAMP_MARK.length, at + STAMP_BYTES);
    return parseInt(String.fromCharCode(...digits), 16);
  }
  return undefined;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

function writeStamp(bytes: Uint8Array, at: number): void {
  bytes.set(STAMP_MARK, at);
  const digits = wallClockUs().toString(16).padStart(STAMP_DIGITS, "0");
  for (let i = 0; i < STAMP_DIGITS; i++) {
    bytes[at + STAMP_MARK.length + i] = digits.charCodeAt(i);
  }
}
