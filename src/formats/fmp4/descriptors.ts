import { ByteReader } from "#base/byte_reader.ts";
import { ByteWriter } from "#base/byte_writer.ts";
import { readFullBoxHead } from "./box_reader.ts";

/** Tags of descriptors. Spec: ISO/IEC 14496-1 table 1. */
const TAG = {
  elementaryStream: 0x03,
  decoderConfig: 0x04,
  decoderSpecificInfo: 0x05,
  syncLayerConfig: 0x06,
} as const;

/** Flags of an elementary stream descriptor. Spec: ISO/IEC 14496-1 §7.2.6.5. */
const STREAM_DEPENDENCE_BIT = 0b1000_0000;
const URL_BIT = 0b0100_0000;
const OCR_STREAM_BIT = 0b0010_0000;

/** `streamType`. Spec: ISO/IEC 14496-1 table 6. */
const STREAM_TYPES = { video: 4, audio: 5 } as const;

/** `objectTypeIndication` of what MP4 carries here. Spec: ISO/IEC 14496-1 table 5, MP4 registration authority. */
export const OBJECT_TYPE = {
  mpeg4Video: 0x20,
  aac: 0x40,
  mpeg2VideoMin: 0x60,
  mpeg2Video: 0x61,
  mpeg2VideoMax: 0x65,
  mpeg2AacMin: 0x66,
  mpeg2AacMax: 0x68,
  mpeg2Audio: 0x69,
  mpeg1Video: 0x6a,
  mpeg1Audio: 0x6b,
  jpeg: 0x6c,
} as const;

/** Most bytes that a length field has. */
const MAX_LENGTH_BYTES = 4;

/** What an `esds` box tells of a decoder. */
export interface ElementaryStreamDescriptor {
  /** `objectTypeIndication`. */
  readonly objectType: number;
  /** Empty if there is none. */
  readonly decoderSpecificInfo: Uint8Array;
}

/**
 * Parses the content of an `esds` box.
 *
 * Output: views. Spec: ISO/IEC 14496-14 §5.6, ISO/IEC 14496-1 §7.2.6.5, §7.2.6.6.
 *
 * @throws {ParseError} if it is cut, or has no decoder configuration.
 */
export function parseEsds(bytes: Uint8Array): ElementaryStreamDescriptor {
  const reader = new ByteReader(bytes, "MP4 box esds");
  readFullBoxHead(reader);
  const stream = descriptorOf(reader, TAG.elementaryStream, "ES_Descriptor");
  stream.u16("ES_ID");
  const flags = stream.u8("flags");
  if ((flags & STREAM_DEPENDENCE_BIT) !== 0) stream.u16("dependsOn_ES_ID");
  if ((flags & URL_BIT) !== 0) stream.take(stream.u8("URLlength"), "URLstring");
  if ((flags & OCR_STREAM_BIT) !== 0) stream.u16("OCR_ES_Id");
  const config = descriptorOf(stream, TAG.decoderConfig, "decConfigDescr");
  const objectType = config.u8("objectTypeIndication");
  // streamType and bufferSizeDB, then two bit rates.
  config.take(4 + 8, "streamType");
  const decoderSpecificInfo = config.remainingBytes === 0
    ? new Uint8Array()
    : descriptorOf(config, TAG.decoderSpecificInfo, "decSpecificInfo")
      .takeRest("decSpecificInfo");
  return { objectType, decoderSpecificInfo };
}

function descriptorOf(
  reader: ByteReader,
  tag: number,
  field: string,
): ByteReader {
  const found = reader.u8(`${field}.tag`);
  if (found !== tag) {
    throw reader.error(`must be ${tag}, found ${found}`, `${field}.tag`);
  }
  let lengthBytes = 0;
  for (let i = 0; i < MAX_LENGTH_BYTES; i++) {
    const part = reader.u8(`${field}.length`);
    lengthBytes = lengthBytes * 0x80 + (part & 0x7f);
    if (part < 0x80) break;
  }
  return new ByteReader(reader.take(lengthBytes, field), reader.format);
}

/** Serialises the content of an `esds` box. Spec: as {@linkcode parseEsds}. */
export function serializeEsds(
  kind: "video" | "audio",
  { objectType, decoderSpecificInfo }: ElementaryStreamDescriptor,
  bitRateBps: number,
): Uint8Array<ArrayBuffer> {
  const info = decoderSpecificInfo.length === 0
    ? decoderSpecificInfo
    : descriptor(TAG.decoderSpecificInfo, decoderSpecificInfo);
  const config = new ByteWriter()
    .u8(objectType)
    .u8(STREAM_TYPES[kind] << 2 | 1)
    .u24(0) // bufferSizeDB
    .u32(bitRateBps)
    .u32(bitRateBps)
    .bytes(info)
    .finish();
  const stream = new ByteWriter()
    .u16(0) // ES_ID: in files that of the track
    .u8(0) // flags
    .bytes(descriptor(TAG.decoderConfig, config))
    .bytes(descriptor(TAG.syncLayerConfig, Uint8Array.of(2)))
    .finish();
  return new ByteWriter()
    .u32(0) // version and flags
    .bytes(descriptor(TAG.elementaryStream, stream))
    .finish();
}

/** A length has four bytes, whatever it is, as most writers have it. */
function descriptor(tag: number, content: Uint8Array): Uint8Array {
  const { length } = content;
  return new ByteWriter()
    .u8(tag)
    .u8(0x80 | length >>> 21)
    .u8(0x80 | length >>> 14 & 0x7f)
    .u8(0x80 | length >>> 7 & 0x7f)
    .u8(length & 0x7f)
    .bytes(content)
    .finish();
}
