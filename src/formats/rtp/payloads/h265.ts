import { ParseError } from "#base/errors.ts";
import { VIDEO_CLOCK_RATE_HZ } from "#base/time.ts";
import type { H265Parameters } from "#codecs/codec.ts";
import {
  H265_NAL,
  H265_NAL_HEADER_BYTES,
  h265NalType,
  h265PpsId,
  h265VpsId,
  isH265RandomAccess,
} from "#codecs/h265/nal.ts";
import { h265SpsId } from "#codecs/h265/sps.ts";
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

const AGGREGATION = 48;
const FRAGMENT = 49;
const PACI = 50;
/** Highest `sprop-max-don-diff`. Spec: RFC 7798 §7.1. */
const MAX_DON_DIFF = 32_767;

/** NAL unit headers of H.265: `F | Type (6) | LayerId (6) | TID (3)`. Spec: RFC 7798 §4. */
const LAYOUT: NalPayloadLayout = {
  format: "H265 RTP payload",
  headerBytes: H265_NAL_HEADER_BYTES,
  typeShiftBits: 1,
  typeMask: 0b111111,
  maxNalType: AGGREGATION - 1,
  aggregationType: AGGREGATION,
  fragmentType: FRAGMENT,
  unsupportedTypes: [PACI],
  droppedTypes: [H265_NAL.accessUnitDelimiter, H265_NAL.fillerData],
  parameterSetTypes: [H265_NAL.vps, H265_NAL.sps, H265_NAL.pps],
  /** Spec: RFC 7798 §4.4.2: F if any has it, the lowest LayerId, the lowest TID. */
  writeAggregationHeader(payload, nals, { start, end }) {
    let forbiddenBit = 0;
    let layerId = 0b111111;
    let temporalId = 0b111;
    for (let i = start; i < end; i++) {
      const nal = nals[i]!;
      forbiddenBit |= nal[0]! & 0b1_0000000;
      layerId = Math.min(layerId, (nal[0]! & 1) << 5 | nal[1]! >> 3);
      temporalId = Math.min(temporalId, nal[1]! & 0b111);
    }
    payload[0] = forbiddenBit | AGGREGATION << 1 | layerId >> 5;
    payload[1] = layerId << 3 | temporalId;
  },
};

const NOTHING_NEW: RtpUnitSummary<"h265"> = {
  isRandomAccess: false,
  parameters: undefined,
};
const RANDOM_ACCESS: RtpUnitSummary<"h265"> = {
  isRandomAccess: true,
  parameters: undefined,
};

class H265Depacketizer implements RtpDepacketizer<"h265"> {
  #pieces: NalPieces;
  #parameters: H265Parameters;

  constructor(parameters: H265Parameters) {
    this.#parameters = parameters;
    this.#pieces = new NalPieces(LAYOUT, maxDonDiffOf(parameters) > 0);
  }

  inspect(payloads: readonly Uint8Array[]): RtpUnitSummary<"h265"> {
    const pieces = this.#pieces;
    const known = this.#parameters;
    let { vps, sps, pps } = known;
    let isRandomAccess = false;
    pieces.start(payloads);
    while (pieces.next()) {
      if (!pieces.isStart) continue;
      const type = pieces.nalType;
      if (isH265RandomAccess(type)) isRandomAccess = true;
      if (!LAYOUT.parameterSetTypes.includes(type)) continue;
      const nal = pieces.take();
      if (nal === undefined) break;
      if (type === H265_NAL.vps) vps = withParameterSet(vps, nal, h265VpsId);
      else if (type === H265_NAL.sps) {
        sps = withParameterSet(sps, nal, h265SpsId);
      } else pps = withParameterSet(pps, nal, h265PpsId);
    }
    if (pieces.isMalformed) isRandomAccess = false;
    if (vps === known.vps && sps === known.sps && pps === known.pps) {
      return isRandomAccess ? RANDOM_ACCESS : NOTHING_NEW;
    }
    this.#parameters = { ...known, vps, sps, pps };
    return { isRandomAccess, parameters: this.#parameters };
  }

  extract(payloads: readonly Uint8Array[]): Uint8Array[] {
    return extractNals(this.#pieces, LAYOUT, payloads);
  }
}

function parseDescription(
  description: RtpFormatDescription,
): H265Parameters | undefined {
  if (description.encodingName.toLowerCase() !== "h265") return undefined;
  const { fmtp } = description;
  const parameters: H265Parameters = {
    codec: "h265",
    vps: setsOfType(fmtp.get("sprop-vps"), H265_NAL.vps),
    sps: setsOfType(fmtp.get("sprop-sps"), H265_NAL.sps),
    pps: setsOfType(fmtp.get("sprop-pps"), H265_NAL.pps),
  };
  const maxDonDiff = parseMaxDonDiff(fmtp.get("sprop-max-don-diff"));
  if (maxDonDiff === 0) return parameters;
  const withLayout: H265Parameters = {
    ...parameters,
    rtpLayout: { maxDonDiff },
  };
  return withLayout;
}

function setsOfType(value: string | undefined, nalType: number): Uint8Array[] {
  return parseSpropSets(value).filter((set) => h265NalType(set) === nalType);
}

function parseMaxDonDiff(value: string | undefined): number {
  if (value === undefined) return 0;
  const maxDonDiff = /^\d{1,5}$/.test(value) ? Number(value) : NaN;
  if (maxDonDiff <= MAX_DON_DIFF) return maxDonDiff;
  throw new ParseError(`must be 0 to ${MAX_DON_DIFF}, found "${value}"`, {
    format: "H265 format description",
    field: "sprop-max-don-diff",
    offsetBytes: 0,
  });
}

function maxDonDiffOf(parameters: H265Parameters): number {
  return parameters.rtpLayout?.maxDonDiff ?? 0;
}

function describe(parameters: H265Parameters): RtpFormatDescription {
  const { vps, sps, pps } = parameters;
  const fmtp = new Map<string, string>();
  if (vps.length > 0) fmtp.set("sprop-vps", serializeSpropSets(vps));
  if (sps.length > 0) fmtp.set("sprop-sps", serializeSpropSets(sps));
  if (pps.length > 0) fmtp.set("sprop-pps", serializeSpropSets(pps));
  const maxDonDiff = maxDonDiffOf(parameters);
  if (maxDonDiff > 0) fmtp.set("sprop-max-don-diff", `${maxDonDiff}`);
  return {
    mediaType: "video",
    payloadType: undefined,
    encodingName: "H265",
    clockRateHz: VIDEO_CLOCK_RATE_HZ,
    channelCount: undefined,
    fmtp,
  };
}

/**
 * H.265 in RTP, one stream.
 *
 * Reads single NAL units, aggregation packets and fragments, with decoding order numbers if
 * `sprop-max-don-diff` is over 0 (they are passed over: packets count as sent in decoding order). PACI packets
 * are errors.
 *
 * Spec: RFC 7798.
 */
export const h265PayloadFormat: RtpPayloadFormat<"h265"> = {
  formatId: "rtp/h265",
  codec: "h265",
  unitBoundary: "marker",
  parseDescription,
  describe,
  openDepacketizer(parameters: H265Parameters): RtpDepacketizer<"h265"> {
    return new H265Depacketizer(parameters);
  },
  openPacketizer(
    parameters: H265Parameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    const { vps, sps, pps } = parameters;
    return new NalPacketizer(LAYOUT, {
      parameterSets: [...vps, ...sps, ...pps],
      maxPayloadBytes,
      hasOrderNumbers: maxDonDiffOf(parameters) > 0,
    });
  },
};
