import type { LpcmParameters } from "#codecs/codec.ts";
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

/** As many as a link of professional audio has. */
const MAX_CHANNEL_COUNT = 64;

/** Bits of a sample by encoding name. Spec: RFC 3551 §4.5.10 (L8), §4.5.11 (L16), RFC 3190 §4 (L24). */
const BIT_DEPTHS: ReadonlyMap<string, LpcmParameters["bitDepth"]> = new Map([
  ["L8", 8],
  ["L16", 16],
  ["L24", 24],
]);

/** Payload types of L16 at 44,100 Hz by channels. Spec: RFC 3551 §6. */
const STATIC_PAYLOAD_TYPES: ReadonlyMap<number, number> = new Map([
  [2, 10],
  [1, 11],
]);
const STATIC_SAMPLE_RATE_HZ = 44_100;

function layoutOf({ bitDepth, channelCount }: LpcmParameters): BlockLayout {
  return { bytes: bitDepth / 8 * channelCount, ticks: 1 };
}

function parseDescription(
  description: RtpFormatDescription,
): LpcmParameters | undefined {
  const bitDepth = BIT_DEPTHS.get(description.encodingName.toUpperCase());
  if (bitDepth === undefined) return undefined;
  return {
    codec: "lpcm",
    bitDepth,
    sampleRateHz: sampleRateOf(description),
    channelCount: channelCountOf(description, MAX_CHANNEL_COUNT),
  };
}

function describe(parameters: LpcmParameters): RtpFormatDescription {
  const { bitDepth, sampleRateHz, channelCount } = parameters;
  const isStatic = bitDepth === 16 && sampleRateHz === STATIC_SAMPLE_RATE_HZ;
  return {
    mediaType: "audio",
    payloadType: isStatic ? STATIC_PAYLOAD_TYPES.get(channelCount) : undefined,
    encodingName: `L${bitDepth}`,
    clockRateHz: sampleRateHz,
    channelCount,
    fmtp: new Map(),
  };
}

/**
 * Linear PCM in RTP: L8, L16 and L24.
 *
 * Packets are split between samples of all channels; a cut sample at the end of a part is not sent. L20 is left to
 * the generic format.
 *
 * Spec: RFC 3551 §4.5.10, §4.5.11; RFC 3190 §4.
 */
export const lpcmPayloadFormat: RtpPayloadFormat<"lpcm"> = {
  formatId: "rtp/lpcm",
  codec: "lpcm",
  unitBoundary: "packet",
  parseDescription,
  describe,
  openDepacketizer(parameters: LpcmParameters): RtpDepacketizer<"lpcm"> {
    return new BlockDepacketizer("LPCM RTP payload", layoutOf(parameters));
  },
  openPacketizer(
    parameters: LpcmParameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    return new BlockPacketizer(layoutOf(parameters), maxPayloadBytes);
  },
};
