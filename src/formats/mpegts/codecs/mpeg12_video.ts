import type { Mpeg12VideoParameters } from "#codecs/codec.ts";
import {
  isMpeg12Slice,
  isMpeg2Config,
  MPEG12_PICTURE_TYPE,
  MPEG12_START_CODE,
  mpeg12Config,
  mpeg12PictureType,
} from "#codecs/mpeg12_video.ts";
import { isSameBytes } from "#codecs/parameter_sets.ts";
import { findStartCode, START_CODE_BYTES } from "#codecs/start_code.ts";
import {
  type AccessUnit,
  NO_UNITS,
  type PesPacket,
  type StreamReader,
  type TsCodec,
} from "#formats/mpegts/ts_codec.ts";
import {
  NO_DESCRIPTORS,
  STREAM_ID,
  type TsPayloadWriter,
} from "#formats/mpegts/ts_payload.ts";

const STREAM_TYPE_MPEG1 = 0x01;
const STREAM_TYPE_MPEG2 = 0x02;

class Mpeg12VideoReader implements StreamReader {
  codec: Mpeg12VideoParameters | undefined;
  /** A sequence header came again: encoders that do this do so wherever a decoder may start. */
  #isRepeatingConfig = false;

  read({ payload, ptsTicks, dtsTicks }: PesPacket): readonly AccessUnit[] {
    let hasSequence = false;
    let pictureType = 0;
    let at = findStartCode(payload, 0);
    while (at >= 0) {
      const code = payload[at + 3]!;
      if (isMpeg12Slice(code)) break;
      if (code === MPEG12_START_CODE.sequenceHeader) {
        hasSequence = true;
        this.#learn(payload, at);
      } else if (code === MPEG12_START_CODE.picture) {
        pictureType = mpeg12PictureType(payload, at);
      }
      at = findStartCode(payload, at + START_CODE_BYTES);
    }
    const { codec } = this;
    if (
      pictureType === 0 || ptsTicks === undefined || dtsTicks === undefined ||
      codec === undefined
    ) return NO_UNITS;
    const isRandomAccess = pictureType === MPEG12_PICTURE_TYPE.i &&
      (hasSequence || !this.#isRepeatingConfig);
    return [{ ptsTicks, dtsTicks, isRandomAccess, parts: [payload], codec }];
  }

  handleGap(): void {}

  #learn(payload: Uint8Array, sequenceOffsetBytes: number): void {
    const known = this.codec?.config;
    this.#isRepeatingConfig ||= known !== undefined;
    const config = mpeg12Config(payload, sequenceOffsetBytes);
    if (!config || known && isSameBytes(known, config)) return;
    this.codec = { codec: "mpeg12Video", config: config.slice() };
  }
}

/**
 * MPEG-1 and MPEG-2 video in MPEG-TS, a picture with the headers before it a PES packet.
 *
 * A decoder may start at an I picture behind a sequence header, or at any as long as none came twice.
 * Spec: ISO/IEC 13818-1 table 2-34.
 */
export const mpeg12VideoTs: TsCodec<"mpeg12Video"> = {
  codec: "mpeg12Video",
  isCodecOf: ({ streamType }) =>
    streamType === STREAM_TYPE_MPEG1 || streamType === STREAM_TYPE_MPEG2,
  openReader: () => new Mpeg12VideoReader(),
};

/** MPEG-1 and MPEG-2 video that is written: a sequence header stands in front of every picture at which a decoder may start. */
export const mpeg12VideoTsPayload: TsPayloadWriter<"mpeg12Video"> = {
  codec: "mpeg12Video",
  form: ({ config }) =>
    config && {
      streamType: isMpeg2Config(config) ? STREAM_TYPE_MPEG2 : STREAM_TYPE_MPEG1,
      streamId: STREAM_ID.video,
      descriptors: NO_DESCRIPTORS,
    },
  pieces([picture], { config }, isRandomAccess) {
    if (picture === undefined || picture.length === 0) return [];
    const at = findStartCode(picture, 0);
    const hasSequence = at >= 0 &&
      picture[at + 3] === MPEG12_START_CODE.sequenceHeader;
    return isRandomAccess && !hasSequence && config !== undefined
      ? [config, picture]
      : [picture];
  },
};
