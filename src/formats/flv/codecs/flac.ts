import type { FlacParameters } from "#codecs/codec.ts";
import {
  FLAC_STREAM_INFO_BYTES,
  parseFlacFrameHeader,
  parseFlacStreamInfo,
  serializeFlacStreamInfo,
} from "#codecs/flac.ts";
import type {
  FlvCodec,
  FlvPayload,
  FlvPayloadReader,
} from "#formats/flv/flv_codec.ts";
import { fourCcNumber } from "#formats/flv/four_cc.ts";
import { partFrames, wholePayload } from "#formats/flv/part_frames.ts";
import { readU32 } from "#base/big_endian.ts";

const SIGNATURE = fourCcNumber("fLaC");
const SIGNATURE_BYTES = 4;
const BLOCK_HEADER_BYTES = 4;

class FlacPayloadReader implements FlvPayloadReader {
  #isConfigured = false;

  configure(payload: Uint8Array): FlacParameters {
    // ffmpeg and MediaMTX send STREAMINFO without what stands before it in a file.
    const isFile = payload.length >= SIGNATURE_BYTES &&
      readU32(payload, 0) === SIGNATURE;
    const block = isFile
      ? payload.subarray(SIGNATURE_BYTES + BLOCK_HEADER_BYTES)
      : payload;
    const info = parseFlacStreamInfo(block.subarray(0, FLAC_STREAM_INFO_BYTES));
    const { sampleRateHz, channelCount } = info;
    this.#isConfigured = true;
    // Written anew without length and checksum, which ffmpeg sends when it ends.
    const streamInfo = serializeFlacStreamInfo(info);
    return { codec: "flac", streamInfo, sampleRateHz, channelCount };
  }

  read(payload: Uint8Array): FlvPayload | undefined {
    return this.#isConfigured ? wholePayload(payload, undefined) : undefined;
  }
}

/**
 * FLAC in FLV: frames, STREAMINFO before them.
 *
 * Spec: Enhanced RTMP v2, `fLaC`.
 * Deviates: the sequence header is STREAMINFO alone, as ffmpeg and MediaMTX have it; the specification's, with a
 * file's signature and block header, is read, too.
 */
export const flacFlv: FlvCodec<"flac"> = {
  codec: "flac",
  kind: "audio",
  fourCc: "fLaC",
  codecIds: [],
  hasConfiguration: true,
  hasCompositionTime: false,
  isCarried: () => true,
  configuration: ({ streamInfo }) => streamInfo,
  frames: (parts, parameters, headBytes) =>
    partFrames(
      parts,
      parameters,
      headBytes,
      (part) => parseFlacFrameHeader(part)?.blockSamples ?? 0,
    ),
  openReader: () => new FlacPayloadReader(),
};
