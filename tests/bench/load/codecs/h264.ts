import { u, ue } from "./bit_string.ts";
import type { LoadCodec } from "./load_codec.ts";
import {
  isFragmentStart,
  lengthPrefixed,
  type NalLayout,
  nalPayloads,
  nalUnit,
  shortLengthPrefixed,
} from "./nal_units.ts";

/** Width and height that the parameter sets announce, in macroblocks. */
const WIDTH_MACROBLOCKS = 80;
const HEIGHT_MACROBLOCKS = 45;

const NAL_SLICE = 0x41;
const NAL_IDR = 0x65;
const NAL_SPS = 0x67;
const NAL_PPS = 0x68;

const NAL_TYPE_IDR = 5;
const NAL_TYPE_FU_A = 28;

const CODEC_ID_AVC = 7;

/** First byte of an RTMP message: the frame type and the codec. */
const KEY_FRAME = 0x10 | CODEC_ID_AVC;
const INTER_FRAME = 0x20 | CODEC_ID_AVC;

const LAYOUT: NalLayout = {
  headerBytes: 1,
  typeOf: (nal) => nal[0]! & 0b0001_1111,
  fragmentHeader: (nal) => [nal[0]! & 0b1110_0000 | NAL_TYPE_FU_A],
};

/** Sequence parameter set: constrained baseline, level 4, 1280x720, no reordering. */
export const SPS: Uint8Array<ArrayBuffer> = nalUnit([NAL_SPS], [
  ...[u(8, 66), u(8, 0b1100_0000), u(8, 40)],
  ...[ue(0), ue(0), ue(2), ue(1), u(1, 0)],
  ...[ue(WIDTH_MACROBLOCKS - 1), ue(HEIGHT_MACROBLOCKS - 1)],
  ...[u(1, 1), u(1, 1), u(1, 0), u(1, 0)],
  u(1, 1),
]);

/** Picture parameter set of the simplest kind. */
export const PPS: Uint8Array<ArrayBuffer> = nalUnit([NAL_PPS], [
  ...[ue(0), ue(0), u(1, 0), u(1, 0), ue(0), ue(0), ue(0)],
  ...[u(1, 0), u(2, 0), ue(0), ue(0), ue(0), u(1, 0), u(1, 0), u(1, 0)],
  u(1, 1),
]);

/** The parameter sets as an RTMP sequence header wants them. */
export function avcDecoderConfiguration(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([
    ...[1, SPS[1]!, SPS[2]!, SPS[3]!, 0xff],
    ...[0xe1, ...shortLengthPrefixed(SPS)],
    ...[1, ...shortLengthPrefixed(PPS)],
  ]);
}

/** H.264 in RTMP messages of the old form, in RTP as RFC 6184 has it. */
export const h264: LoadCodec = {
  encodingName: "H264",
  fmtp: `packetization-mode=1; sprop-parameter-sets=${SPS.toBase64()},` +
    `${PPS.toBase64()}; profile-level-id=42C028`,
  fourCc: undefined,
  videoCodecId: CODEC_ID_AVC,
  sequenceHeader: Uint8Array.from([
    ...[KEY_FRAME, 0, 0, 0, 0],
    ...avcDecoderConfiguration(),
  ]),
  pictureHeader(indexInGroup) {
    return indexInGroup === 0
      ? nalUnit([NAL_IDR], [
        ...[ue(0), ue(7), ue(0), u(4, 0), ue(0), u(2, 0), ue(0), u(7, 1)],
      ])
      : nalUnit([NAL_SLICE], [
        ...[ue(0), ue(5), ue(0), u(4, indexInGroup % 16)],
        ...[u(3, 0), ue(0), u(7, 1)],
      ]);
  },
  rtmpMessage(picture, isKeyFrame) {
    return lengthPrefixed(
      [isKeyFrame ? KEY_FRAME : INTER_FRAME, 1, 0, 0, 0],
      picture,
    );
  },
  rtpPayloads(picture, isKeyFrame, maxPayloadBytes) {
    const nals = isKeyFrame ? [SPS, PPS, picture] : [picture];
    return nalPayloads(nals, LAYOUT, maxPayloadBytes);
  },
  isRtmpKeyFrame: (message) => message[0] === KEY_FRAME,
  isRtpKeyFrame(packet, at) {
    const type = packet[at]! & 0b0001_1111;
    if (type !== NAL_TYPE_FU_A) return type === NAL_TYPE_IDR;
    return isFragmentStart(packet[at + 1]!, NAL_TYPE_IDR);
  },
};
