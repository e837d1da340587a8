import { ParseError } from "#base/errors.ts";
import { VIDEO_CLOCK_RATE_HZ } from "#base/time.ts";
import type { KlvParameters } from "#codecs/codec.ts";
import { isKlvUnit } from "#codecs/klv.ts";
import type {
  RtpDepacketizer,
  RtpFormatDescription,
  RtpPacketizer,
  RtpPayloadFormat,
  RtpUnitSummary,
} from "#formats/rtp/payload_format.ts";
import { AUDIO_UNIT_SUMMARY } from "./audio.ts";
import {
  type FrameFragment,
  type FrameLayout,
  FramePacketizer,
  joinPayloads,
} from "./frames.ts";

/** A unit beyond this is not taken apart. */
export const MAX_KLV_UNIT_BYTES = 1_024 * 1_024;

const PAYLOAD_FORMAT = "SMPTE336M RTP payload";
const ENCODING_NAME = "SMPTE336M";

const PARAMETERS: KlvParameters = { codec: "klv" };

/** Has no state: all tracks share one. */
const depacketizer: RtpDepacketizer<"klv"> = {
  inspect(_payloads: readonly Uint8Array[]): RtpUnitSummary<"klv"> {
    return AUDIO_UNIT_SUMMARY;
  },
  extract(payloads: readonly Uint8Array[]): Uint8Array[] {
    const unit = joinPayloads(payloads, PAYLOAD_FORMAT, MAX_KLV_UNIT_BYTES);
    if (isKlvUnit(unit)) return [unit];
    throw new ParseError("must be whole KLV items", {
      format: PAYLOAD_FORMAT,
      field: "KLVunit",
      offsetBytes: 0,
    });
  },
};

const LAYOUT: FrameLayout = {
  headBytes: 0,
  lengthBytes: 0,
  maxFramesPerPacket: 1,
  isEndMarked: true,
  frameTicks: (unit: Uint8Array) => unit.length > 0 ? 0 : undefined,
  writeHead(_bytes: Uint8Array, _frameCount: number): void {},
  writeFragmentHead(_bytes: Uint8Array, _fragment: FrameFragment): void {},
};

function parseDescription(
  description: RtpFormatDescription,
): KlvParameters | undefined {
  const isKlv = description.encodingName.toUpperCase() === ENCODING_NAME &&
    description.clockRateHz === VIDEO_CLOCK_RATE_HZ;
  return isKlv ? PARAMETERS : undefined;
}

const DESCRIPTION: RtpFormatDescription = {
  mediaType: "application",
  payloadType: undefined,
  encodingName: ENCODING_NAME,
  clockRateHz: VIDEO_CLOCK_RATE_HZ,
  channelCount: undefined,
  fmtp: new Map(),
};

/**
 * KLV metadata in RTP: a unit is all items of one moment, and the marker ends it.
 *
 * With another clock rate than 90 kHz it is another format to it, so that it passes through as unknown.
 *
 * Spec: RFC 6597.
 */
export const klvPayloadFormat: RtpPayloadFormat<"klv"> = {
  formatId: "rtp/klv",
  codec: "klv",
  unitBoundary: "marker",
  parseDescription,
  describe(_parameters: KlvParameters): RtpFormatDescription {
    return DESCRIPTION;
  },
  openDepacketizer(_parameters: KlvParameters): RtpDepacketizer<"klv"> {
    return depacketizer;
  },
  openPacketizer(
    _parameters: KlvParameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    return new FramePacketizer(LAYOUT, maxPayloadBytes);
  },
};
