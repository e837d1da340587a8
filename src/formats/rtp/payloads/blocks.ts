import { ParseError } from "#base/errors.ts";
import type { CodecName } from "#codecs/codec.ts";
import type {
  RtpDepacketizer,
  RtpPacketizer,
  RtpPayload,
  RtpUnitSummary,
} from "#formats/rtp/payload_format.ts";
import { AUDIO_UNIT_SUMMARY } from "./audio.ts";

/** The smallest run of bytes that may stand alone in a packet. */
export interface BlockLayout {
  /** Length of a block: one sample of every channel, or as many as fill whole bytes. */
  readonly bytes: number;
  /** How long a block lasts; 0 if all blocks of a unit have its time. */
  readonly ticks: number;
}

/**
 * Reads payloads that are nothing but blocks of one length.
 *
 * A decoder may start at each of them.
 */
export class BlockDepacketizer<C extends CodecName>
  implements RtpDepacketizer<C> {
  #format: string;
  #blockBytes: number;

  /** `format`: what its payloads are called in errors. */
  constructor(format: string, layout: BlockLayout) {
    this.#format = format;
    this.#blockBytes = layout.bytes;
  }

  /** Nothing has to be looked at. */
  inspect(_payloads: readonly Uint8Array[]): RtpUnitSummary<C> {
    return AUDIO_UNIT_SUMMARY;
  }

  /**
   * Gives the payloads as they are.
   *
   * @throws {ParseError} if one of them is empty, or ends within a block.
   */
  extract(payloads: readonly Uint8Array[]): Uint8Array[] {
    const parts: Uint8Array[] = [];
    for (const payload of payloads) {
      if (payload.length === 0 || payload.length % this.#blockBytes !== 0) {
        throw new ParseError(
          `must be blocks of ${this.#blockBytes} bytes, found ${payload.length} bytes`,
          { format: this.#format, field: "blocks", offsetBytes: 0 },
        );
      }
      parts.push(payload);
    }
    return parts;
  }
}

/**
 * Splits parts between blocks, into packets as large as may be.
 *
 * What is left of a block at the end of a part is not sent, nor are blocks that are larger than a packet.
 */
export class BlockPacketizer implements RtpPacketizer {
  #layout: BlockLayout;
  #maxChunkBytes: number;

  /** `maxPayloadBytes`: RTP payload without header. */
  constructor(layout: BlockLayout, maxPayloadBytes: number) {
    this.#layout = layout;
    this.#maxChunkBytes = maxPayloadBytes - maxPayloadBytes % layout.bytes;
  }

  /** Payloads are views of the parts. Hot path. */
  packetize(parts: readonly Uint8Array[]): RtpPayload[] {
    const payloads: RtpPayload[] = [];
    const { bytes: blockBytes, ticks: blockTicks } = this.#layout;
    const maxChunkBytes = this.#maxChunkBytes;
    if (maxChunkBytes === 0) return payloads;
    let offsetTicks = 0;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]!;
      const wholeBytes = part.length - part.length % blockBytes;
      for (let at = 0; at < wholeBytes; at += maxChunkBytes) {
        const end = Math.min(at + maxChunkBytes, wholeBytes);
        payloads.push({
          bytes: part.subarray(at, end),
          marker: false,
          offsetTicks: offsetTicks + at / blockBytes * blockTicks,
        });
      }
      offsetTicks += wholeBytes / blockBytes * blockTicks;
    }
    return payloads;
  }
}
