import { ParseError } from "#base/errors.ts";
import type { SpeexParameters } from "#codecs/codec.ts";
import type {
  RtpDepacketizer,
  RtpFormatDescription,
  RtpPacketizer,
  RtpPayloadFormat,
  RtpUnitSummary,
} from "#formats/rtp/payload_format.ts";
import { AUDIO_UNIT_SUMMARY, descriptionError, sampleRateOf } from "./audio.ts";
import { WholePacketizer } from "./whole_packets.ts";

/** Has no state: all tracks share one. */
const depacketizer: RtpDepacketizer<"speex"> = {
  inspect(_payloads: readonly Uint8Array[]): RtpUnitSummary<"speex"> {
    return AUDIO_UNIT_SUMMARY;
  },
  extract(payloads: readonly Uint8Array[]): Uint8Array[] {
    for (const payload of payloads) {
      if (payload.length > 0) continue;
      throw new ParseError("must be frames, found 0 bytes", {
        format: "Speex RTP payload",
        field: "frames",
        offsetBytes: 0,
      });
    }
    return [...payloads];
  },
};

function parseDescription(
  description: RtpFormatDescription,
): SpeexParameters | undefined {
  if (description.encodingName.toLowerCase() !== "speex") return undefined;
  return {
    codec: "speex",
    sampleRateHz: sampleRateOf(description),
    vbr: parseVbr(description),
  };
}

function parseVbr(description: RtpFormatDescription): SpeexParameters["vbr"] {
  const vbr = description.fmtp.get("vbr")?.toLowerCase();
  switch (vbr) {
    case undefined:
    case "on":
    case "off":
    case "vad":
      return vbr;
    default:
      throw descriptionError(
        description,
        "vbr",
        `must be on, off or vad, found "${vbr.slice(0, 40)}"`,
      );
  }
}

function describe(
  { sampleRateHz, vbr }: SpeexParameters,
): RtpFormatDescription {
  return {
    mediaType: "audio",
    payloadType: undefined,
    encodingName: "speex",
    clockRateHz: sampleRateHz,
    channelCount: undefined,
    fmtp: new Map(vbr === undefined ? [] : [["vbr", vbr]]),
  };
}

/**
 * Speex in RTP.
 *
 * The frames of a packet do not end at whole bytes, so a packet is a part and goes out whole; one over the limit is
 * not sent. Stereo is told within the frames, whatever number of channels is announced.
 *
 * Spec: RFC 5574.
 */
export const speexPayloadFormat: RtpPayloadFormat<"speex"> = {
  formatId: "rtp/speex",
  codec: "speex",
  unitBoundary: "packet",
  parseDescription,
  describe,
  openDepacketizer(_parameters: SpeexParameters): RtpDepacketizer<"speex"> {
    return depacketizer;
  },
  openPacketizer(
    _parameters: SpeexParameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    return new WholePacketizer(maxPayloadBytes);
  },
};
