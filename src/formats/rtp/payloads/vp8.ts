import { VIDEO_CLOCK_RATE_HZ } from "#base/time.ts";
import type { Vp8Parameters } from "#codecs/codec.ts";
import { isVp8KeyFrame } from "#codecs/vp8.ts";
import type {
  RtpDepacketizer,
  RtpFormatDescription,
  RtpPacketizer,
  RtpPayloadFormat,
  RtpUnitSummary,
} from "#formats/rtp/payload_format.ts";
import { describeVpxLimits, parseVpxLimits } from "./vpx_limits.ts";
import {
  extractVpxFrames,
  VpxFragments,
  type VpxPayloadLayout,
} from "./vpx_fragments.ts";
import { type VpxDescriptors, VpxPacketizer } from "./vpx_packetizer.ts";

/** First byte of the descriptor, `X|R|N|S|R| PID`. Spec: RFC 7741 §4.2. */
const EXTENSION_BIT = 0b1000_0000;
const START_BIT = 0b0001_0000;
const PARTITION_MASK = 0b0000_0111;
/** Second byte, `I|L|T|K|RSV`: what of the rest is there. */
const PICTURE_ID_BIT = 0b1000_0000;
const TL0_PICTURE_INDEX_BIT = 0b0100_0000;
const LAYER_OR_KEY_INDEX_BITS = 0b0011_0000;
/** First byte of the picture id: it has a second one. */
const LONG_PICTURE_ID_BIT = 0b1000_0000;

const LAYOUT: VpxPayloadLayout = {
  format: "VP8 RTP payload",
  descriptorBytes: vp8DescriptorBytes,
  /** A start of another partition goes on with the frame. */
  isStart: (payload) =>
    (payload[0]! & (START_BIT | PARTITION_MASK)) === START_BIT,
  endBit: 0,
  maxFrames: 1,
};

/** Without picture id: a unit that is made into packets again, for a late joiner, would get another one. */
const DESCRIPTORS: VpxDescriptors = {
  first: Uint8Array.of(START_BIT),
  further: 0,
  endBit: 0,
};

function vp8DescriptorBytes(payload: Uint8Array): number {
  if ((payload[0]! & EXTENSION_BIT) === 0) return 1;
  const extensions = payload[1] ?? 0;
  let at = 2;
  if ((extensions & PICTURE_ID_BIT) !== 0) {
    at += (payload[at]! & LONG_PICTURE_ID_BIT) === 0 ? 1 : 2;
  }
  if ((extensions & TL0_PICTURE_INDEX_BIT) !== 0) at++;
  if ((extensions & LAYER_OR_KEY_INDEX_BITS) !== 0) at++;
  return at;
}

const DELTA_FRAME: RtpUnitSummary<"vp8"> = {
  isRandomAccess: false,
  parameters: undefined,
};
const KEY_FRAME: RtpUnitSummary<"vp8"> = {
  isRandomAccess: true,
  parameters: undefined,
};

class Vp8Depacketizer implements RtpDepacketizer<"vp8"> {
  #fragments = new VpxFragments(LAYOUT);

  inspect(payloads: readonly Uint8Array[]): RtpUnitSummary<"vp8"> {
    const fragments = this.#fragments;
    let isKeyFrame = false;
    fragments.start(payloads);
    while (fragments.next()) {
      if (!fragments.isStart) continue;
      isKeyFrame = isVp8KeyFrame(fragments.payload[fragments.offsetBytes]!);
    }
    return isKeyFrame && !fragments.isMalformed ? KEY_FRAME : DELTA_FRAME;
  }

  extract(payloads: readonly Uint8Array[]): Uint8Array[] {
    return extractVpxFrames(this.#fragments, LAYOUT, payloads);
  }
}

function parseDescription(
  description: RtpFormatDescription,
): Vp8Parameters | undefined {
  if (description.encodingName.toLowerCase() !== "vp8") return undefined;
  return { codec: "vp8", ...parseVpxLimits(description) };
}

function describe(parameters: Vp8Parameters): RtpFormatDescription {
  return {
    mediaType: "video",
    payloadType: undefined,
    encodingName: "VP8",
    clockRateHz: VIDEO_CLOCK_RATE_HZ,
    channelCount: undefined,
    fmtp: describeVpxLimits(parameters),
  };
}

/**
 * VP8 in RTP.
 *
 * Reads every extension of the descriptor and partitions in packets of their own; what is written has a descriptor
 * of one byte.
 *
 * Spec: RFC 7741.
 */
export const vp8PayloadFormat: RtpPayloadFormat<"vp8"> = {
  formatId: "rtp/vp8",
  codec: "vp8",
  unitBoundary: "marker",
  parseDescription,
  describe,
  openDepacketizer(_parameters: Vp8Parameters): RtpDepacketizer<"vp8"> {
    return new Vp8Depacketizer();
  },
  openPacketizer(
    _parameters: Vp8Parameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    return new VpxPacketizer(DESCRIPTORS, DESCRIPTORS, maxPayloadBytes);
  },
};
