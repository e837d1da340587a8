import { ParseError } from "#base/errors.ts";
import { VIDEO_CLOCK_RATE_HZ } from "#base/time.ts";
import type { Vp9Parameters } from "#codecs/codec.ts";
import {
  isVp9KeyFrame,
  joinVp9Superframe,
  MAX_VP9_SUPERFRAME_FRAMES,
  parseVp9KeyFrame,
  type Vp9KeyFrame,
} from "#codecs/vp9.ts";
import type {
  RtpDepacketizer,
  RtpFormatDescription,
  RtpPacketizer,
  RtpPayloadFormat,
  RtpUnitSummary,
} from "#formats/rtp/payload_format.ts";
import { fmtpInteger } from "./audio.ts";
import { VP9_DESCRIPTOR, vp9DescriptorBytes } from "./vp9_descriptor.ts";
import { describeVpxLimits, parseVpxLimits } from "./vpx_limits.ts";
import {
  extractVpxFrames,
  VpxFragments,
  type VpxPayloadLayout,
} from "./vpx_fragments.ts";
import { type VpxDescriptors, VpxPacketizer } from "./vpx_packetizer.ts";

const MAX_PROFILE_ID = 3;

const LAYOUT: VpxPayloadLayout = {
  format: "VP9 RTP payload",
  descriptorBytes: vp9DescriptorBytes,
  isStart: (payload) => (payload[0]! & VP9_DESCRIPTOR.start) !== 0,
  endBit: VP9_DESCRIPTOR.end,
  maxFrames: MAX_VP9_SUPERFRAME_FRAMES,
};

const NOTHING_NEW: RtpUnitSummary<"vp9"> = {
  isRandomAccess: false,
  parameters: undefined,
};
const RANDOM_ACCESS: RtpUnitSummary<"vp9"> = {
  isRandomAccess: true,
  parameters: undefined,
};

class Vp9Depacketizer implements RtpDepacketizer<"vp9"> {
  #fragments = new VpxFragments(LAYOUT);
  #parameters: Vp9Parameters;

  constructor(parameters: Vp9Parameters) {
    this.#parameters = parameters;
  }

  inspect(payloads: readonly Uint8Array[]): RtpUnitSummary<"vp9"> {
    const fragments = this.#fragments;
    let keyFrame: Uint8Array | undefined;
    let frameCount = 0;
    fragments.start(payloads);
    while (fragments.next()) {
      if (!fragments.isStart || frameCount++ > 0) continue;
      const { payload, offsetBytes } = fragments;
      if (isVp9KeyFrame(payload[offsetBytes]!)) {
        keyFrame = payload.subarray(offsetBytes);
      }
    }
    if (keyFrame === undefined || fragments.isMalformed) return NOTHING_NEW;
    const header = readKeyFrame(keyFrame);
    const known = this.#parameters;
    if (
      header === undefined ||
      header.profile === known.profileId && header.bitDepth === known.bitDepth
    ) return RANDOM_ACCESS;
    const { profile: profileId, bitDepth } = header;
    this.#parameters = { ...known, profileId, bitDepth };
    return { isRandomAccess: true, parameters: this.#parameters };
  }

  extract(payloads: readonly Uint8Array[]): Uint8Array[] {
    const frames = extractVpxFrames(this.#fragments, LAYOUT, payloads);
    return frames.length > 1 ? [joinVp9Superframe(frames)] : frames;
  }
}

/** Header of a key frame, or of its first fragment; undefined if it cannot be read. */
function readKeyFrame(frame: Uint8Array): Vp9KeyFrame | undefined {
  try {
    return parseVp9KeyFrame(frame);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

const KEY_DESCRIPTORS: VpxDescriptors = {
  first: Uint8Array.of(VP9_DESCRIPTOR.start),
  further: 0,
  endBit: VP9_DESCRIPTOR.end,
};
const DELTA_DESCRIPTORS: VpxDescriptors = {
  first: Uint8Array.of(VP9_DESCRIPTOR.interPredicted | VP9_DESCRIPTOR.start),
  further: VP9_DESCRIPTOR.interPredicted,
  endBit: VP9_DESCRIPTOR.end,
};

function parseDescription(
  description: RtpFormatDescription,
): Vp9Parameters | undefined {
  if (description.encodingName.toLowerCase() !== "vp9") return undefined;
  return {
    codec: "vp9",
    profileId: fmtpInteger(description, "profile-id", MAX_PROFILE_ID),
    bitDepth: undefined,
    ...parseVpxLimits(description),
  };
}

function describe(parameters: Vp9Parameters): RtpFormatDescription {
  const fmtp = describeVpxLimits(parameters);
  const { profileId } = parameters;
  if (profileId !== undefined) fmtp.set("profile-id", `${profileId}`);
  return {
    mediaType: "video",
    payloadType: undefined,
    encodingName: "VP9",
    clockRateHz: VIDEO_CLOCK_RATE_HZ,
    channelCount: undefined,
    fmtp,
  };
}

/**
 * VP9 in RTP.
 *
 * A unit is a picture: the frames of all its spatial layers, which are joined to one superframe when it is taken
 * apart, as decoders want it; a picture of one layer stays as it came.
 *
 * What is written is in non-flexible mode, one layer. It has no picture id: a unit that is made into packets again,
 * for a late joiner, would get another one, and receivers take a gap between picture ids for a loss. It has no
 * scalability structure either: where it stands among packets that came without one, GStreamer 1.22 sees a change
 * of the picture's size at each of those.
 *
 * Spec: RFC 9628.
 */
export const vp9PayloadFormat: RtpPayloadFormat<"vp9"> = {
  formatId: "rtp/vp9",
  codec: "vp9",
  unitBoundary: "marker",
  parseDescription,
  describe,
  openDepacketizer(parameters: Vp9Parameters): RtpDepacketizer<"vp9"> {
    return new Vp9Depacketizer(parameters);
  },
  openPacketizer(
    _parameters: Vp9Parameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    return new VpxPacketizer(
      KEY_DESCRIPTORS,
      DELTA_DESCRIPTORS,
      maxPayloadBytes,
    );
  },
};
