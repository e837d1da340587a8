import { bitsToBytes, u, ue } from "./bit_string.ts";
import type { LoadCodec } from "./load_codec.ts";
import {
  isFragmentStart,
  lengthPrefixed,
  type NalLayout,
  nalPayloads,
  nalUnit,
  shortLengthPrefixed,
} from "./nal_units.ts";

/** NAL unit types, ITU-T H.265 table 7-1, and the fragment of RFC 7798 §4.4.3. */
const NAL_TYPE_TRAIL_R = 1;
const NAL_TYPE_IDR_W_RADL = 19;
const NAL_TYPE_VPS = 32;
const NAL_TYPE_SPS = 33;
const NAL_TYPE_PPS = 34;
const NAL_TYPE_FU = 49;

/** First byte of enhanced RTMP: a key frame or not, packet type CodedFramesX. */
const KEY_FRAME_START = 0x90;
const KEY_FRAME = 0x93;
const INTER_FRAME = 0xa3;

/** Packet type of messages with a composition time behind the FourCC. */
const CODED_FRAMES = 1;

const FOUR_CC = [0x68, 0x76, 0x63, 0x31];

const LAYOUT: NalLayout = {
  headerBytes: 2,
  typeOf: (nal) => nal[0]! >> 1 & 0b111111,
  fragmentHeader: (nal) => [nal[0]! & 0b1_000000_1 | NAL_TYPE_FU << 1, nal[1]!],
};

/** `profile_tier_level()`: main profile, main tier, progressive frames, level 3.1. */
const PROFILE_TIER_LEVEL = [
  ...[u(8, 1), u(32, 0x6000_0000), u(8, 0b1001_0000), u(40, 0), u(8, 93)],
];

/** One picture beside the current one, none reordered. */
const PICTURE_BUFFER = [u(1, 1), ue(1), ue(0), ue(0)];

const VPS = nalUnit(headerOf(NAL_TYPE_VPS), [
  ...[u(4, 0), u(2, 3), u(6, 0), u(3, 0), u(1, 1), u(16, 0xffff)],
  ...PROFILE_TIER_LEVEL,
  ...PICTURE_BUFFER,
  ...[u(6, 0), ue(0), u(1, 0), u(1, 0)],
  u(1, 1),
]);

/** 1280x720; order counts of 8 bits; one set, of the picture before. */
const SPS = nalUnit(headerOf(NAL_TYPE_SPS), [
  ...[u(4, 0), u(3, 0), u(1, 1)],
  ...PROFILE_TIER_LEVEL,
  ...[ue(0), ue(1), ue(1_280), ue(720), u(1, 0), ue(0), ue(0), ue(4)],
  ...PICTURE_BUFFER,
  ...[ue(0), ue(3), ue(0), ue(3), ue(0), ue(0), u(4, 0)],
  ...[ue(1), ue(1), ue(0), ue(0), u(1, 1)],
  ...[u(1, 0), u(2, 0), u(1, 0), u(1, 0)],
  u(1, 1),
]);

/** Picture parameter set of the simplest kind. */
const PPS = nalUnit(headerOf(NAL_TYPE_PPS), [
  ...[ue(0), ue(0), u(2, 0), u(3, 0), u(2, 0), ue(0), ue(0), ue(0)],
  ...[u(3, 0), ue(0), ue(0), u(6, 0), u(4, 0), ue(0), u(2, 0)],
  u(1, 1),
]);

/** HEVCDecoderConfigurationRecord. Spec: ISO/IEC 14496-15 §8.3.3.1.2. */
const CONFIGURATION = [
  ...[1, ...bitsToBytes(PROFILE_TIER_LEVEL), 0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8],
  ...[0, 0, 0b00_001_1_11, 3],
  ...configurationArray(NAL_TYPE_VPS, VPS),
  ...configurationArray(NAL_TYPE_SPS, SPS),
  ...configurationArray(NAL_TYPE_PPS, PPS),
];

/** H.265 in enhanced RTMP messages, in RTP as RFC 7798 has it. */
export const h265: LoadCodec = {
  encodingName: "H265",
  fmtp: `sprop-vps=${VPS.toBase64()}; sprop-sps=${SPS.toBase64()}; ` +
    `sprop-pps=${PPS.toBase64()}`,
  fourCc: "hvc1",
  videoCodecId: 0x68766331,
  sequenceHeader: Uint8Array.from([
    ...[KEY_FRAME_START, ...FOUR_CC],
    ...CONFIGURATION,
  ]),
  pictureHeader(indexInGroup) {
    return indexInGroup === 0
      ? nalUnit(headerOf(NAL_TYPE_IDR_W_RADL), [
        ...[u(1, 1), u(1, 0), ue(0), ue(2), ue(0), u(1, 1)],
      ])
      : nalUnit(headerOf(NAL_TYPE_TRAIL_R), [
        ...[u(1, 1), ue(0), ue(1), u(8, indexInGroup % 256), u(1, 1)],
        ...[u(1, 0), ue(0), ue(0), u(1, 1)],
      ]);
  },
  rtmpMessage(picture, isKeyFrame) {
    const first = isKeyFrame ? KEY_FRAME : INTER_FRAME;
    return lengthPrefixed([first, ...FOUR_CC], picture);
  },
  rtpPayloads(picture, isKeyFrame, maxPayloadBytes) {
    const nals = isKeyFrame ? [VPS, SPS, PPS, picture] : [picture];
    return nalPayloads(nals, LAYOUT, maxPayloadBytes);
  },
  /** MediaMTX tells no frame type, and puts the parameter sets before a key frame. */
  isRtmpKeyFrame(message) {
    const hasCompositionTime = (message[0]! & 0b1111) === CODED_FRAMES;
    const type = message[hasCompositionTime ? 12 : 9]! >> 1 & 0b111111;
    return type === NAL_TYPE_IDR_W_RADL || type === NAL_TYPE_VPS;
  },
  isRtpKeyFrame(packet, at) {
    const type = packet[at]! >> 1 & 0b111111;
    if (type !== NAL_TYPE_FU) return type === NAL_TYPE_IDR_W_RADL;
    return isFragmentStart(packet[at + 2]!, NAL_TYPE_IDR_W_RADL);
  },
};

/** NAL unit header of the base layer. */
function headerOf(nalType: number): number[] {
  return [nalType << 1, 1];
}

/** The array of one parameter set, marked complete. */
function configurationArray(nalType: number, nal: Uint8Array): number[] {
  return [0x80 | nalType, 0, 1, ...shortLengthPrefixed(nal)];
}
