/** RTP header without options; nothing that a bench meets has any. */
const RTP_HEADER_BYTES = 12;

/** RTP header and the two bytes that tell a key frame. */
export const RTP_PREFIX_BYTES: number = RTP_HEADER_BYTES + 2;

const NAL_TYPE_IDR = 5;
const NAL_TYPE_FU_A = 28;

/** What one reader has received. */
export abstract class MediaCounter {
  /** Media without the headers of the protocol. */
  payloadBytes = 0;
  /** Packets (RTP) or frames (RTMP) that are missing between others. */
  lost = 0;
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

/** Counts RTP packets of one H264 track, gaps by sequence number. */
export class RtpCounter extends MediaCounter {
  #nextSequenceNumber = -1;

  /** Counts a packet of `sizeBytes` of which `prefix` is the beginning. */
  push(prefix: Uint8Array, sizeBytes: number): void {
    const sequenceNumber = prefix[2]! << 8 | prefix[3]!;
    if (this.#nextSequenceNumber >= 0) {
      const gap = (sequenceNumber - this.#nextSequenceNumber) & 0xffff;
      if (gap < 0x8000) this.lost += gap;
    }
    this.#nextSequenceNumber = (sequenceNumber + 1) & 0xffff;
    this.payloadBytes += sizeBytes - RTP_HEADER_BYTES;
    const nalType = prefix[RTP_HEADER_BYTES]! & 0x1f;
    const innerType = nalType === NAL_TYPE_FU_A
      ? prefix[RTP_HEADER_BYTES + 1]! & 0x1f
      : nalType;
    if (innerType === NAL_TYPE_IDR) this.noteKeyFrame();
  }
}

/** Counts RTMP video messages, gaps by timestamp. */
export class RtmpCounter extends MediaCounter {
  #framesPerSecond: number;
  #lastTimestampMs = -1;

  constructor(framesPerSecond: number) {
    super();
    this.#framesPerSecond = framesPerSecond;
  }

  /** Counts a video message of `sizeBytes` that begins with the two bytes given. */
  push(
    timestampMs: number,
    sizeBytes: number,
    first: readonly [number, number],
  ): void {
    this.payloadBytes += sizeBytes;
    if (first[1] !== 1) return; // a sequence header, not a picture
    if (this.#lastTimestampMs >= 0) {
      const stepMs = timestampMs - this.#lastTimestampMs;
      const frames = Math.round(stepMs * this.#framesPerSecond / 1_000);
      this.lost += Math.max(0, frames - 1);
    }
    this.#lastTimestampMs = timestampMs;
    if (first[0] >> 4 === 1) this.noteKeyFrame();
  }
}
