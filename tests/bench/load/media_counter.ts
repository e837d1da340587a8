import {
  type LoadCodec,
  RTP_PAYLOAD_PREFIX_BYTES,
} from "./codecs/load_codec.ts";

/** RTP header without options; nothing that a bench meets has any. */
const RTP_HEADER_BYTES = 12;

/** RTP header and the bytes that tell a key frame. */
export const RTP_PREFIX_BYTES: number = RTP_HEADER_BYTES +
  RTP_PAYLOAD_PREFIX_BYTES;

/** Set in the first byte of a video message that names its codec by a FourCC. */
const HAS_FOUR_CC = 0x80;

/** Types of video messages that hold a picture or none; without FourCC, too. */
const SEQUENCE_START = 0;
const CODED_FRAMES = 1;
const CODED_FRAMES_X = 3;

/** What one reader has received. */
export abstract class MediaCounter {
  /** Media without the headers of the protocol. */
  payloadBytes = 0;
  /** Packets (RTP), frames (RTMP, FLV) or parts (HLS) that are missing between others. */
  lost = 0;
  /** Requests that were answered, where there are any. */
  requests = 0;
  /** Answers that were not what was asked for. */
  errors = 0;
  /** Settles when the first key frame begins to arrive. */
  readonly keyFrame: Promise<void>;
  #resolveKeyFrame: () => void;
  #hasKeyFrame = false;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.keyFrame = promise;
    this.#resolveKeyFrame = resolve;
  }

  protected noteKeyFrame(): void {
    if (this.#hasKeyFrame) return;
    this.#hasKeyFrame = true;
    this.#resolveKeyFrame();
  }
}

/** Counts RTP packets of one track, gaps by sequence number. */
export class RtpCounter extends MediaCounter {
  #codec: LoadCodec;
  #nextSequenceNumber = -1;

  constructor(codec: LoadCodec) {
    super();
    this.#codec = codec;
  }

  /** Counts a packet of `sizeBytes` of which `prefix` is the beginning. */
  push(prefix: Uint8Array, sizeBytes: number): void {
    const sequenceNumber = prefix[2]! << 8 | prefix[3]!;
    if (this.#nextSequenceNumber >= 0) {
      const gap = (sequenceNumber - this.#nextSequenceNumber) & 0xffff;
      if (gap < 0x8000) this.lost += gap;
    }
    this.#nextSequenceNumber = (sequenceNumber + 1) & 0xffff;
    this.payloadBytes += sizeBytes - RTP_HEADER_BYTES;
    if (this.#codec.isRtpKeyFrame(prefix, RTP_HEADER_BYTES)) {
      this.noteKeyFrame();
    }
  }
}

/**
 * Counts RTMP video messages, gaps by timestamp.
 *
 * What comes before the decoder configuration is of no use and does not count.
 */
export class RtmpCounter extends MediaCounter {
  #codec: LoadCodec;
  #framesPerSecond: number;
  #isConfigured = false;
  #lastTimestampMs = -1;

  constructor(codec: LoadCodec, framesPerSecond: number) {
    super();
    this.#codec = codec;
    this.#framesPerSecond = framesPerSecond;
  }

  /** Counts a video message of `sizeBytes` of which `prefix` is the beginning. */
  push(
    timestampMs: number,
    sizeBytes: number,
    prefix: readonly number[],
  ): void {
    const hasFourCc = (prefix[0]! & HAS_FOUR_CC) !== 0;
    const type = hasFourCc ? prefix[0]! & 0b1111 : prefix[1];
    if (type === SEQUENCE_START) this.#isConfigured = true;
    if (!this.#isConfigured) return;
    this.payloadBytes += sizeBytes;
    if (type !== CODED_FRAMES && type !== CODED_FRAMES_X) return;
    if (this.#lastTimestampMs >= 0) {
      const stepMs = timestampMs - this.#lastTimestampMs;
      const frames = Math.round(stepMs * this.#framesPerSecond / 1_000);
      this.lost += Math.max(0, frames - 1);
    }
    this.#lastTimestampMs = timestampMs;
    if (this.#codec.isRtmpKeyFrame(prefix)) this.noteKeyFrame();
  }
}
