import type { Vp8Parameters } from "#codecs/codec.ts";
import { isVp8KeyFrame } from "#codecs/vp8.ts";
import type {
  FlvCodec,
  FlvPayload,
  FlvPayloadReader,
} from "#formats/flv/flv_codec.ts";
import { partFrames } from "#formats/flv/part_frames.ts";
import { serializeVpcC } from "#formats/flv/vp_configuration.ts";

const PARAMETERS: Vp8Parameters = { codec: "vp8" };
const PROFILE = 0;
const BIT_DEPTH = 8;

class Vp8PayloadReader implements FlvPayloadReader {
  #hasBegun = false;

  /** What the configuration says is the same for all VP8. */
  configure(): Vp8Parameters {
    this.#hasBegun = true;
    return PARAMETERS;
  }

  read(payload: Uint8Array): FlvPayload | undefined {
    if (payload.length === 0) return undefined;
    const isRandomAccess = isVp8KeyFrame(payload[0]!);
    const isFirst = !this.#hasBegun;
    if (isFirst && !isRandomAccess) return undefined;
    this.#hasBegun = true;
    return {
      parts: [payload],
      isRandomAccess,
      parameters: isFirst ? PARAMETERS : undefined,
    };
  }
}

/** VP8 in FLV: frames. Spec: Enhanced RTMP v2, `vp08`. */
export const vp8Flv: FlvCodec<"vp8"> = {
  codec: "vp8",
  kind: "video",
  fourCc: "vp08",
  codecIds: [],
  hasConfiguration: true,
  hasCompositionTime: false,
  isCarried: () => true,
  configuration: () => serializeVpcC(PROFILE, BIT_DEPTH),
  frames: (parts, parameters, headBytes) =>
    partFrames(parts, parameters, headBytes, () => 0),
  openReader: () => new Vp8PayloadReader(),
};
