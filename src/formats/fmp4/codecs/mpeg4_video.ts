import { mpeg4ProfileLevelId, mpeg4VideoSize } from "#codecs/mpeg4_video.ts";
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

/** MPEG-4 Visual in MP4. Spec: ISO/IEC 14496-14 §5.6. */
export const mpeg4VideoMp4: Mp4Codec<"mpeg4Video"> = {
  codec: "mpeg4Video",
  sampleEntry({ config }) {
    if (config === undefined) return undefined;
    const size = mpeg4VideoSize(config);
    if (size === undefined) return undefined;
    const body = serializeEsds(
      "video",
      { objectType: OBJECT_TYPE.mpeg4Video, decoderSpecificInfo: config },
      VIDEO_BIT_RATE_BPS,
    );
    return visualEntry(FORMAT, size, [{ type: "esds", body }]);
  },
  frames: wholeFrame,
  openReader({ format, boxes }) {
    const esds = findBox(boxes, "esds");
    if (format !== FORMAT || esds === undefined) return undefined;
    const { objectType, decoderSpecificInfo: config } = parseEsds(esds);
    if (objectType !== OBJECT_TYPE.mpeg4Video) return undefined;
    const profileLevelId = mpeg4ProfileLevelId(config);
    return new WholeFrameReader({
      codec: "mpeg4Video",
      config: config.length === 0 ? undefined : config,
      profileLevelId,
    });
  },
};
