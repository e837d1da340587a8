import { joinBytes } from "#base/join_bytes.ts";
import type { CodecParameters } from "#codecs/codec.ts";
import type { AccessUnit, PesPacket, StreamReader } from "./ts_codec.ts";

/** One frame taken apart. */
export interface AudioFrame {
  /** What is passed on of it: mostly one part. */
  readonly parts: readonly Uint8Array[];
  /** How long it lasts, in 90 kHz ticks, fractions included. */
  readonly durationTicks: number;
  /** Parameters that hold for it: the same object until they change. */
  readonly codec: CodecParameters;
}

/** Frames that are taken from one packet. */
const MAX_FRAMES = 1_024;

const EMPTY = new Uint8Array(0);

/**
 * Reads frames of sound that tell their own size, wherever PES packets cut them.
 *
 * A packet's time is that of the first frame that begins in it; the other frames follow each other.
 * Limits: 1,024 frames a packet, what follows is passed over; keeps less than one frame.
 * Spec: ISO/IEC 13818-1 §2.4.3.7 (`PTS` of audio).
 */
export abstract class AudioReader implements StreamReader {
  codec: CodecParameters | undefined;
  #onError: (message: string) => void;
  /** Start of a frame that goes on in the next packet. */
  #rest: Uint8Array = EMPTY;
  /** Time of the frame that comes next; undefined before the first packet with one. */
  #nextTicks: number | undefined;

  /** `onError` is told of bytes outside frames. */
  constructor(onError: (message: string) => void) {
    this.#onError = onError;
  }

  /** Bytes from which the size of a frame can be told. */
  protected abstract readonly headerBytes: number;

  /** Size of the frame that begins at `at`, over {@linkcode headerBytes}; 0 if none begins there. Hot path. */
  protected abstract frameSizeBytes(bytes: Uint8Array, at: number): number;

  /** Takes one whole frame apart; undefined if it is none after all. Hot path. */
  protected abstract readFrame(frame: Uint8Array): AudioFrame | undefined;

  read(pes: PesPacket): readonly AccessUnit[] {
    const restBytes = this.#rest.length;
    const bytes = restBytes === 0
      ? pes.payload
      : joinBytes([this.#rest, pes.payload]);
    const units: AccessUnit[] = [];
    let packetTicks = pes.ptsTicks;
    let parts: Uint8Array[] = [];
    let startTicks = this.#nextTicks ?? 0;
    let skippedBytes = 0;
    let frameCount = 0;
    let at = 0;
    while (at + this.headerBytes <= bytes.length) {
      if (frameCount === MAX_FRAMES) {
        skippedBytes += bytes.length - at;
        at = bytes.length;
        break;
      }
      const sizeBytes = this.frameSizeBytes(bytes, at);
      if (sizeBytes === 0) {
        at++;
        skippedBytes++;
        continue;
      }
      if (at >= restBytes && packetTicks !== undefined) {
        this.#close(units, parts, startTicks);
        parts = [];
        this.#nextTicks = packetTicks;
        packetTicks = undefined;
      }
      if (at + sizeBytes > bytes.length) break;
      const frame = this.readFrame(bytes.subarray(at, at + sizeBytes));
      at += sizeBytes;
      frameCount++;
      if (frame === undefined) {
        skippedBytes += sizeBytes;
        continue;
      }
      if (this.codec !== frame.codec) {
        this.#close(units, parts, startTicks);
        parts = [];
        this.codec = frame.codec;
      }
      if (this.#nextTicks === undefined) continue;
      if (parts.length === 0) startTicks = this.#nextTicks;
      for (const part of frame.parts) parts.push(part);
      this.#nextTicks += frame.durationTicks;
    }
    this.#close(units, parts, startTicks);
    // A header that is cut begins in this packet, too.
    if (at >= restBytes && at < bytes.length && packetTicks !== undefined) {
      this.#nextTicks = packetTicks;
    }
    this.#rest = at < bytes.length ? bytes.slice(at) : EMPTY;
    if (skippedBytes > 0) {
      this.#onError(`${skippedBytes} bytes outside of audio frames`);
    }
    return units;
  }

  handleGap(): void {
    this.#rest = EMPTY;
    this.#nextTicks = undefined;
  }

  #close(
    units: AccessUnit[],
    parts: readonly Uint8Array[],
    startTicks: number,
  ): void {
    if (parts.length === 0 || this.codec === undefined) return;
    const ticks = Math.round(startTicks);
    units.push({
      ptsTicks: ticks,
      dtsTicks: ticks,
      isRandomAccess: true,
      parts,
      codec: this.codec,
    });
  }
}
