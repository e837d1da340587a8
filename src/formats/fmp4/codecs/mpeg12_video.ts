import { isMpeg2Config, mpeg12VideoSize } from "#codecs/mpeg12_video.ts";
import { VIDEO_BIT_RATE_BPS } from "#formats/fmp4/bit_rates.ts";
import { findBox } from "#formats/fmp4/box_reader.ts";
import {
  OBJECT_TYPE,
  parseEsds,
  serializeEsds,
} from "#formats/fmp4/descriptors.ts";
import {
  type Mp4Codec,
  wholeFrame,
  WholeFrameReader,
} from "#formats/fmp4/mp4_codec.ts";
import { visualEntry } from "#formats/fmp4/sample_entry.ts";

const FORMAT = "mp4v";

function isOfThisCodec(objectType: number): boolean {
  return objectType === OBJECT_TYPE.mpeg1Video ||
    objectType >= OBJECT_TYPE.mpeg2VideoMin &&
      objectType <= OBJECT_TYPE.mpeg2VideoMax;
}

/** MPEG-1 and MPEG-2 video in MP4. Spec: ISO/IEC 14496-14 §5.6. */
export const mpeg12VideoMp4: Mp4Codec<"mpeg12Video"> = {
  codec: "mpeg12Video",
  sampleEntry({ config }) {
    if (config === undefined) return undefined;
    const objectType = isMpeg2Config(config)
      ? OBJECT_TYPE.mpeg2Video
      : OBJECT_TYPE.mpeg1Video;
    const body = serializeEsds(
      "video",
      { objectType, decoderSpecificInfo: config },
      VIDEO_BIT_RATE_BPS,
    );
    const size = mpeg12VideoSize(config);
    return visualEntry(FORMAT, size, [{ type: "esds", body }]);
  },
  frames: wholeFrame,
  openReader({ format, boxes }) {
    const esds = findBox(boxes, "esds");
    if (format !== FORMAT || esds === undefined) return undefined;
    const { objectType, decoderSpecificInfo: config } = parseEsds(esds);
    if (!isOfThisCodec(objectType)) return undefined;
    return new WholeFrameReader({
      codec: "mpeg12Video",
      config: config.length === 0 ? undefined : config,
    });
  },
};
