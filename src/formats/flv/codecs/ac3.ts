import { AC3_FRAME_SAMPLES, parseAc3Header } from "#codecs/ac3.ts";
import type { Ac3Parameters } from "#codecs/codec.ts";
import type {
  FlvCodec,
  FlvPayload,
  FlvPayloadReader,
} from "#formats/flv/flv_codec.ts";
import { partFrames, splitFrames } from "#formats/flv/part_frames.ts";

const FORMAT = "FLV AC-3 tag";

class Ac3PayloadReader implements FlvPayloadReader {
  #parameters: Ac3Parameters | undefined;

  configure(): undefined {}

  read(payload: Uint8Array): FlvPayload | undefined {
    if (payload.length === 0) return undefined;
    const parts = splitFrames(payload, FORMAT, frameSizeBytes);
    const { sampleRateHz, channelCount } = parseAc3Header(payload)!;
    const known = this.#parameters;
    const isKnown = known?.sampleRateHz === sampleRateHz &&
      known.channelCount === channelCount;
    if (!isKnown) {
      this.#parameters = { codec: "ac3", sampleRateHz, channelCount };
    }
    return {
      parts,
      isRandomAccess: true,
      parameters: isKnown ? undefined : this.#parameters,
    };
  }
}

function frameSizeBytes(payload: Uint8Array, at: number): number {
  return parseAc3Header(payload, at)?.frameSizeBytes ?? 0;
}

/** AC-3 in FLV: syncframes; there is no configuration. Spec: Enhanced RTMP v2, `ac-3`. */
export const ac3Flv: FlvCodec<"ac3"> = {
  codec: "ac3",
  kind: "audio",
  fourCc: "ac-3",
  codecIds: [],
  hasConfiguration: false,
  hasCompositionTime: false,
  isCarried: () => true,
  configuration: () => undefined,
  frames: (parts, parameters, headBytes) =>
    partFrames(parts, parameters, headBytes, () => AC3_FRAME_SAMPLES),
  openReader: () => new Ac3PayloadReader(),
};
