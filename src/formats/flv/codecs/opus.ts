import type { OpusParameters } from "#codecs/codec.ts";
import {
  MAX_OPUS_CHANNEL_COUNT,
  opusPacketChannelCount,
  opusPacketTicks,
} from "#codecs/opus.ts";
import type {
  FlvCodec,
  FlvPayload,
  FlvPayloadReader,
} from "#formats/flv/flv_codec.ts";
import {
  opusParametersOf,
  parseOpusHead,
  serializeOpusHead,
} from "#formats/flv/opus_head.ts";
import { partFrames, wholePayload } from "#formats/flv/part_frames.ts";

class OpusPayloadReader implements FlvPayloadReader {
  #isConfigured = false;
  /** A MultichannelConfig or the first packet tells, if the sequence header does not. */
  #areChannelsTold = false;

  configure(payload: Uint8Array): OpusParameters | undefined {
    this.#areChannelsTold = payload.length > 0;
    if (payload.length === 0) return undefined;
    this.#isConfigured = true;
    return parseOpusHead(payload);
  }

  setChannelCount(channelCount: number): OpusParameters | undefined {
    if (
      this.#areChannelsTold || channelCount === 0 ||
      channelCount > MAX_OPUS_CHANNEL_COUNT
    ) return undefined;
    this.#isConfigured = true;
    return opusParametersOf(channelCount);
  }

  read(payload: Uint8Array): FlvPayload | undefined {
    if (payload.length === 0) return undefined;
    if (this.#isConfigured) return wholePayload(payload, undefined);
    this.#isConfigured = true;
    const channelCount = opusPacketChannelCount(payload);
    return wholePayload(payload, opusParametersOf(channelCount));
  }
}

/** Opus in FLV: packets, the identification header before them. Spec: Enhanced RTMP v2, `Opus`. */
export const opusFlv: FlvCodec<"opus"> = {
  codec: "opus",
  kind: "audio",
  fourCc: "Opus",
  codecIds: [],
  hasConfiguration: true,
  hasCompositionTime: false,
  isCarried: () => true,
  configuration: serializeOpusHead,
  frames: (parts, parameters, headBytes) =>
    partFrames(
      parts,
      parameters,
      headBytes,
      (part) => opusPacketTicks(part) ?? 0,
    ),
  openReader: () => new OpusPayloadReader(),
};
