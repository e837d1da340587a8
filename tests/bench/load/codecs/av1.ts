import { bitsToBytes, u } from "./bit_string.ts";
import type { LoadCodec, RtpPayload } from "./load_codec.ts";

/** OBU headers without size field. Spec: AV1 §5.3.2. */
const OBU_SEQUENCE_HEADER = 0b0_0001_000;
const OBU_FRAME = 0b0_0110_000;
const OBU_HAS_SIZE = 0b10;

/** OBU header of a temporal delimiter with its size field, which follows. */
const TEMPORAL_DELIMITER = 0b0_0010_010;

/** `show_existing_frame`, `frame_type`, `show_frame` of a frame header. Spec: AV1 §5.9.2. */
const SHOWN_KEY_FRAME = 0b0_00_1_0000;
const SHOWN_INTER_FRAME = 0b0_01_1_0000;

/** `Z | Y | W (2) | N` of the aggregation header. Spec: AV1 RTP §4.4. */
const CONTINUES = 0b1_0_00_0_000;
const IS_CONTINUED = 0b0_1_00_0_000;
const ONE_ELEMENT = 0b0_0_01_0_000;
const TWO_ELEMENTS = 0b0_0_10_0_000;
const NEW_SEQUENCE = 0b0_0_00_1_000;

/** First byte of enhanced RTMP: a key frame or not, packet type CodedFrames. */
const KEY_FRAME_START = 0x90;
const KEY_FRAME = 0x91;
const INTER_FRAME = 0xa1;

const FOUR_CC = [0x61, 0x76, 0x30, 0x31];

/** Main profile, level 3.1, 1280x720, every tool off. Spec: AV1 §5.5. */
const SEQUENCE_HEADER = Uint8Array.from([
  OBU_SEQUENCE_HEADER,
  ...bitsToBytes([
    ...[u(3, 0), u(2, 0), u(2, 0), u(5, 0), u(12, 0), u(5, 5)],
    ...[u(4, 10), u(4, 9), u(11, 1_279), u(10, 719)],
    ...[u(1, 0), u(3, 0), u(4, 0), u(1, 0), u(2, 0b11), u(3, 0)],
    ...[u(4, 0), u(2, 0), u(1, 0), u(1, 0)],
    u(1, 1),
  ]),
]);

/** AV1CodecConfigurationRecord: 8 bits, 4:2:0. Spec: AV1 in ISOBMFF §2.3. */
const CONFIGURATION = [0x81, 5, 0b0000_1100, 0, ...withSize(SEQUENCE_HEADER)];

/** AV1 in enhanced RTMP messages, in RTP as the Alliance's payload format has it. */
export const av1: LoadCodec = {
  encodingName: "AV1",
  fmtp: "profile=0; level-idx=5; tier=0",
  fourCc: "av01",
  videoCodecId: 0x61763031,
  sequenceHeader: Uint8Array.from([
    ...[KEY_FRAME_START, ...FOUR_CC],
    ...CONFIGURATION,
  ]),
  /** Of the frame header only the first fields, which are all that a server reads. */
  pictureHeader(indexInGroup) {
    const kind = indexInGroup === 0 ? SHOWN_KEY_FRAME : SHOWN_INTER_FRAME;
    return Uint8Array.of(OBU_FRAME, kind);
  },
  rtmpMessage(picture, isKeyFrame) {
    const head = [isKeyFrame ? KEY_FRAME : INTER_FRAME, ...FOUR_CC];
    if (isKeyFrame) head.push(...withSize(SEQUENCE_HEADER));
    head.push(...headWithSize(picture));
    const message = new Uint8Array(head.length + picture.length - 1);
    message.set(head);
    message.set(picture.subarray(1), head.length);
    return message;
  },
  rtpPayloads(picture, isKeyFrame, maxPayloadBytes) {
    const { length } = SEQUENCE_HEADER;
    let header = isKeyFrame
      ? [NEW_SEQUENCE | TWO_ELEMENTS, length, ...SEQUENCE_HEADER]
      : [ONE_ELEMENT];
    const payloads: RtpPayload[] = [];
    for (let at = 0; at < picture.length;) {
      const end = Math.min(
        at + maxPayloadBytes - header.length,
        picture.length,
      );
      if (end < picture.length) header[0]! |= IS_CONTINUED;
      payloads.push({ header, data: picture.subarray(at, end) });
      header = [CONTINUES | ONE_ELEMENT];
      at = end;
    }
    return payloads;
  },
  /** MediaMTX tells no frame type; servers may put a temporal delimiter first. */
  isRtmpKeyFrame(message) {
    const obuType = message[5] === TEMPORAL_DELIMITER ? message[7] : message[5];
    return obuType === (OBU_SEQUENCE_HEADER | OBU_HAS_SIZE);
  },
  isRtpKeyFrame: (packet, at) => (packet[at]! & NEW_SEQUENCE) !== 0,
};

/** An OBU with its size field, as RTMP holds it. */
function withSize(obu: Uint8Array): number[] {
  return [...headWithSize(obu), ...obu.subarray(1)];
}

/** OBU header and size field (leb128, AV1 §4.10.5) of an OBU that has none. */
function headWithSize(obu: Uint8Array): number[] {
  const head = [obu[0]! | OBU_HAS_SIZE];
  let rest = obu.length - 1;
  for (; rest >= 0x80; rest >>= 7) head.push(0x80 | rest & 0x7f);
  return [...head, rest];
}
