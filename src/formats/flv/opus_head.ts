import { ByteReader } from "#base/byte_reader.ts";
import { ByteWriter } from "#base/byte_writer.ts";
import type { OpusParameters } from "#codecs/codec.ts";
import { MAX_OPUS_CHANNEL_COUNT, OPUS_CLOCK_RATE_HZ } from "#codecs/opus.ts";

const MAGIC = "OpusHead";
const VERSION = 1;
/** The upper half of the version field must not change the layout. Spec: RFC 7845 §5.1. */
const MAX_COMPATIBLE_VERSION = 15;

/** What a decoder that starts anywhere should throw away: 80 ms. Spec: RFC 7845 §4.6. */
const PRE_SKIP_TICKS = 3_840;

const FAMILY_MONO_STEREO = 0;
const FAMILY_VORBIS = 1;
const FAMILY_DISCRETE = 255;

type Multistream = NonNullable<OpusParameters["multistream"]>;

/** Layouts of three to eight channels in the order of Vorbis. Spec: RFC 7845 §5.1.1.2. */
const VORBIS_LAYOUTS: readonly Multistream[] = [
  layout(2, 1, [0, 2, 1]),
  layout(2, 2, [0, 1, 2, 3]),
  layout(3, 2, [0, 4, 1, 2, 3]),
  layout(4, 2, [0, 4, 1, 2, 3, 5]),
  layout(4, 3, [0, 4, 1, 2, 3, 5, 6]),
  layout(5, 3, [0, 6, 1, 2, 3, 4, 5, 7]),
];

function layout(
  streamCount: number,
  coupledStreamCount: number,
  channelMapping: readonly number[],
): Multistream {
  return { streamCount, coupledStreamCount, channelMapping };
}

/** Parameters of a track with this many channels, 1 to 8, when nothing tells their layout. */
export function opusParametersOf(channelCount: number): OpusParameters {
  const multistream = VORBIS_LAYOUTS[channelCount - 3];
  return multistream
    ? { codec: "opus", channelCount, multistream }
    : { codec: "opus", channelCount };
}

/**
 * Parses an Opus identification header (`OpusHead`).
 *
 * Deviates: pre-skip, sampling frequency of the input and output gain are not read.
 * Spec: RFC 7845 §5.1.
 *
 * @throws {ParseError} if it is cut, of another version, or tells channels that cannot be.
 */
export function parseOpusHead(bytes: Uint8Array): OpusParameters {
  const reader = new ByteReader(bytes, "OpusHead");
  const magic = String.fromCharCode(...reader.take(MAGIC.length, "magic"));
  if (magic !== MAGIC) throw reader.error(`must be "${MAGIC}"`, "magic");
  const version = reader.u8("version");
  if (version > MAX_COMPATIBLE_VERSION) {
    throw reader.error(`must be ${VERSION}, found ${version}`, "version");
  }
  const channelCount = reader.u8("channelCount");
  if (channelCount < 1 || channelCount > MAX_OPUS_CHANNEL_COUNT) {
    throw reader.error(
      `must be 1 to ${MAX_OPUS_CHANNEL_COUNT}, found ${channelCount}`,
      "channelCount",
    );
  }
  reader.u16("preSkip");
  reader.u32("inputSampleRate");
  reader.u16("outputGain");
  const family = reader.u8("channelMappingFamily");
  if (family === FAMILY_MONO_STEREO) {
    if (channelCount > 2) {
      throw reader.error("must not be 0 for over 2 channels", "channelCount");
    }
    return { codec: "opus", channelCount };
  }
  const streamCount = reader.u8("streamCount");
  const coupledStreamCount = reader.u8("coupledStreamCount");
  const channelMapping = [...reader.take(channelCount, "channelMapping")];
  if (
    streamCount === 0 || coupledStreamCount > streamCount ||
    streamCount > MAX_OPUS_CHANNEL_COUNT
  ) throw reader.error("must fit the channels", "streamCount");
  if (channelCount <= 2 && streamCount === 1) {
    return { codec: "opus", channelCount };
  }
  const multistream = { streamCount, coupledStreamCount, channelMapping };
  return { codec: "opus", channelCount, multistream };
}

/** Serialises an Opus identification header (`OpusHead`). Spec: RFC 7845 §5.1. */
export function serializeOpusHead(
  { channelCount, multistream }: OpusParameters,
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter()
    .bytes(new TextEncoder().encode(MAGIC))
    .u8(VERSION)
    .u8(channelCount)
    .bytes(littleEndian(PRE_SKIP_TICKS, 2))
    .bytes(littleEndian(OPUS_CLOCK_RATE_HZ, 4))
    .u16(0); // output gain
  if (multistream === undefined) return writer.u8(FAMILY_MONO_STEREO).finish();
  const { streamCount, coupledStreamCount, channelMapping } = multistream;
  return writer
    .u8(isVorbisOrder(multistream) ? FAMILY_VORBIS : FAMILY_DISCRETE)
    .u8(streamCount)
    .u8(coupledStreamCount)
    .bytes(Uint8Array.from(channelMapping))
    .finish();
}

function isVorbisOrder(one: Multistream): boolean {
  const known = VORBIS_LAYOUTS[one.channelMapping.length - 3];
  return known !== undefined && known.streamCount === one.streamCount &&
    known.coupledStreamCount === one.coupledStreamCount &&
    known.channelMapping.every((from, i) => from === one.channelMapping[i]);
}

function littleEndian(value: number, lengthBytes: number): Uint8Array {
  return Uint8Array.from(
    { length: lengthBytes },
    (_, i) => value >>> 8 * i & 0xff,
  );
}
