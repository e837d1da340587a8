import type { H264Parameters } from "#codecs/codec.ts";
import {
  H264_NAL,
  H264_NAL_HEADER_BYTES,
  h264NalType,
  h264ParameterSetId,
  isH264FirstIntraSlice,
  isH264ParameterSet,
} from "#codecs/h264/nal.ts";
import { withParameterSet } from "#codecs/parameter_sets.ts";
import { NalReader, type NalSyntax } from "#formats/mpegts/nal_reader.ts";
import type { TsCodec } from "#formats/mpegts/ts_codec.ts";
import { nalPicture } from "#formats/mpegts/nal_pieces.ts";
import {
  NO_DESCRIPTORS,
  STREAM_ID,
  type TsPayloadWriter,
} from "#formats/mpegts/ts_payload.ts";

const STREAM_TYPE = 0x1b;

const SYNTAX: NalSyntax<H264Parameters> = {
  noParameters: { codec: "h264", sps: [], pps: [] },
  withNal,
  isComplete: ({ sps, pps }) => sps.length > 0 && pps.length > 0,
  isLeftOut(nal) {
    const type = h264NalType(nal);
    return type === H264_NAL.accessUnitDelimiter ||
      type === H264_NAL.fillerData;
  },
  isSlice(nal) {
    const type = h264NalType(nal);
    return type >= H264_NAL.slice && type <= H264_NAL.idrSlice;
  },
  isStart(slice, isMarked) {
    const type = h264NalType(slice);
    // Encoders without IDR pictures mark those at which a decoder may start, or repeat the SPS there.
    return type === H264_NAL.idrSlice ||
      isMarked && type === H264_NAL.slice &&
        isH264FirstIntraSlice(slice[H264_NAL_HEADER_BYTES] ?? 0);
  },
  isStartHeader: (nal) => h264NalType(nal) === H264_NAL.sps,
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

/** H.264 in MPEG-TS, a picture a PES packet. Spec: ISO/IEC 13818-1 §2.14. */
export const h264Ts: TsCodec<"h264"> = {
  codec: "h264",
  isCodecOf: ({ streamType }) => streamType === STREAM_TYPE,
  openReader: (_, onError) => new NalReader(SYNTAX, onError),
};

/** `primary_pic_type` 7: slices of any type may follow. Spec: ITU-T H.264 §7.3.2.4. */
const DELIMITER = Uint8Array.of(0, 0, 0, 1, H264_NAL.accessUnitDelimiter, 0xf0);

/** H.264 that is written: delimiters, and parameter sets where a decoder may start. Spec: ISO/IEC 13818-1 §2.14.1. */
export const h264TsPayload: TsPayloadWriter<"h264"> = {
  codec: "h264",
  form: () => ({
    streamType: STREAM_TYPE,
    streamId: STREAM_ID.video,
    descriptors: NO_DESCRIPTORS,
  }),
  pieces: (parts, { sps, pps }, isRandomAccess) =>
    nalPicture(parts, isRandomAccess, {
      delimiter: DELIMITER,
      sets: [sps, pps],
      isParameterSet: (nal) => isH264ParameterSet(h264NalType(nal)),
      isLeftOut: (nal) => nal.length === 0 || SYNTAX.isLeftOut(nal),
    }),
};
