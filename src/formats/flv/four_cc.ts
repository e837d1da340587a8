import { ByteReader } from "#base/byte_reader.ts";

const PACKET_TYPE_BYTES = 1;
const PACKET_TYPE_MULTITRACK = { "video tag": 6, "audio tag": 5 };

/**
 * Reads the FourCC of an enhanced tag, for messages.
 *
 * Output: four printable characters; others become `?`. Of a multitrack tag it is the first one.
 * Spec: Enhanced RTMP v2, ExVideoTagHeader, ExAudioTagHeader.
 *
 * @throws {ParseError} if the body is too short for it.
 */
export function readFourCc(
  body: Uint8Array,
  structure: "video tag" | "audio tag",
): string {
  const reader = new ByteReader(body, `FLV enhanced ${structure}`);
  const packetType = reader.u8("packetType") & 0b1111;
  if (packetType === PACKET_TYPE_MULTITRACK[structure]) {
    reader.take(PACKET_TYPE_BYTES, "multitrackType");
  }
  const bytes = reader.take(4, "fourCc");
  return String.fromCharCode(...bytes).replace(/[^ -~]/g, "?");
}
