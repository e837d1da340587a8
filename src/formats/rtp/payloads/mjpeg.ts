import { VIDEO_CLOCK_RATE_HZ } from "#base/time.ts";
import type { MjpegParameters } from "#codecs/codec.ts";
import { serializeJpegImage } from "#codecs/jpeg/jpeg_image.ts";
import type {
  RtpDepacketizer,
  RtpFormatDescription,
  RtpPacketizer,
  RtpPayloadFormat,
  RtpUnitSummary,
} from "#formats/rtp/payload_format.ts";
import { readMjpegFragments } from "./mjpeg_fragments.ts";
import { MjpegPacketizer } from "./mjpeg_packetizer.ts";

const ENCODING_NAME = "JPEG";
const STATIC_PAYLOAD_TYPE = 26;

const RANDOM_ACCESS: RtpUnitSummary<"mjpeg"> = {
  isRandomAccess: true,
  parameters: undefined,
};

/** Has no state: all tracks share one. */
const depacketizer: RtpDepacketizer<"mjpeg"> = {
  inspect(_payloads: readonly Uint8Array[]): RtpUnitSummary<"mjpeg"> {
    return RANDOM_ACCESS;
  },
  extract(payloads: readonly Uint8Array[]): Uint8Array[] {
    return [serializeJpegImage(readMjpegFragments(payloads))];
  },
};

function parseDescription(
  description: RtpFormatDescription,
): MjpegParameters | undefined {
  return description.encodingName.toUpperCase() === ENCODING_NAME &&
      description.clockRateHz === VIDEO_CLOCK_RATE_HZ
    ? { codec: "mjpeg" }
    : undefined;
}

function describe(_parameters: MjpegParameters): RtpFormatDescription {
  return {
    mediaType: "video",
    payloadType: STATIC_PAYLOAD_TYPE,
    encodingName: ENCODING_NAME,
    clockRateHz: VIDEO_CLOCK_RATE_HZ,
    channelCount: undefined,
    fmtp: new Map(),
  };
}

/**
 * Motion JPEG in RTP.
 *
 * Every image stands alone. Images of over 2,040 pixels a side pass through, but are neither taken apart nor
 * written: their size is in no packet. Another clock rate than 90,000 Hz is left to the generic format.
 *
 * Spec: RFC 2435.
 */
export const mjpegPayloadFormat: RtpPayloadFormat<"mjpeg"> = {
  formatId: "rtp/jpeg",
  codec: "mjpeg",
  unitBoundary: "marker",
  parseDescription,
  describe,
  openDepacketizer(_parameters: MjpegParameters): RtpDepacketizer<"mjpeg"> {
    return depacketizer;
  },
  openPacketizer(
    _parameters: MjpegParameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    return new MjpegPacketizer(maxPayloadBytes);
  },
};
