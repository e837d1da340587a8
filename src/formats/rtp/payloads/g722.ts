import type { G722Parameters } from "#codecs/codec.ts";
import type {
  RtpDepacketizer,
  RtpFormatDescription,
  RtpPacketizer,
  RtpPayloadFormat,
} from "#formats/rtp/payload_format.ts";
import { channelCountOf } from "./audio.ts";
import {
  BlockDepacketizer,
  type BlockLayout,
  BlockPacketizer,
} from "./blocks.ts";

const ENCODING_NAME = "G722";
/** Half of what it samples: an error of old that everybody keeps. Spec: RFC 3551 §4.5.2. */
const CLOCK_RATE_HZ = 8_000;
const MAX_CHANNEL_COUNT = 2;
/** Stands for one channel. Spec: RFC 3551 §6. */
const STATIC_PAYLOAD_TYPE = 9;

/** A byte holds two samples, which last one tick. */
function layoutOf({ channelCount }: G722Parameters): BlockLayout {
  return { bytes: channelCount, ticks: 1 };
}

function parseDescription(
  description: RtpFormatDescription,
): G722Parameters | undefined {
  if (
    description.encodingName.toUpperCase() !== ENCODING_NAME ||
    description.clockRateHz !== CLOCK_RATE_HZ
  ) return undefined;
  return {
    codec: "g722",
    channelCount: channelCountOf(description, MAX_CHANNEL_COUNT),
  };
}

function describe({ channelCount }: G722Parameters): RtpFormatDescription {
  const isMono = channelCount === 1;
  return {
    mediaType: "audio",
    payloadType: isMono ? STATIC_PAYLOAD_TYPE : undefined,
    encodingName: ENCODING_NAME,
    clockRateHz: CLOCK_RATE_HZ,
    channelCount: isMono ? undefined : channelCount,
    fmtp: new Map(),
  };
}

/**
 * G.722 in RTP.
 *
 * Packets are split between bytes of all channels. What is announced with a clock other than 8,000 Hz is left to
 * the generic format.
 *
 * Spec: RFC 3551 §4.5.2.
 */
export const g722PayloadFormat: RtpPayloadFormat<"g722"> = {
  formatId: "rtp/g722",
  codec: "g722",
  unitBoundary: "packet",
  parseDescription,
  describe,
  openDepacketizer(parameters: G722Parameters): RtpDepacketizer<"g722"> {
    return new BlockDepacketizer("G722 RTP payload", layoutOf(parameters));
  },
  openPacketizer(
    parameters: G722Parameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    return new BlockPacketizer(layoutOf(parameters), maxPayloadBytes);
  },
};
