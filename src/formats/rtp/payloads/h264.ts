import type { H264Parameters } from "#codecs/codec.ts";
import { ParseError } from "#base/errors.ts";
import { VIDEO_CLOCK_RATE_HZ } from "#base/time.ts";
import {
  H264_NAL,
  H264_NAL_HEADER_BYTES,
  h264NalType,
  h264ParameterSetId,
  isH264FirstIntraSlice,
} from "#codecs/h264/nal.ts";
import { withParameterSet } from "#codecs/parameter_sets.ts";
import type {
  RtpDepacketizer,
  RtpFormatDescription,
  RtpPacketizer,
  RtpPayloadFormat,
  RtpUnitSummary,
} from "#formats/rtp/payload_format.ts";
import { NalPacketizer } from "./nal_packetizer.ts";
import { extractNals, type NalPayloadLayout, NalPieces } from "./nal_pieces.ts";
import { parseSpropSets, serializeSpropSets } from "./sprop.ts";

const STAP_A = 24;
const STAP_B = 25;
const MTAP16 = 26;
const MTAP24 = 27;
const FU_A = 28;
const FU_B = 29;

/** NAL unit headers of H.264: `F | NRI (2) | Type (5)`. Spec: RFC 6184 §5. */
const LAYOUT: NalPayloadLayout = {
  format: "H264 RTP payload",
  headerBytes: H264_NAL_HEADER_BYTES,
  typeShiftBits: 0,
  typeMask: 0b11111,
  maxNalType: STAP_A - 1,
  aggregationType: STAP_A,
  fragmentType: FU_A,
  unsupportedTypes: [STAP_B, MTAP16, MTAP24, FU_B],
  droppedTypes: [0, H264_NAL.accessUnitDelimiter, H264_NAL.fillerData],
  parameterSetTypes: [H264_NAL.sps, H264_NAL.pps],
  /** Spec: RFC 6184 §5.7: F if any has it, the highest NRI. */
  writeAggregationHeader(payload, nals, { start, end }) {
    let forbiddenBit = 0;
    let refIdcBits = 0;
    for (let i = start; i < end; i++) {
      const header = nals[i]![0]!;
      forbiddenBit |= header & 0b1_00_00000;
      refIdcBits = Math.max(refIdcBits, header & 0b0_11_00000);
    }
    payload[0] = forbiddenBit | refIdcBits | STAP_A;
  },
};

const NOTHING_NEW: RtpUnitSummary<"h264"> = {
  isRandomAccess: false,
  parameters: undefined,
};
const RANDOM_ACCESS: RtpUnitSummary<"h264"> = {
  isRandomAccess: true,
  parameters: undefined,
};

class H264Depacketizer implements RtpDepacketizer<"h264"> {
  #pieces = new NalPieces(LAYOUT, false);
  #parameters: H264Parameters;

  constructor(parameters: H264Parameters) {
    this.#parameters = parameters;
  }

  inspect(payloads: readonly Uint8Array[]): RtpUnitSummary<"h264"> {
    const pieces = this.#pieces;
    let { sps, pps } = this.#parameters;
    let isRandomAccess = false;
    let hasSps = false;
    pieces.start(payloads);
    while (pieces.next()) {
      if (!pieces.isStart) continue;
      switch (pieces.nalType) {
        case H264_NAL.idrSlice:
          isRandomAccess = true;
          break;
        case H264_NAL.slice:
          // Encoders without IDR pictures repeat the SPS where a decoder may start.
          isRandomAccess ||= hasSps &&
            isH264FirstIntraSlice(pieces.bytes[pieces.bodyOffsetBytes] ?? 0);
          break;
        case H264_NAL.sps: {
          hasSps = true;
          const nal = pieces.take();
          if (nal) sps = withParameterSet(sps, nal, h264ParameterSetId);
          break;
        }
        case H264_NAL.pps: {
          const nal = pieces.take();
          if (nal) pps = withParameterSet(pps, nal, h264ParameterSetId);
          break;
        }
      }
    }
    if (pieces.isMalformed) isRandomAccess = false;
    if (sps === this.#parameters.sps && pps === this.#parameters.pps) {
      return isRandomAccess ? RANDOM_ACCESS : NOTHING_NEW;
    }
    this.#parameters = { codec: "h264", sps, pps };
    return { isRandomAccess, parameters: this.#parameters };
  }

  extract(payloads: readonly Uint8Array[]): Uint8Array[] {
    return extractNals(this.#pieces, LAYOUT, payloads);
  }
}

function parseDescription(
  description: RtpFormatDescription,
): H264Parameters | undefined {
  if (description.encodingName.toLowerCase() !== "h264") return undefined;
  const { fmtp } = description;
  if (fmtp.get("packetization-mode") === "2") {
    throw new ParseError("must be 0 or 1, found 2", {
      format: "H264 format description",
      field: "packetization-mode",
      offsetBytes: 0,
    });
  }
  const sets = parseSpropSets(fmtp.get("sprop-parameter-sets"));
  return {
    codec: "h264",
    sps: sets.filter((set) => h264NalType(set) === H264_NAL.sps),
    pps: sets.filter((set) => h264NalType(set) === H264_NAL.pps),
  };
}

function describe(parameters: H264Parameters): RtpFormatDescription {
  const { sps, pps } = parameters;
  const fmtp = new Map([["packetization-mode", "1"]]);
  const [firstSps] = sps;
  if (firstSps && firstSps.length >= 4) {
    fmtp.set("sprop-parameter-sets", serializeSpropSets([...sps, ...pps]));
    const profileLevelId = firstSps.subarray(1, 4).toHex().toUpperCase();
    fmtp.set("profile-level-id", profileLevelId);
  }
  return {
    mediaType: "video",
    payloadType: undefined,
    encodingName: "H264",
    clockRateHz: VIDEO_CLOCK_RATE_HZ,
    channelCount: undefined,
    fmtp,
  };
}

/**
 * H.264 in RTP, non-interleaved.
 *
 * Reads single NAL units, STAP-A and FU-A; interleaved packets (STAP-B, MTAP, FU-B) are errors. What is written
 * needs `packetization-mode=1`.
 *
 * Spec: RFC 6184.
 */
export const h264PayloadFormat: RtpPayloadFormat<"h264"> = {
  formatId: "rtp/h264",
  codec: "h264",
  unitBoundary: "marker",
  parseDescription,
  describe,
  openDepacketizer(parameters: H264Parameters): RtpDepacketizer<"h264"> {
    return new H264Depacketizer(parameters);
  },
  openPacketizer(
    parameters: H264Parameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    return new NalPacketizer(LAYOUT, {
      parameterSets: [...parameters.sps, ...parameters.pps],
      maxPayloadBytes,
      hasOrderNumbers: false,
    });
  },
};
