import { ByteReader } from "#base/byte_reader.ts";
import { ByteWriter } from "#base/byte_writer.ts";
import type { OpusParameters } from "#codecs/codec.ts";
import { OPUS_CLOCK_RATE_HZ, opusPacketTicks } from "#codecs/opus.ts";
import {
  opusParametersOf,
  parseOpusHead,
  serializeOpusHead,
} from "#formats/flv/opus_head.ts";
import { findBox } from "#formats/fmp4/box_reader.ts";
import {
  frameRun,
  type Mp4Codec,
  WholeFrameReader,
} from "#formats/fmp4/mp4_codec.ts";
import { audioEntry } from "#formats/fmp4/sample_entry.ts";

const FORMAT = "Opus";
const VERSION = 0;
/** What encoders need before the first sample of sound. */
const PRE_SKIP_TICKS = 312;

/** The identification header of Ogg says the same, in other byte order. */
const HEAD_MAGIC = "OpusHead";
const HEAD_VERSION = 1;
const HEAD_CHANNEL_COUNT_AT = 9;
const HEAD_FAMILY_AT = 18;

/** Spec: Encapsulation of Opus in ISOBMFF §4.3.2. */
function serializeDops(parameters: OpusParameters): Uint8Array {
  const { channelCount, multistream } = parameters;
  const head = serializeOpusHead(
    multistream === undefined ? opusParametersOf(channelCount) : parameters,
  );
  return new ByteWriter()
    .u8(VERSION)
    .u8(head[HEAD_CHANNEL_COUNT_AT]!)
    .u16(PRE_SKIP_TICKS)
    .u32(OPUS_CLOCK_RATE_HZ)
    .u16(0) // OutputGain
    .bytes(head.subarray(HEAD_FAMILY_AT))
    .finish();
}

/** @throws {ParseError} if it is cut, of another version, or tells channels that cannot be. */
function parseDops(body: Uint8Array): OpusParameters {
  const reader = new ByteReader(body, "MP4 box dOps");
  const version = reader.u8("Version");
  if (version !== VERSION) {
    throw reader.error(`must be ${VERSION}, found ${version}`, "Version");
  }
  const channelCount = reader.u8("OutputChannelCount");
  reader.take(2 + 4 + 2, "PreSkip");
  const head = new ByteWriter()
    .bytes(new TextEncoder().encode(HEAD_MAGIC))
    .u8(HEAD_VERSION)
    .u8(channelCount)
    .u32(0).u32(0) // PreSkip, InputSampleRate and OutputGain are not read
    .bytes(reader.takeRest("ChannelMappingFamily"))
    .finish();
  return parseOpusHead(head);
}

/** Opus in MP4. Spec: Encapsulation of Opus in ISO Base Media File Format §4. */
export const opusMp4: Mp4Codec<"opus"> = {
  codec: "opus",
  sampleEntry(parameters) {
    const { channelCount } = parameters;
    const sound = { channelCount, sampleRateHz: OPUS_CLOCK_RATE_HZ };
    const body = serializeDops(parameters);
    return audioEntry(FORMAT, sound, [{ type: "dOps", body }]);
  },
  frames: (parts, parameters) =>
    frameRun(parts, parameters, (part) => opusPacketTicks(part) ?? 0),
  openReader({ format, boxes }) {
    const dops = findBox(boxes, "dOps");
    if (format !== FORMAT || dops === undefined) return undefined;
    return new WholeFrameReader(parseDops(dops));
  },
};
