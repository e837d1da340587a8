import type { G711Parameters } from "#codecs/codec.ts";
import type {
  RtpDepacketizer,
  RtpFormatDescription,
  RtpPacketizer,
  RtpPayloadFormat,
} from "#formats/rtp/payload_format.ts";
import { channelCountOf, sampleRateOf } from "./audio.ts";
import {
  BlockDepacketizer,
  type BlockLayout,
  BlockPacketizer,
} from "./blocks.ts";

const MAX_CHANNEL_COUNT = 8;

/** Encoding names and payload types that stand for 8 kHz mono. Spec: RFC 3551 §6. */
const LAWS = {
  mu: { encodingName: "PCMU", staticPayloadType: 0 },
  a: { encodingName: "PCMA", staticPayloadType: 8 },
} as const;
const STATIC_SAMPLE_RATE_HZ = 8_000;

function layoutOf({ channelCount }: G711Parameters): BlockLayout {
  return { bytes: channelCount, ticks: 1 };
}

function parseDescription(
  description: RtpFormatDescription,
): G711Parameters | undefined {
  const name = description.encodingName.toUpperCase();
  if (name !== LAWS.mu.encodingName && name !== LAWS.a.encodingName) {
    return undefined;
  }
  return {
    codec: "g711",
    law: name === LAWS.mu.encodingName ? "mu" : "a",
    sampleRateHz: sampleRateOf(description),
    channelCount: channelCountOf(description, MAX_CHANNEL_COUNT),
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
    return new BlockDepacketizer("G711 RTP payload", layoutOf(parameters));
  },
  openPacketizer(
    parameters: G711Parameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    return new BlockPacketizer(layoutOf(parameters), maxPayloadBytes);
  },
};
