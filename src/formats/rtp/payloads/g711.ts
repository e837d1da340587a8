import { assert, ParseError } from "#base/errors.ts";
import type { G711Parameters } from "#codecs/codec.ts";
import type {
  RtpDepacketizer,
  RtpFormatDescription,
  RtpPacketizer,
  RtpPayload,
  RtpPayloadFormat,
  RtpUnitSummary,
} from "#formats/rtp/payload_format.ts";
import { AUDIO_UNIT_SUMMARY, descriptionError } from "./audio.ts";

const MAX_CHANNEL_COUNT = 8;
const MAX_SAMPLE_RATE_HZ = 192_000;

/** Encoding names and payload types that stand for 8 kHz mono. Spec: RFC 3551 §6. */
const LAWS = {
  mu: { encodingName: "PCMU", staticPayloadType: 0 },
  a: { encodingName: "PCMA", staticPayloadType: 8 },
} as const;
const STATIC_SAMPLE_RATE_HZ = 8_000;

class G711Depacketizer implements RtpDepacketizer<"g711"> {
  #channelCount: number;

  constructor(channelCount: number) {
    this.#channelCount = channelCount;
  }

  inspect(_payloads: readonly Uint8Array[]): RtpUnitSummary<"g711"> {
    return AUDIO_UNIT_SUMMARY;
  }

  extract(payloads: readonly Uint8Array[]): Uint8Array[] {
    const parts: Uint8Array[] = [];
    for (const payload of payloads) {
      if (payload.length === 0 || payload.length % this.#channelCount !== 0) {
        throw new ParseError(
          `must be samples of ${this.#channelCount} channels, found ${payload.length} bytes`,
          { format: "G711 RTP payload", field: "samples", offsetBytes: 0 },
        );
      }
      parts.push(payload);
    }
    return parts;
  }
}

class G711Packetizer implements RtpPacketizer {
  #channelCount: number;
  #maxChunkBytes: number;

  constructor(channelCount: number, maxPayloadBytes: number) {
    this.#channelCount = channelCount;
    this.#maxChunkBytes = maxPayloadBytes - maxPayloadBytes % channelCount;
    assert(this.#maxChunkBytes > 0, "a packet has room for a sample");
  }

  packetize(parts: readonly Uint8Array[]): RtpPayload[] {
    const payloads: RtpPayload[] = [];
    let offsetTicks = 0;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]!;
      const wholeBytes = part.length - part.length % this.#channelCount;
      for (let at = 0; at < wholeBytes; at += this.#maxChunkBytes) {
        const end = Math.min(at + this.#maxChunkBytes, wholeBytes);
        payloads.push({
          bytes: part.subarray(at, end),
          marker: false,
          offsetTicks: offsetTicks + at / this.#channelCount,
        });
      }
      offsetTicks += wholeBytes / this.#channelCount;
    }
    return payloads;
  }
}

function parseDescription(
  description: RtpFormatDescription,
): G711Parameters | undefined {
  const { clockRateHz, channelCount = 1 } = description;
  const name = description.encodingName.toUpperCase();
  if (name !== LAWS.mu.encodingName && name !== LAWS.a.encodingName) {
    return undefined;
  }
  if (channelCount < 1 || channelCount > MAX_CHANNEL_COUNT) {
    throw descriptionError(
      description,
      "channels",
      `must be 1 to ${MAX_CHANNEL_COUNT}, found ${channelCount}`,
    );
  }
  if (clockRateHz < 1 || clockRateHz > MAX_SAMPLE_RATE_HZ) {
    throw descriptionError(
      description,
      "clock rate",
      `must be 1 to ${MAX_SAMPLE_RATE_HZ}, found ${clockRateHz}`,
    );
  }
  return {
    codec: "g711",
    law: name === LAWS.mu.encodingName ? "mu" : "a",
    sampleRateHz: clockRateHz,
    channelCount,
  };
}

function describe(parameters: G711Parameters): RtpFormatDescription {
  const { law, sampleRateHz, channelCount } = parameters;
  const { encodingName, staticPayloadType } = LAWS[law];
  const isStatic = sampleRateHz === STATIC_SAMPLE_RATE_HZ && channelCount === 1;
  return {
    mediaType: "audio",
    payloadType: isStatic ? staticPayloadType : undefined,
    encodingName,
    clockRateHz: sampleRateHz,
    channelCount: channelCount === 1 ? undefined : channelCount,
    fmtp: new Map(),
  };
}

/**
 * G.711 in RTP: PCMU and PCMA.
 *
 * Packets are split between samples of all channels; a cut sample at the end of a part is not sent.
 *
 * Spec: RFC 3551 §4.5.14.
 */
export const g711PayloadFormat: RtpPayloadFormat<"g711"> = {
  formatId: "rtp/g711",
  codec: "g711",
  unitBoundary: "packet",
  parseDescription,
  describe,
  openDepacketizer(parameters: G711Parameters): RtpDepacketizer<"g711"> {
    return new G711Depacketizer(parameters.channelCount);
  },
  openPacketizer(
    parameters: G711Parameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    return new G711Packetizer(parameters.channelCount, maxPayloadBytes);
  },
};
