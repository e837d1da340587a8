import type { CodecParameters } from "#codecs/codec.ts";
import type { FlvPayloadReader } from "#formats/flv/flv_codec.ts";
import type { Mp4Payload, Mp4SampleReader } from "./mp4_codec.ts";

/** Reads samples that look as in FLV: the two formats share configuration records and the framing in pictures. */
export class FlvSampleReader implements Mp4SampleReader {
  codec: CodecParameters | undefined;
  #reader: FlvPayloadReader;

  /**
   * `record`: the configuration out of the sample entry, owned; empty if it has none.
   *
   * @throws {ParseError} if it is malformed.
   */
  constructor(reader: FlvPayloadReader, record: Uint8Array) {
    this.#reader = reader;
    this.codec = reader.configure(record);
  }

  read(sample: Uint8Array, isKeyFrame: boolean): Mp4Payload | undefined {
    const payload = this.#reader.read(sample, { flags: 0, isKeyFrame });
    if (payload === undefined) return undefined;
    const { parts, isRandomAccess, parameters } = payload;
    this.codec = parameters ?? this.codec;
    return { parts, isRandomAccess };
  }
}
