import type { H265Parameters } from "#codecs/codec.ts";
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
import { NalReader, type NalSyntax } from "#formats/mpegts/nal_reader.ts";
import type { TsCodec } from "#formats/mpegts/ts_codec.ts";
import { formatDescriptor } from "#formats/mpegts/descriptors.ts";
import { nalPicture } from "#formats/mpegts/nal_pieces.ts";
import { STREAM_ID, type TsPayloadWriter } from "#formats/mpegts/ts_payload.ts";

const STREAM_TYPE = 0x24;

const SYNTAX: NalSyntax<H265Parameters> = {
  noParameters: { codec: "h265", vps: [], sps: [], pps: [] },
  withNal,
  isComplete: ({ vps, sps, pps }) =>
    vps.length > 0 && sps.length > 0 && pps.length > 0,
  isLeftOut(nal) {
    const type = h265NalType(nal);
    return type === H265_NAL.accessUnitDelimiter ||
      type === H265_NAL.fillerData;
  },
  isSlice: (nal) => h265NalType(nal) < H265_NAL.vps,
  isStart: (slice) => isH265RandomAccess(h265NalType(slice)),
  isStartHeader: () => false,
};

function withNal(parameters: H265Parameters, nal: Uint8Array): H265Parameters {
  switch (h265NalType(nal)) {
    case H265_NAL.vps: {
      const vps = withParameterSet(parameters.vps, nal, h265VpsId);
      return vps === parameters.vps ? parameters : { ...parameters, vps };
    }
    case H265_NAL.sps: {
      const sps = withParameterSet(parameters.sps, nal, h265SpsId);
      return sps === parameters.sps ? parameters : { ...parameters, sps };
    }
    case H265_NAL.pps: {
      const pps = withParameterSet(parameters.pps, nal, h265PpsId);
      return pps === parameters.pps ? parameters : { ...parameters, pps };
    }
    default:
      return parameters;
  }
}

/** H.265 in MPEG-TS, a picture a PES packet. Spec: ISO/IEC 13818-1 §2.17. */
export const h265Ts: TsCodec<"h265"> = {
  codec: "h265",
  isCodecOf: ({ streamType }) => streamType === STREAM_TYPE,
  openReader: (_, onError) => new NalReader(SYNTAX, onError),
};

/** `pic_type` 2: slices of any type may follow. Spec: ITU-T H.265 §7.3.2.5. */
const DELIMITER = Uint8Array.of(
  ...[0, 0, 0, 1, H265_NAL.accessUnitDelimiter << 1, 1, 0x50],
);

/** H.265 that is written: delimiters, and parameter sets where a decoder may start. Spec: ISO/IEC 13818-1 §2.17.1. */
export const h265TsPayload: TsPayloadWriter<"h265"> = {
  codec: "h265",
  form: () => ({
    streamType: STREAM_TYPE,
    streamId: STREAM_ID.video,
    descriptors: formatDescriptor("HEVC"),
  }),
  pieces: (parts, { vps, sps, pps }, isRandomAccess) =>
    nalPicture(parts, isRandomAccess, {
      delimiter: DELIMITER,
      sets: [vps, sps, pps],
      isParameterSet: (nal) => isH265ParameterSet(h265NalType(nal)),
      isLeftOut: (nal) => nal.length === 0 || SYNTAX.isLeftOut(nal),
    }),
};
