import { type FlvTag, type FlvTagReader, IGNORED_TAG } from "./flv_codec.ts";
import { openFlvTagReader } from "./flv_codecs.ts";
import { readFourCc } from "./four_cc.ts";

const SOUND_FORMAT_EX_HEADER = 9;

/**
 * Reads the audio tags of one publisher.
 *
 * Enhanced tags are recognised and answered as unsupported with their FourCC.
 * Spec: FLV §E.4.2.1; Enhanced RTMP v2.
 */
export class AudioTagReader {
  #soundFormat = -1;
  #reader: FlvTagReader | undefined;

  /**
   * Reads the body of one tag, or of one RTMP message of type 8.
   *
   * Hot path. Input: owned; parts are views of it.
   *
   * @throws {ParseError} if it is malformed.
   */
  read(body: Uint8Array): FlvTag {
    if (body.length === 0) return IGNORED_TAG;
    const soundFormat = body[0]! >>> 4;
    if (soundFormat === SOUND_FORMAT_EX_HEADER) {
      return { kind: "unsupported", codecId: readFourCc(body, "audio tag") };
    }
    if (soundFormat !== this.#soundFormat) {
      this.#soundFormat = soundFormat;
      this.#reader = openFlvTagReader("audio", soundFormat);
    }
    return this.#reader?.read(body) ??
      { kind: "unsupported", codecId: String(soundFormat) };
  }
}
