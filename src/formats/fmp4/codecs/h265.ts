import { serializeHevcDecoderConfigurationRecord } from "#codecs/h265/hvcc.ts";
import { H265_NAL, h265NalType, isH265ParameterSet } from "#codecs/h265/nal.ts";
import { parseH265Sps } from "#codecs/h265/sps.ts";
import { h265Flv } from "#formats/flv/codecs/h265.ts";
import { findBox } from "#formats/fmp4/box_reader.ts";
import { FlvSampleReader } from "#formats/fmp4/flv_sample_reader.ts";
import type { Mp4Codec } from "#formats/fmp4/mp4_codec.ts";
import { nalSample } from "#formats/fmp4/nal_frames.ts";
import { visualEntry } from "#formats/fmp4/sample_entry.ts";

/** Parameter sets in the entry, or in the samples. */
const FORMATS = ["hvc1", "hev1"];

function isParameterSet(nal: Uint8Array): boolean {
  return isH265ParameterSet(h265NalType(nal));
}

function isLeftOut(nal: Uint8Array): boolean {
  const type = h265NalType(nal);
  return nal.length === 0 || type === H265_NAL.accessUnitDelimiter ||
    type === H265_NAL.fillerData;
}

/** H.265 in MP4. Spec: ISO/IEC 14496-15 §8. */
export const h265Mp4: Mp4Codec<"h265"> = {
  codec: "h265",
  sampleEntry({ vps, sps, pps }) {
    if (vps.length === 0 || sps.length === 0 || pps.length === 0) {
      return undefined;
    }
    const body = serializeHevcDecoderConfigurationRecord(vps, sps, pps);
    return visualEntry("hvc1", parseH265Sps(sps[0]!), [{ type: "hvcC", body }]);
  },
  frames: (parts, { vps, sps, pps }, isRandomAccess) =>
    nalSample(parts, isRandomAccess, {
      sets: [vps, sps, pps],
      isParameterSet,
      isLeftOut,
    }),
  openReader({ format, boxes }) {
    const record = findBox(boxes, "hvcC");
    if (!FORMATS.includes(format) || record === undefined) return undefined;
    return new FlvSampleReader(h265Flv.openReader(), record);
  },
};
