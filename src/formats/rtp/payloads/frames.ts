import { writeU16 } from "#base/big_endian.ts";
import { assert, ParseError } from "#base/errors.ts";
import { joinBytes } from "#base/join_bytes.ts";
import type { RtpPacketizer, RtpPayload } from "#formats/rtp/payload_format.ts";

/** How a payload format lays frames into packets: several whole ones into one, or one over several. */
export interface FrameLayout {
  /** Payload header in front of everything. */
  readonly headBytes: number;
  /** Length field in front of each frame and each fragment. */
  readonly lengthBytes: 0 | 2;
  readonly maxFramesPerPacket: number;
  /** The marker stands on packets in which a frame ends; else it is never set. */
  readonly isEndMarked: boolean;
  /**
   * Ticks from the start of this frame to the start of the next one; undefined if it is none and must not be sent.
   *
   * Asked once for each frame, in order. Hot path.
   */
  frameTicks(frame: Uint8Array): number | undefined;
  /** Writes the payload header of whole frames into zeroed bytes. Hot path. */
  writeHead(bytes: Uint8Array, frameCount: number): void;
  /** Writes the payload header of a fragment into zeroed bytes. Hot path. */
  writeFragmentHead(bytes: Uint8Array, fragment: FrameFragment): void;
}

/** One piece of a frame that is larger than a packet. */
export interface FrameFragment {
  readonly index: number;
  readonly count: number;
  /** Where in the frame it begins. */
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  /** The whole frame. */
  readonly frameSizeBytes: number;
}

/** Lays frames into packets; those of one unit share packets as far as they fit. */
export class FramePacketizer implements RtpPacketizer {
  #layout: FrameLayout;
  #maxPayloadBytes: number;
  /** Frames that wait for their packet to be full. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #waitingTicks = 0;

  /** `maxPayloadBytes`: RTP payload without header. */
  constructor(layout: FrameLayout, maxPayloadBytes: number) {
    this.#layout = layout;
    this.#maxPayloadBytes = maxPayloadBytes;
    assert(
      layout.headBytes + layout.lengthBytes < maxPayloadBytes,
      "a packet has room",
    );
  }

  /** Hot path. */
  packetize(parts: readonly Uint8Array[]): RtpPayload[] {
    const payloads: RtpPayload[] = [];
    let offsetTicks = 0;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]!;
      const ticks = this.#layout.frameTicks(part);
      if (ticks === undefined) continue;
      if (!this.#hasRoomFor(part)) this.#pushWaiting(payloads);
      if (this.#hasRoomFor(part)) {
        if (this.#waiting.length === 0) this.#waitingTicks = offsetTicks;
        this.#waiting.push(part);
        this.#waitingBytes += this.#layout.lengthBytes + part.length;
      } else {
        this.#pushFragments(payloads, part, offsetTicks);
      }
      offsetTicks += ticks;
    }
    this.#pushWaiting(payloads);
    return payloads;
  }

  #hasRoomFor(part: Uint8Array): boolean {
    const { headBytes, lengthBytes, maxFramesPerPacket } = this.#layout;
    const sizeBytes = headBytes + this.#waitingBytes + lengthBytes +
      part.length;
    return this.#waiting.length < maxFramesPerPacket &&
      sizeBytes <= this.#maxPayloadBytes;
  }

  #pushWaiting(payloads: RtpPayload[]): void {
    const frames = this.#waiting;
    if (frames.length === 0) return;
    const { headBytes, lengthBytes, isEndMarked } = this.#layout;
    const bytes = new Uint8Array(headBytes + this.#waitingBytes);
    this.#layout.writeHead(bytes, frames.length);
    let at = headBytes;
    for (let i = 0; i < frames.length; i++) {
      const frame = frames[i]!;
      if (lengthBytes > 0) writeU16(bytes, at, frame.length);
      bytes.set(frame, at + lengthBytes);
      at += lengthBytes + frame.length;
    }
    const offsetTicks = this.#waitingTicks;
    payloads.push({ bytes, marker: isEndMarked, offsetTicks });
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
  }

  #pushFragments(
    payloads: RtpPayload[],
    frame: Uint8Array,
    offsetTicks: number,
  ): void {
    const { headBytes, lengthBytes, isEndMarked } = this.#layout;
    const frontBytes = headBytes + lengthBytes;
    const roomBytes = this.#maxPayloadBytes - frontBytes;
    const count = Math.ceil(frame.length / roomBytes);
    for (let index = 0; index < count; index++) {
      const offsetBytes = index * roomBytes;
      const sizeBytes = Math.min(roomBytes, frame.length - offsetBytes);
      const bytes = new Uint8Array(frontBytes + sizeBytes);
      this.#layout.writeFragmentHead(bytes, {
        index,
        count,
        offsetBytes,
        sizeBytes,
        frameSizeBytes: frame.length,
      });
      if (lengthBytes > 0) writeU16(bytes, headBytes, sizeBytes);
      bytes.set(
        frame.subarray(offsetBytes, offsetBytes + sizeBytes),
        frontBytes,
      );
      const marker = isEndMarked && index === count - 1;
      payloads.push({ bytes, marker, offsetTicks });
    }
  }
}

/** Takes frames that tell their own size out of the payloads of one unit. */
export class FrameCollector {
  /** Whole frames so far: views where possible. */
  readonly frames: Uint8Array[] = [];
  #format: string;
  #frameSizeBytes: (bytes: Uint8Array, at: number) => number | undefined;
  #cutFrame: Uint8Array | undefined;
  #cutFrameBytes = 0;

  /** `frameSizeBytes` reads the size of the frame whose header stands at `at`. */
  constructor(
    format: string,
    frameSizeBytes: (bytes: Uint8Array, at: number) => number | undefined,
  ) {
    this.#format = format;
    this.#frameSizeBytes = frameSizeBytes;
  }

  /**
   * Adds frames from `at` on; the last one may be cut.
   *
   * @throws {ParseError} if there is none, or the one before is not complete.
   */
  begin(payload: Uint8Array, at: number): void {
    this.end();
    if (at >= payload.length) throw this.#error("must not be empty", at);
    while (at < payload.length) {
      const sizeBytes = this.#frameSizeBytes(payload, at);
      if (sizeBytes === undefined) {
        throw this.#error("must begin with a frame header", at);
      }
      if (sizeBytes <= payload.length - at) {
        this.frames.push(payload.subarray(at, at + sizeBytes));
      } else {
        this.#cutFrame = new Uint8Array(sizeBytes);
        this.#cutFrame.set(payload.subarray(at));
        this.#cutFrameBytes = payload.length - at;
      }
      at += sizeBytes;
    }
  }

  /**
   * Adds the next piece of the frame that was cut; `offsetBytes` is where it says to belong, if it does.
   *
   * @throws {ParseError} if no frame was cut, the piece belongs elsewhere or is too long.
   */
  continue(payload: Uint8Array, at: number, offsetBytes?: number): void {
    const frame = this.#cutFrame;
    if (frame === undefined) {
      throw this.#error("must follow the first one of its frame", at);
    }
    if (offsetBytes !== undefined && offsetBytes !== this.#cutFrameBytes) {
      throw this.#error(
        `must be at ${this.#cutFrameBytes} of its frame, found at ${offsetBytes}`,
        at,
      );
    }
    const pieceBytes = payload.length - at;
    if (pieceBytes > frame.length - this.#cutFrameBytes) {
      throw this.#error(
        `must be at most ${
          frame.length - this.#cutFrameBytes
        } bytes, found ${pieceBytes}`,
        at,
      );
    }
    frame.set(payload.subarray(at), this.#cutFrameBytes);
    this.#cutFrameBytes += pieceBytes;
    if (this.#cutFrameBytes < frame.length) return;
    this.frames.push(frame);
    this.#cutFrame = undefined;
  }

  /**
   * Checks that no frame is left cut.
   *
   * @throws {ParseError} if one is.
   */
  end(): void {
    if (this.#cutFrame === undefined) return;
    throw this.#error(
      `must go on to ${this.#cutFrame.length} bytes, found ${this.#cutFrameBytes}`,
      0,
    );
  }

  #error(reason: string, offsetBytes: number): ParseError {
    const format = this.#format;
    return new ParseError(reason, { format, field: "fragment", offsetBytes });
  }
}

/**
 * Joins the payloads of one unit that hold nothing but a piece of its one frame.
 *
 * Output: owned, or a view of the only one.
 *
 * @throws {ParseError} if that is empty, or over `maxBytes`.
 */
export function joinPayloads(
  payloads: readonly Uint8Array[],
  format: string,
  maxBytes: number,
): Uint8Array {
  let sizeBytes = 0;
  for (const payload of payloads) sizeBytes += payload.length;
  if (sizeBytes === 0 || sizeBytes > maxBytes) {
    throw new ParseError(`must be 1 to ${maxBytes} bytes, found ${sizeBytes}`, {
      format,
      field: "fragments",
      offsetBytes: 0,
    });
  }
  return joinBytes(payloads);
}
