import { type FlvTag, type FlvTagReader, IGNORED_TAG } from "./flv_codec.ts";
import { openFlvTagReader } from "./flv_codecs.ts";
import { readFourCc } from "./four_cc.ts";

const IS_EX_HEADER = 0b1_000_0000;
const INFO_OR_COMMAND_FRAME = 5;
const EX_PACKET_TYPE_METADATA = 4;

/**
 * Reads the video tags of one publisher.
 *
 * Enhanced tags are recognised and answered as unsupported with their FourCC.
 * Spec: FLV §E.4.3.1; Enhanced RTMP v1.
 */
export class VideoTagReader {
  #codecId = -1;
  #reader: FlvTagReader | undefined;

  /**
   * Reads the body of one tag, or of one RTMP message of type 9.
   *
   * Hot path. Input: owned; parts are views of it.
   *
   * @throws {ParseError} if it is malformed.
   */
  read(body: Uint8Array): FlvTag {
    if (body.length === 0) return IGNORED_TAG;
    const first = body[0]!;
    if ((first & IS_EX_HEADER) !== 0) return readEnhanced(body);
    if (first >>> 4 === INFO_OR_COMMAND_FRAME) return IGNORED_TAG;
    const codecId = first & 0b1111;
    if (codecId !== this.#codecId) {
      this.#codecId = codecId;
      this.#reader = openFlvTagReader("video", codecId);
    }
    return this.#reader?.read(body) ??
      { kind: "unsupported", codecId: String(codecId) };
  }
}

function readEnhanced(body: Uint8Array): FlvTag {
  if ((body[0]! & 0b1111) === EX_PACKET_TYPE_METADATA) return IGNORED_TAG;
  return { kind: "unsupported", codecId: readFourCc(body, "video tag") };
}
