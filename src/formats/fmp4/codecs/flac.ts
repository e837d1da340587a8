import { ByteReader } from "#base/byte_reader.ts";
import { ByteWriter } from "#base/byte_writer.ts";
import {
  FLAC_STREAM_INFO_BYTES,
  parseFlacFrameHeader,
  parseFlacStreamInfo,
} from "#codecs/flac.ts";
import { findBox, readFullBoxHead } from "#formats/fmp4/box_reader.ts";
import {
  frameRun,
  type Mp4Codec,
  WholeFrameReader,
} from "#formats/fmp4/mp4_codec.ts";
import { audioEntry } from "#formats/fmp4/sample_entry.ts";

const FORMAT = "fLaC";
/** Header of a metadata block: the last one, of type STREAMINFO. Spec: RFC 9639 §8.1. */
const LAST_STREAM_INFO = 0x80;
const BLOCK_TYPE_MASK = 0x7f;

/** FLAC in MP4, a frame a sample. Spec: Encapsulation of FLAC in ISO Base Media File Format §3.3. */
export const flacMp4: Mp4Codec<"flac"> = {
  codec: "flac",
  sampleEntry({ streamInfo, channelCount, sampleRateHz }) {
    if (streamInfo === undefined) return undefined;
    const { bitDepth } = parseFlacStreamInfo(streamInfo);
    const body = new ByteWriter()
      .u32(0) // version and flags
      .u8(LAST_STREAM_INFO)
      .u24(streamInfo.length)
      .bytes(streamInfo)
      .finish();
    const sound = { channelCount, sampleRateHz, sampleBits: bitDepth };
    return audioEntry(FORMAT, sound, [{ type: "dfLa", body }]);
  },
  frames: (parts, parameters) =>
    frameRun(
      parts,
      parameters,
      (part) => parseFlacFrameHeader(part)?.blockSamples ?? 0,
    ),
  openReader({ format, boxes }) {
    const dfla = findBox(boxes, "dfLa");
    if (format !== FORMAT || dfla === undefined) return undefined;
    const reader = new ByteReader(dfla, "MP4 box dfLa");
    readFullBoxHead(reader);
    const blockType = reader.u8("block_type") & BLOCK_TYPE_MASK;
    if (blockType !== 0) {
      throw reader.error(`must be 0, found ${blockType}`, "block_type");
    }
    reader.u24("block_length");
    const streamInfo = reader.take(FLAC_STREAM_INFO_BYTES, "STREAMINFO");
    const { sampleRateHz, channelCount } = parseFlacStreamInfo(streamInfo);
    return new WholeFrameReader({
      codec: "flac",
      streamInfo,
      sampleRateHz,
      channelCount,
    });
  },
};
