import type { Mpeg4VideoParameters } from "#codecs/codec.ts";
import {
  MPEG4_INTRA_VOP,
  mpeg4Config,
  mpeg4PictureOffset,
  mpeg4ProfileLevelId,
  mpeg4VopType,
} from "#codecs/mpeg4_video.ts";
import { isSameBytes } from "#codecs/parameter_sets.ts";
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

const STREAM_TYPE = 0x10;

class Mpeg4VideoReader implements StreamReader {
  codec: Mpeg4VideoParameters | undefined;

  read({ payload, ptsTicks, dtsTicks }: PesPacket): readonly AccessUnit[] {
    const pictureOffset = mpeg4PictureOffset(payload);
    if (
      pictureOffset < 0 || ptsTicks === undefined || dtsTicks === undefined
    ) return NO_UNITS;
    this.#learn(payload.subarray(0, pictureOffset));
    if (this.codec === undefined) return NO_UNITS;
    const vopType = mpeg4VopType(payload, pictureOffset);
    const isRandomAccess = vopType === MPEG4_INTRA_VOP;
    const { codec } = this;
    return [{ ptsTicks, dtsTicks, isRandomAccess, parts: [payload], codec }];
  }

  handleGap(): void {}

  #learn(headers: Uint8Array): void {
    const found = mpeg4Config(headers);
    const known = this.codec?.config;
    if (!found || known && isSameBytes(known, found)) return;
    const config = found.slice();
    const profileLevelId = mpeg4ProfileLevelId(config);
    this.codec = { codec: "mpeg4Video", config, profileLevelId };
  }
}

/** MPEG-4 Visual in MPEG-TS, a picture with the headers before it a PES packet. Spec: ISO/IEC 13818-1 §2.11.2. */
export const mpeg4VideoTs: TsCodec<"mpeg4Video"> = {
  codec: "mpeg4Video",
  isCodecOf: ({ streamType }) => streamType === STREAM_TYPE,
  openReader: () => new Mpeg4VideoReader(),
};

/** MPEG-4 Visual that is written: the configuration stands in front of every picture at which a decoder may start. */
export const mpeg4VideoTsPayload: TsPayloadWriter<"mpeg4Video"> = {
  codec: "mpeg4Video",
  form: () => ({
    streamType: STREAM_TYPE,
    streamId: STREAM_ID.video,
    descriptors: NO_DESCRIPTORS,
  }),
  pieces([frame], { config }, isRandomAccess) {
    if (frame === undefined || frame.length === 0) return [];
    if (!isRandomAccess || config === undefined) return [frame];
    const pictureOffset = Math.max(0, mpeg4PictureOffset(frame));
    const hasConfig = mpeg4Config(frame.subarray(0, pictureOffset));
    return hasConfig ? [frame] : [config, frame];
  },
};
