import type { H265Parameters } from "#codecs/codec.ts";
import {
  parseHevcDecoderConfigurationRecord,
  serializeHevcDecoderConfigurationRecord,
} from "#codecs/h265/hvcc.ts";
import {
  H265_NAL,
  h265NalType,
  h265PpsId,
  h265VpsId,
  isH265ParameterSet,
  isH265RandomAccess,
} from "#codecs/h265/nal.ts";
import { h265SpsId } from "#codecs/h265/sps.ts";
import { withParameterSet } from "#codecs/parameter_sets.ts";
import type { FlvCodec } from "#formats/flv/flv_codec.ts";
import {
  nalFrames,
  NalPayloadReader,
  type NalSyntax,
} from "#formats/flv/nal_payload.ts";

/** Never registered, but sent by encoders from before there were FourCCs. */
const CODEC_ID_HEVC = 12;

const SYNTAX: NalSyntax<H265Parameters> = {
  noParameters: { codec: "h265", vps: [], sps: [], pps: [] },
  parseRecord(record) {
    const { vps, sps, pps, nalLengthSizeBytes } =
      parseHevcDecoderConfigurationRecord(record);
    return { parameters: { codec: "h265", vps, sps, pps }, nalLengthSizeBytes };
  },
  withNal,
  isStart: (nal) => isH265RandomAccess(h265NalType(nal)),
  isComplete: ({ vps, sps, pps }) =>
    vps.length > 0 && sps.length > 0 && pps.length > 0,
};

function withNal(parameters: H265Parameters, nal: Uint8Array): H265Parameters {
  const type = h265NalType(nal);
  if (type === H265_NAL.vps) {
    const vps = withParameterSet(parameters.vps, nal, h265VpsId);
    return vps === parameters.vps ? parameters : { ...parameters, vps };
  }
  if (type === H265_NAL.sps) {
    const sps = withParameterSet(parameters.sps, nal, h265SpsId);
    return sps === parameters.sps ? parameters : { ...parameters, sps };
  }
  if (type === H265_NAL.pps) {
    const pps = withParameterSet(parameters.pps, nal, h265PpsId);
    return pps === parameters.pps ? parameters : { ...parameters, pps };
  }
  return parameters;
}

function configuration(parameters: H265Parameters): Uint8Array | undefined {
  if (!SYNTAX.isComplete(parameters)) return undefined;
  const { vps, sps, pps } = parameters;
  return serializeHevcDecoderConfigurationRecord(vps, sps, pps);
}

/** Parameter sets are in the sequence header; the others say nothing in FLV. */
function isLeftOut(nal: Uint8Array): boolean {
  const type = h265NalType(nal);
  return nal.length === 0 || isH265ParameterSet(type) ||
    type === H265_NAL.accessUnitDelimiter || type === H265_NAL.fillerData;
}

/** H.265 in FLV; tags without FourCC are only read. Spec: Enhanced RTMP v2, `hvc1`. */
export const h265Flv: FlvCodec<"h265"> = {
  codec: "h265",
  kind: "video",
  fourCc: "hvc1",
  codecIds: [CODEC_ID_HEVC],
  hasConfiguration: true,
  hasCompositionTime: true,
  isCarried: () => true,
  configuration,
  frames: (parts, _, headBytes) => nalFrames(parts, headBytes, isLeftOut),
  openReader: () => new NalPayloadReader(SYNTAX),
};
