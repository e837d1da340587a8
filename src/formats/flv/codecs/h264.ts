import { ParseError } from "#base/errors.ts";
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
import { splitLengthPrefixed } from "#codecs/nal_unit.ts";
import { withParameterSet } from "#codecs/parameter_sets.ts";
import {
  END_TAG,
  type FlvCodec,
  type FlvFrame,
  type FlvTag,
  type FlvTagReader,
  type FlvUnit,
  IGNORED_TAG,
  MAX_FLV_BODY_BYTES,
} from "#formats/flv/flv_codec.ts";

const CODEC_ID_AVC = 7;
const KEY_FRAME = 1;
const INTER_FRAME = 2;
const AVC_PACKET_TYPE = { sequenceHeader: 0, nalu: 1, endOfSequence: 2 };

/** Frame type and codec, AVCPacketType, CompositionTime. Spec: FLV §E.4.3.1, §E.4.3.2. */
const HEADER_BYTES = 5;
const NAL_LENGTH_BYTES = 4;

/** Some encoders send no sequence header: their parameter sets stand before the first key frame. */
const NO_PARAMETERS: H264Parameters = { codec: "h264", sps: [], pps: [] };

class H264TagReader implements FlvTagReader {
  #parameters = NO_PARAMETERS;
  #nalLengthSizeBytes = NAL_LENGTH_BYTES;

  read(body: Uint8Array): FlvTag {
    if (body.length < HEADER_BYTES) {
      throw new ParseError(
        `needs ${HEADER_BYTES} bytes, found ${body.length}`,
        {
          format: "FLV AVC tag",
          field: "AVCPacketType",
          offsetBytes: body.length,
        },
      );
    }
    switch (body[1]) {
      case AVC_PACKET_TYPE.sequenceHeader:
        return this.#readSequenceHeader(body.subarray(HEADER_BYTES));
      case AVC_PACKET_TYPE.nalu:
        return this.#readFrame(body);
      case AVC_PACKET_TYPE.endOfSequence:
        return END_TAG;
      default:
        throw new ParseError(`must be 0 to 2, found ${body[1]}`, {
          format: "FLV AVC tag",
          field: "AVCPacketType",
          offsetBytes: 1,
        });
    }
  }

  #readSequenceHeader(bytes: Uint8Array): FlvTag {
    const { sps, pps, nalLengthSizeBytes } = parseAvcDecoderConfigurationRecord(
      bytes,
    );
    this.#parameters = { codec: "h264", sps, pps };
    this.#nalLengthSizeBytes = nalLengthSizeBytes;
    return { kind: "parameters", parameters: this.#parameters };
  }

  #readFrame(body: Uint8Array): FlvTag {
    const known = this.#parameters;
    const parts = splitLengthPrefixed(
      body.subarray(HEADER_BYTES),
      this.#nalLengthSizeBytes,
    );
    if (parts.length === 0) return IGNORED_TAG;
    const isKeyFrame = body[0]! >>> 4 === KEY_FRAME;
    let { sps, pps } = known;
    let isRandomAccess = false;
    for (const nal of parts) {
      switch (h264NalType(nal)) {
        case H264_NAL.idrSlice:
          isRandomAccess = true;
          break;
        case H264_NAL.slice:
          // Encoders without IDR pictures flag those at which a decoder may start.
          isRandomAccess ||= isKeyFrame &&
            isH264FirstIntraSlice(nal[H264_NAL_HEADER_BYTES] ?? 0);
          break;
        case H264_NAL.sps:
          sps = withParameterSet(sps, nal, h264ParameterSetId);
          break;
        case H264_NAL.pps:
          pps = withParameterSet(pps, nal, h264ParameterSetId);
          break;
      }
    }
    let parameters: H264Parameters | undefined;
    if (sps !== known.sps || pps !== known.pps) {
      this.#parameters = parameters = { codec: "h264", sps, pps };
    }
    if (sps.length === 0 || pps.length === 0) return IGNORED_TAG;
    return {
      kind: "frame",
      codec: "h264",
      parts,
      isRandomAccess,
      compositionTimeMs: (body[2]! << 24 | body[3]! << 16 | body[4]! << 8) >> 8,
      parameters,
    };
  }
}

function sequenceHeader(parameters: H264Parameters): Uint8Array | undefined {
  const { sps, pps } = parameters;
  if (sps.length === 0 || pps.length === 0) return undefined;
  const record = serializeAvcDecoderConfigurationRecord(sps, pps);
  const body = new Uint8Array(HEADER_BYTES + record.length);
  body[0] = KEY_FRAME << 4 | CODEC_ID_AVC;
  body[1] = AVC_PACKET_TYPE.sequenceHeader;
  body.set(record, HEADER_BYTES);
  return body;
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

function frames(unit: FlvUnit): FlvFrame[] {
  let sizeBytes = HEADER_BYTES;
  for (const nal of unit.parts) {
    if (!isLeftOut(nal)) sizeBytes += NAL_LENGTH_BYTES + nal.length;
  }
  if (sizeBytes === HEADER_BYTES || sizeBytes > MAX_FLV_BODY_BYTES) return [];
  const body = new Uint8Array(sizeBytes);
  const { compositionTimeMs } = unit;
  body[0] = (unit.isRandomAccess ? KEY_FRAME : INTER_FRAME) << 4 | CODEC_ID_AVC;
  body[1] = AVC_PACKET_TYPE.nalu;
  body[2] = compositionTimeMs >> 16;
  body[3] = compositionTimeMs >> 8;
  body[4] = compositionTimeMs;
  let at = HEADER_BYTES;
  for (const nal of unit.parts) {
    if (isLeftOut(nal)) continue;
    body[at] = nal.length >>> 24;
    body[at + 1] = nal.length >>> 16;
    body[at + 2] = nal.length >>> 8;
    body[at + 3] = nal.length;
    body.set(nal, at + NAL_LENGTH_BYTES);
    at += NAL_LENGTH_BYTES + nal.length;
  }
  return [{ body, offsetTicks: 0 }];
}

/** H.264 in FLV: AVC tags with NAL units behind lengths. Spec: FLV §E.4.3.1, §E.4.3.2. */
export const h264Flv: FlvCodec<"h264"> = {
  codec: "h264",
  kind: "video",
  codecIds: [CODEC_ID_AVC],
  isCarried: () => true,
  codecId: () => CODEC_ID_AVC,
  sequenceHeader,
  frames,
  openReader: () => new H264TagReader(),
};
