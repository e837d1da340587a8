import { ParseError } from "#base/errors.ts";
import { VIDEO_CLOCK_RATE_HZ } from "#base/time.ts";
import type { MpegTsParameters } from "#codecs/codec.ts";
import type {
  RtpDepacketizer,
  RtpFormatDescription,
  RtpPacketizer,
  RtpPayloadFormat,
} from "#formats/rtp/payload_format.ts";
import {
  BlockDepacketizer,
  type BlockLayout,
  BlockPacketizer,
} from "./blocks.ts";

const ENCODING_NAME = "MP2T";
const STATIC_PAYLOAD_TYPE = 33;

/** A transport packet. Spec: ISO/IEC 13818-1 §2.4.3.2. */
const TS_PACKET: BlockLayout = { bytes: 188, ticks: 0 };
const SYNC_BYTE = 0x47;

const PAYLOAD_FORMAT = "MP2T RTP payload";
const PARAMETERS: MpegTsParameters = { codec: "mpegTs" };

class MpegTsDepacketizer extends BlockDepacketizer<"mpegTs"> {
  override extract(payloads: readonly Uint8Array[]): Uint8Array[] {
    const parts = super.extract(payloads);
    for (const part of parts) checkSyncBytes(part);
    return parts;
  }
}

function checkSyncBytes(part: Uint8Array): void {
  for (let at = 0; at < part.length; at += TS_PACKET.bytes) {
    if (part[at] === SYNC_BYTE) continue;
    throw new ParseError(`must be ${SYNC_BYTE}, found ${part[at]}`, {
      format: PAYLOAD_FORMAT,
      field: "sync_byte",
      offsetBytes: at,
    });
  }
}

/** Has no state: all tracks share one. */
const depacketizer = new MpegTsDepacketizer(PAYLOAD_FORMAT, TS_PACKET);

function parseDescription(
  description: RtpFormatDescription,
): MpegTsParameters | undefined {
  const isMpegTs = description.encodingName.toUpperCase() === ENCODING_NAME &&
    description.clockRateHz === VIDEO_CLOCK_RATE_HZ;
  return isMpegTs ? PARAMETERS : undefined;
}

const DESCRIPTION: RtpFormatDescription = {
  mediaType: "video",
  payloadType: STATIC_PAYLOAD_TYPE,
  encodingName: ENCODING_NAME,
  clockRateHz: VIDEO_CLOCK_RATE_HZ,
  channelCount: undefined,
  fmtp: new Map(),
};

/**
 * A whole MPEG transport stream in RTP.
 *
 * Every packet is a unit of transport packets and a decoder may start at each, because nobody looks into them here.
 * One that is split gives all its pieces its own time.
 *
 * Spec: RFC 2250 §2.
 * Deviates: any media type and payload type is accepted.
 */
export const mpegTsPayloadFormat: RtpPayloadFormat<"mpegTs"> = {
  formatId: "rtp/mpegts",
  codec: "mpegTs",
  unitBoundary: "packet",
  parseDescription,
  describe(_parameters: MpegTsParameters): RtpFormatDescription {
    return DESCRIPTION;
  },
  openDepacketizer(_parameters: MpegTsParameters): RtpDepacketizer<"mpegTs"> {
    return depacketizer;
  },
  openPacketizer(
    _parameters: MpegTsParameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    return new BlockPacketizer(TS_PACKET, maxPayloadBytes);
  },
};
