import { jpegSize } from "#codecs/jpeg/jpeg_size.ts";
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
/** As QuickTime has it. */
const QUICKTIME_FORMAT = "jpeg";

/** Motion JPEG in MP4: every sample is an image. Spec: ISO/IEC 14496-14 §5.6. */
export const mjpegMp4: Mp4Codec<"mjpeg"> = {
  codec: "mjpeg",
  sampleEntry(_, frame) {
    const size = frame && jpegSize(frame);
    if (size === undefined) return undefined;
    const body = serializeEsds(
      "video",
      { objectType: OBJECT_TYPE.jpeg, decoderSpecificInfo: new Uint8Array() },
      VIDEO_BIT_RATE_BPS,
    );
    return visualEntry(FORMAT, size, [{ type: "esds", body }]);
  },
  frames: wholeFrame,
  openReader({ format, boxes }) {
    const esds = findBox(boxes, "esds");
    const isJpeg = format === QUICKTIME_FORMAT ||
      format === FORMAT && esds !== undefined &&
        parseEsds(esds).objectType === OBJECT_TYPE.jpeg;
    return isJpeg ? new WholeFrameReader({ codec: "mjpeg" }) : undefined;
  },
};
