import { Buffer } from "node:buffer";

/** Width and height that the parameter sets announce, in macroblocks. */
const WIDTH_MACROBLOCKS = 80;
const HEIGHT_MACROBLOCKS = 45;

/** Marks the place of a frame's write time; no start code can arise in it. */
const STAMP_MARK = new TextEncoder().encode("@stamp:");

/** Hex digits of a write time in microseconds since the epoch. */
const STAMP_DIGITS = 14;

/** Length of a stamp, mark and digits. */
const STAMP_BYTES = STAMP_MARK.length + STAMP_DIGITS;

const NAL_SLICE = 0x41;
const NAL_IDR = 0x65;
const NAL_SPS = 0x67;
const NAL_PPS = 0x68;

/** Wall clock in microseconds, the same in every process of the machine. */
export function wallClockUs(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1_000);
}

/** Sequence parameter set: constrained baseline, level 4, 1280x720, no reordering. */
export const SPS: Uint8Array<ArrayBuffer> = bitsToNal(NAL_SPS, [
  ...[u(8, 66), u(8, 0b1100_0000), u(8, 40)],
  ...[ue(0), ue(0), ue(2), ue(1), u(1, 0)],
  ...[ue(WIDTH_MACROBLOCKS - 1), ue(HEIGHT_MACROBLOCKS - 1)],
  ...[u(1, 1), u(1, 1), u(1, 0), u(1, 0)],
  u(1, 1),
]);

/** Picture parameter set of the simplest kind. */
export const PPS: Uint8Array<ArrayBuffer> = bitsToNal(NAL_PPS, [
  ...[ue(0), ue(0), u(1, 0), u(1, 0), ue(0), ue(0), ue(0)],
  ...[u(1, 0), u(2, 0), ue(0), ue(0), ue(0), u(1, 0), u(1, 0), u(1, 0)],
  u(1, 1),
]);

/**
 * Coded pictures of one size: true slice headers, then the write time, then
 * bytes that are never zero, so that nothing needs to be escaped.
 *
 * No decoder can make pictures of them; a server that carries them sees no
 * difference.
 */
export class FrameSource {
  readonly gopFrames: number;
  #nal: Uint8Array<ArrayBuffer>;
  #frames = 0;

  constructor(options: { frameBytes: number; gopFrames: number }) {
    this.gopFrames = options.gopFrames;
    this.#nal = new Uint8Array(options.frameBytes);
    for (let i = 0; i < this.#nal.length; i++) {
      this.#nal[i] = 1 + Math.floor(Math.random() * 255);
    }
  }

  /** Whether the next frame is an IDR picture. */
  get isNextKeyFrame(): boolean {
    return this.#frames % this.gopFrames === 0;
  }

  /** The next frame's only NAL unit, stamped with now; valid until the next call. */
  next(): Uint8Array<ArrayBuffer> {
    const isKeyFrame = this.isNextKeyFrame;
    const frameNumber = this.#frames % this.gopFrames % 16;
    const header = bitsToNal(
      isKeyFrame ? NAL_IDR : NAL_SLICE,
      isKeyFrame
        ? [ue(0), ue(7), ue(0), u(4, 0), ue(0), u(2, 0), ue(0), u(7, 1)]
        : [ue(0), ue(5), ue(0), u(4, frameNumber), u(3, 0), ue(0), u(7, 1)],
    );
    this.#nal.set(header);
    writeStamp(this.#nal, header.length + 1);
    this.#frames++;
    return this.#nal;
  }
}

/** The parameter sets as an RTMP sequence header wants them. */
export function avcDecoderConfiguration(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([
    ...[1, SPS[1]!, SPS[2]!, SPS[3]!, 0xff],
    ...[0xe1, SPS.length >> 8, SPS.length & 0xff, ...SPS],
    ...[1, PPS.length >> 8, PPS.length & 0xff, ...PPS],
  ]);
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

  /** Returns the delays noted since the last call, in microseconds. */
  takeAll(): number[] {
    return this.#delaysUs.splice(0);
  }
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

/** Fixed-length field of a bit string. */
function u(lengthBits: number, value: number): string {
  return value.toString(2).padStart(lengthBits, "0");
}

/** Exp-Golomb field of a bit string. */
function ue(value: number): string {
  const digits = (value + 1).toString(2);
  return "0".repeat(digits.length - 1) + digits;
}

/** A NAL unit of the fields, filled up with zero bits. */
function bitsToNal(
  header: number,
  fields: readonly string[],
): Uint8Array<ArrayBuffer> {
  const bits = fields.join("");
  const lengthBytes = Math.ceil(bits.length / 8);
  const filled = bits.padEnd(lengthBytes * 8, "0");
  return Uint8Array.from([
    header,
    ...Array.from(
      { length: lengthBytes },
      (_, i) => parseInt(filled.slice(i * 8, i * 8 + 8), 2),
    ),
  ]);
}
