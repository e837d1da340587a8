import { serializeAv1CodecConfigurationRecord } from "#codecs/av1/av1c.ts";
import {
  AV1_OBU,
  av1ObuType,
  isDroppedAv1Obu,
  joinObus,
} from "#codecs/av1/obu.ts";
import { parseAv1SequenceHeader } from "#codecs/av1/sequence_header.ts";
import type { Av1Parameters } from "#codecs/codec.ts";
import { av1Flv } from "#formats/flv/codecs/av1.ts";
import { findBox } from "#formats/fmp4/box_reader.ts";
import { FlvSampleReader } from "#formats/fmp4/flv_sample_reader.ts";
import {
  type Mp4Codec,
  type Mp4Frame,
  wholeFrame,
} from "#formats/fmp4/mp4_codec.ts";
import { visualEntry } from "#formats/fmp4/sample_entry.ts";

const FORMAT = "av01";
/** Marker and version of a configuration record. */
const RECORD_FIRST_BYTE = 0x81;
const NO_RECORD = new Uint8Array();

/** The sequence header stands in front of every sample at which a decoder may start. */
function frames(
  parts: readonly Uint8Array[],
  { sequenceHeader }: Av1Parameters,
  isRandomAccess: boolean,
): Mp4Frame[] {
  const obus: Uint8Array[] = [];
  let hasHeader = !isRandomAccess || sequenceHeader === undefined;
  for (const obu of parts) {
    const type = av1ObuType(obu);
    if (obu.length === 0 || isDroppedAv1Obu(type)) continue;
    hasHeader ||= type === AV1_OBU.sequenceHeader;
    obus.push(obu);
  }
  if (obus.length === 0) return [];
  if (!hasHeader) obus.unshift(sequenceHeader!);
  return wholeFrame([joinObus(obus)]);
}

/**
 * AV1 in MP4: temporal units without delimiters. Spec: AV1 in ISOBMFF §2.
 *
 * Deviates: GStreamer 1.22 writes a record of zeros: then the first key frame tells.
 */
export const av1Mp4: Mp4Codec<"av1"> = {
  codec: "av1",
  sampleEntry({ sequenceHeader }) {
    if (sequenceHeader === undefined) return undefined;
    const body = serializeAv1CodecConfigurationRecord(sequenceHeader);
    const size = parseAv1SequenceHeader(sequenceHeader);
    return visualEntry(FORMAT, size, [{ type: "av1C", body }]);
  },
  frames,
  openReader({ format, boxes }) {
    const record = findBox(boxes, "av1C");
    if (format !== FORMAT || record === undefined) return undefined;
    const isRecord = record[0] === RECORD_FIRST_BYTE;
    return new FlvSampleReader(
      av1Flv.openReader(),
      isRecord ? record : NO_RECORD,
    );
  },
};
