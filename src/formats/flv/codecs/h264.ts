import type { H264Parameters } from "#codecs/codec.ts";
import {
  parseAvcDecoderConfigurationRecord,
  serializeAvcDecoderConfigurationRecord,
} from "#codecs/h264/avcc.ts";
import {
  H264_NAL,
  H264_NAL_HEADER_BYTES,
  h264NalType,
  h264ParameterSetId,
  isH264FirstIntraSlice,
} from "#codecs/h264/nal.ts";
import { withParameterSet } from "#codecs/parameter_sets.ts";
import type { FlvCodec } from "#formats/flv/flv_codec.ts";
import {
  nalFrames,
  NalPayloadReader,
  type NalSyntax,
} from "#formats/flv/nal_payload.ts";

const CODEC_ID_AVC = 7;

const SYNTAX: NalSyntax<H264Parameters> = {
  noParameters: { codec: "h264", sps: [], pps: [] },
  parseRecord(record) {
    const { sps, pps, nalLengthSizeBytes } = parseAvcDecoderConfigurationRecord(
      record,
    );
    return { parameters: { codec: "h264", sps, pps }, nalLengthSizeBytes };
  },
  withNal,
  isStart(nal, isKeyFrame) {
    const type = h264NalType(nal);
    // Encoders without IDR pictures flag those at which a decoder may start.
    return type === H264_NAL.idrSlice ||
      isKeyFrame && type === H264_NAL.slice &&
        isH264FirstIntraSlice(nal[H264_NAL_HEADER_BYTES] ?? 0);
  },
  isComplete: ({ sps, pps }) => sps.length > 0 && pps.length > 0,
};

function withNal(parameters: H264Parameters, nal: Uint8Array): H264Parameters {
  const type = h264NalType(nal);
  if (type === H264_NAL.sps) {
    const sps = withParameterSet(parameters.sps, nal, h264ParameterSetId);
    return sps === parameters.sps ? parameters : { ...parameters, sps };
  }
  if (type === H264_NAL.pps) {
    const pps = withParameterSet(parameters.pps, nal, h264ParameterSetId);
    return pps === parameters.pps ? parameters : { ...parameters, pps };
  }
  return parameters;
}

function configuration(parameters: H264Parameters): Uint8Array | undefined {
  if (!SYNTAX.isComplete(parameters)) return undefined;
  const { sps, pps } = parameters;
  return serializeAvcDecoderConfigurationRecord(sps, pps);
}

/** Parameter sets are in the sequence header; the others say nothing in FLV. */
function isLeftOut(nal: Uint8Array): boolean {
  switch (h264NalType(nal)) {
    case H264_NAL.sps:
    case H264_NAL.pps:
    case H264_NAL.accessUnitDelimiter:
    case H264_NAL.fillerData:
      return true;
    default:
      return nal.length === 0;
  }
}

/** H.264 in FLV. Spec: FLV §E.4.3.1, §E.4.3.2; Enhanced RTMP v2 for `avc1`. */
export const h264Flv: FlvCodec<"h264"> = {
  codec: "h264",
  kind: "video",
  fourCc: "avc1",
  codecIds: [CODEC_ID_AVC],
  hasConfiguration: true,
  hasCompositionTime: true,
  isCarried: () => true,
  codecId: () => CODEC_ID_AVC,
  configuration,
  frames: (parts, _, headBytes) => nalFrames(parts, headBytes, isLeftOut),
  openReader: () => new NalPayloadReader(SYNTAX),
};
