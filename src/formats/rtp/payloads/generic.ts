import { ParseError } from "#base/errors.ts";
import type { GenericParameters } from "#codecs/codec.ts";
import type {
  RtpDepacketizer,
  RtpFormatDescription,
  RtpPacketizer,
  RtpPayloadFormat,
  RtpUnitSummary,
} from "#formats/rtp/payload_format.ts";
import { STATIC_PAYLOAD_TYPES } from "#formats/sdp/static_payload_types.ts";
import { AUDIO_UNIT_SUMMARY, descriptionError } from "./audio.ts";
import { WholePacketizer } from "./whole_packets.ts";

/** Has no state: all tracks share one. */
const depacketizer: RtpDepacketizer<"generic"> = {
  inspect(_payloads: readonly Uint8Array[]): RtpUnitSummary<"generic"> {
    return AUDIO_UNIT_SUMMARY;
  },
  extract(_payloads: readonly Uint8Array[]): Uint8Array[] {
    throw new ParseError("must be a known format to be taken apart", {
      format: "RTP payload of an unknown format",
      field: "payload",
      offsetBytes: 0,
    });
  },
};

function parseDescription(
  description: RtpFormatDescription,
): GenericParameters {
  const { mediaType, payloadType, encodingName, channelCount } = description;
  if (payloadType === undefined) {
    throw descriptionError(description, "payload type", "is missing");
  }
  const clockRateHz = description.clockRateHz ||
    STATIC_PAYLOAD_TYPES.get(payloadType)?.clockRateHz;
  if (!clockRateHz) {
    throw descriptionError(
      description,
      "clock rate",
      `is missing, and payload type ${payloadType} has none of its own`,
    );
  }
  const channels = channelCount === undefined ? "" : `/${channelCount}`;
  return {
    codec: "generic",
    mediaType,
    payloadType,
    rtpMap: encodingName && `${encodingName}/${clockRateHz}${channels}`,
    fmtp: [...description.fmtp]
      .map(([name, value]) => value === "" ? name : `${name}=${value}`)
      .join("; "),
    clockRateHz,
  };
}

function describe(parameters: GenericParameters): RtpFormatDescription {
  const [encodingName = "", , channels] = parameters.rtpMap.split("/");
  const fmtp = new Map<string, string>();
  for (const part of parameters.fmtp.split(";")) {
    const [name = ""] = part.split("=", 1);
    if (name.trim() === "") continue;
    fmtp.set(name.trim(), part.slice(name.length + 1).trim());
  }
  return {
    mediaType: parameters.mediaType,
    payloadType: parameters.payloadType,
    encodingName,
    clockRateHz: parameters.clockRateHz,
    channelCount: channels === undefined ? undefined : Number(channels),
    fmtp,
  };
}

/**
 * What no other format understands: it passes from RTP to RTP and is described in the publisher's words.
 *
 * Every packet is a unit and a decoder may start at each, because nobody here knows better. `extract` always
 * throws a {@linkcode ParseError}: such a unit has no parts for other protocols.
 *
 * Spec: RFC 3550, RFC 3551 §6.
 */
export const genericPayloadFormat: RtpPayloadFormat<"generic"> = {
  formatId: "rtp/generic",
  codec: "generic",
  unitBoundary: "packet",
  parseDescription,
  describe,
  openDepacketizer(_parameters: GenericParameters): RtpDepacketizer<"generic"> {
    return depacketizer;
  },
  openPacketizer(
    _parameters: GenericParameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    return new WholePacketizer(maxPayloadBytes);
  },
};
