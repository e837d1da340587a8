import { assert } from "#base/errors.ts";
import { joinBytes } from "#base/join_bytes.ts";
import { VIDEO_CLOCK_RATE_HZ } from "#base/time.ts";
import type { Mpeg4VideoParameters } from "#codecs/codec.ts";
import {
  MAX_MPEG4_CONFIG_BYTES,
  MPEG4_INTRA_VOP,
  mpeg4Config,
  mpeg4PictureOffset,
  mpeg4ProfileLevelId,
  mpeg4VopType,
} from "#codecs/mpeg4_video.ts";
import { isSameBytes } from "#codecs/parameter_sets.ts";
import type {
  RtpDepacketizer,
  RtpFormatDescription,
  RtpPacketizer,
  RtpPayload,
  RtpPayloadFormat,
  RtpUnitSummary,
} from "#formats/rtp/payload_format.ts";
import { fmtpHex, fmtpInteger } from "./audio.ts";

const ENCODING_NAME = "MP4V-ES";
const MAX_PROFILE_LEVEL_ID = 255;
/** Simple profile, level 1: what a receiver takes for granted. Spec: RFC 6416 §7.1. */
const DEFAULT_PROFILE_LEVEL_ID = 1;
/** Bytes at the start of a frame that are searched for configuration and the type of the picture. */
const MAX_LEAD_BYTES = MAX_MPEG4_CONFIG_BYTES + 256;

const NOTHING_NEW: RtpUnitSummary<"mpeg4Video"> = {
  isRandomAccess: false,
  parameters: undefined,
};
const RANDOM_ACCESS: RtpUnitSummary<"mpeg4Video"> = {
  isRandomAccess: true,
  parameters: undefined,
};

class Mpeg4VideoDepacketizer implements RtpDepacketizer<"mpeg4Video"> {
  #parameters: Mpeg4VideoParameters;

  constructor(parameters: Mpeg4VideoParameters) {
    this.#parameters = parameters;
  }

  inspect(payloads: readonly Uint8Array[]): RtpUnitSummary<"mpeg4Video"> {
    if (payloads.length === 0) return NOTHING_NEW;
    let lead = payloads[0]!;
    let pictureOffset = mpeg4PictureOffset(lead);
    let vopType = mpeg4VopType(lead, pictureOffset);
    if (vopType < 0 && payloads.length > 1) {
      lead = joinBytes(payloads, MAX_LEAD_BYTES);
      pictureOffset = mpeg4PictureOffset(lead);
      vopType = mpeg4VopType(lead, pictureOffset);
    }
    const isRandomAccess = vopType === MPEG4_INTRA_VOP;
    // Where there is no picture, the unit may be configuration alone.
    const headers = lead.subarray(
      0,
      pictureOffset < 0 ? lead.length : pictureOffset,
    );
    const config = mpeg4Config(headers);
    if (config !== undefined && !this.#isKnown(config)) {
      this.#parameters = {
        codec: "mpeg4Video",
        config: config.slice(),
        profileLevelId: mpeg4ProfileLevelId(config) ??
          this.#parameters.profileLevelId,
      };
      return { isRandomAccess, parameters: this.#parameters };
    }
    return isRandomAccess ? RANDOM_ACCESS : NOTHING_NEW;
  }

  /** Some publishers repeat only the last headers of what they announced: the object layer. */
  #isKnown(config: Uint8Array): boolean {
    const known = this.#parameters.config;
    if (known === undefined || known.length < config.length) return false;
    return isSameBytes(known.subarray(known.length - config.length), config);
  }

  extract(payloads: readonly Uint8Array[]): Uint8Array[] {
    const frame = joinBytes(payloads);
    return frame.length === 0 ? [] : [frame];
  }
}

class Mpeg4VideoPacketizer implements RtpPacketizer {
  #config: Uint8Array | undefined;
  #maxPayloadBytes: number;

  constructor(config: Uint8Array | undefined, maxPayloadBytes: number) {
    assert(maxPayloadBytes > 0, "a payload has room for a byte");
    this.#config = config;
    this.#maxPayloadBytes = maxPayloadBytes;
  }

  packetize(
    parts: readonly Uint8Array[],
    isRandomAccess: boolean,
  ): RtpPayload[] {
    const frame = this.#withConfig(joinBytes(parts), isRandomAccess);
    const payloads: RtpPayload[] = [];
    for (let at = 0; at < frame.length; at += this.#maxPayloadBytes) {
      const end = Math.min(at + this.#maxPayloadBytes, frame.length);
      payloads.push({
        bytes: frame.subarray(at, end),
        marker: end === frame.length,
        offsetTicks: 0,
      });
    }
    return payloads;
  }

  /** Moves the configuration of the track before random access units, and away from all other ones. */
  #withConfig(frame: Uint8Array, isRandomAccess: boolean): Uint8Array {
    const config = this.#config;
    if (config === undefined) return frame;
    const pictureOffset = mpeg4PictureOffset(frame);
    const bodyOffset = pictureOffset < 0 ? frame.length : pictureOffset;
    const bare = mpeg4Config(frame.subarray(0, bodyOffset)) === undefined
      ? frame
      : frame.subarray(bodyOffset);
    return isRandomAccess ? joinBytes([config, bare]) : bare;
  }
}

function parseDescription(
  description: RtpFormatDescription,
): Mpeg4VideoParameters | undefined {
  if (
    description.encodingName.toUpperCase() !== ENCODING_NAME ||
    description.clockRateHz !== VIDEO_CLOCK_RATE_HZ
  ) return undefined;
  return {
    codec: "mpeg4Video",
    config: fmtpHex(description, "config", MAX_MPEG4_CONFIG_BYTES),
    profileLevelId: fmtpInteger(
      description,
      "profile-level-id",
      MAX_PROFILE_LEVEL_ID,
    ),
  };
}

function describe(parameters: Mpeg4VideoParameters): RtpFormatDescription {
  const { config, profileLevelId = DEFAULT_PROFILE_LEVEL_ID } = parameters;
  const fmtp = new Map([["profile-level-id", `${profileLevelId}`]]);
  if (config) fmtp.set("config", config.toHex().toUpperCase());
  return {
    mediaType: "video",
    payloadType: undefined,
    encodingName: ENCODING_NAME,
    clockRateHz: VIDEO_CLOCK_RATE_HZ,
    channelCount: undefined,
    fmtp,
  };
}

/**
 * MPEG-4 Visual in RTP.
 *
 * What is written has the configuration before each I-VOP, and nowhere else. Another clock rate than 90,000 Hz is
 * left to the generic format.
 *
 * Spec: RFC 6416 §5.
 */
export const mpeg4VideoPayloadFormat: RtpPayloadFormat<"mpeg4Video"> = {
  formatId: "rtp/mp4v-es",
  codec: "mpeg4Video",
  unitBoundary: "marker",
  parseDescription,
  describe,
  openDepacketizer(
    parameters: Mpeg4VideoParameters,
  ): RtpDepacketizer<"mpeg4Video"> {
    return new Mpeg4VideoDepacketizer(parameters);
  },
  openPacketizer(
    parameters: Mpeg4VideoParameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    return new Mpeg4VideoPacketizer(parameters.config, maxPayloadBytes);
  },
};
