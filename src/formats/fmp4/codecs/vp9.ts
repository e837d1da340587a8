import { isVp9KeyFrame, parseVp9KeyFrame } from "#codecs/vp9.ts";
import {
  serializeVpCodecConfigurationRecord,
  vp9ConfigurationRecord,
} from "#codecs/vp9/vpcc.ts";
import { vp9Flv } from "#formats/flv/codecs/vp9.ts";
import { findBox } from "#formats/fmp4/box_reader.ts";
import { FlvSampleReader } from "#formats/fmp4/flv_sample_reader.ts";
import { type Mp4Codec, wholeFrame } from "#formats/fmp4/mp4_codec.ts";
import { visualEntry } from "#formats/fmp4/sample_entry.ts";

const FORMAT = "vp09";

/** VP9 in MP4: frames or superframes. Spec: VP Codec ISO Media File Format Binding §2. */
export const vp9Mp4: Mp4Codec<"vp9"> = {
  codec: "vp9",
  sampleEntry(_, frame) {
    if (frame === undefined || !isVp9KeyFrame(frame[0] ?? 0)) return undefined;
    const keyFrame = parseVp9KeyFrame(frame);
    const body = serializeVpCodecConfigurationRecord(
      vp9ConfigurationRecord(keyFrame),
    );
    return visualEntry(FORMAT, keyFrame, [{ type: "vpcC", body }]);
  },
  frames: wholeFrame,
  openReader({ format, boxes }) {
    const record = findBox(boxes, "vpcC");
    if (format !== FORMAT || record === undefined) return undefined;
    return new FlvSampleReader(vp9Flv.openReader(), record);
  },
};
