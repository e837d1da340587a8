import type { RtpPacketizer, RtpPayload } from "#formats/rtp/payload_format.ts";

/**
 * Sends each part as one packet, all at the unit's time: what cannot be split.
 *
 * A part over the limit is not sent.
 */
export class WholePacketizer implements RtpPacketizer {
  #maxPayloadBytes: number;

  /** `maxPayloadBytes`: RTP payload without header. */
  constructor(maxPayloadBytes: number) {
    this.#maxPayloadBytes = maxPayloadBytes;
  }

  /** Payloads are the parts themselves. Hot path. */
  packetize(parts: readonly Uint8Array[]): RtpPayload[] {
    const payloads: RtpPayload[] = [];
    for (let i = 0; i < parts.length; i++) {
      const bytes = parts[i]!;
      if (bytes.length > this.#maxPayloadBytes) continue;
      payloads.push({ bytes, marker: false, offsetTicks: 0 });
    }
    return payloads;
  }
}
