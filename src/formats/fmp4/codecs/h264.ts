import { serializeAvcDecoderConfigurationRecord } from "#codecs/h264/avcc.ts";
import { H264_NAL, h264NalType, isH264ParameterSet } from "#codecs/h264/nal.ts";
import { parseH264Sps } from "#codecs/h264/sps.ts";
import { h264Flv } from "#formats/flv/codecs/h264.ts";
import { findBox } from "#formats/fmp4/box_reader.ts";
import { FlvSampleReader } from "#formats/fmp4/flv_sample_reader.ts";
import type { Mp4Codec } from "#formats/fmp4/mp4_codec.ts";
import { nalSample } from "#formats/fmp4/nal_frames.ts";
import { visualEntry } from "#formats/fmp4/sample_entry.ts";

/** Parameter sets in the entry, or in the samples. */
const FORMATS = ["avc1", "avc3"];

function isParameterSet(nal: Uint8Array): boolean {
  return isH264ParameterSet(h264NalType(nal));
}

function isLeftOut(nal: Uint8Array): boolean {
  const type = h264NalType(nal);
  return nal.length === 0 || type === H264_NAL.accessUnitDelimiter ||
    type === H264_NAL.fillerData;
}

/** H.264 in MP4. Spec: ISO/IEC 14496-15 §5. */
export const h264Mp4: Mp4Codec<"h264"> = {
  codec: "h264",
  sampleEntry({ sps, pps }) {
    if (sps.length === 0 || pps.length === 0) return undefined;
    const body = serializeAvcDecoderConfigurationRecord(sps, pps);
    return visualEntry("avc1", parseH264Sps(sps[0]!), [{ type: "avcC", body }]);
  },
  frames: (parts, { sps, pps }, isRandomAccess) =>
    nalSample(parts, isRandomAccess, {
      sets: [sps, pps],
      isParameterSet,
      isLeftOut,
    }),
  openReader({ format, boxes }) {
    const record = findBox(boxes, "avcC");
    if (!FORMATS.includes(format) || record === undefined) return undefined;
    return new FlvSampleReader(h264Flv.openReader(), record);
  },
};
