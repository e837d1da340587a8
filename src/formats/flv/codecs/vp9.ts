import type { Vp9Parameters } from "#codecs/codec.ts";
import { isVp9KeyFrame, parseVp9KeyFrame } from "#codecs/vp9.ts";
import type {
  FlvCodec,
  FlvPayload,
  FlvPayloadReader,
} from "#formats/flv/flv_codec.ts";
import { partFrames } from "#formats/flv/part_frames.ts";
import { parseVpcC, serializeVpcC } from "#formats/flv/vp_configuration.ts";

class Vp9PayloadReader implements FlvPayloadReader {
  #parameters: Vp9Parameters | undefined;

  configure(payload: Uint8Array): Vp9Parameters | undefined {
    if (payload.length === 0) return undefined;
    const { profile, bitDepth } = parseVpcC(payload);
    return this.#parameters = parametersOf(profile, bitDepth);
  }

  read(payload: Uint8Array): FlvPayload | undefined {
    if (payload.length === 0) return undefined;
    const isRandomAccess = isVp9KeyFrame(payload[0]!);
    const known = this.#parameters;
    let parameters: Vp9Parameters | undefined;
    if (isRandomAccess) {
      const { profile, bitDepth } = parseVp9KeyFrame(payload);
      if (known?.profileId !== profile || known.bitDepth !== bitDepth) {
        this.#parameters = parameters = parametersOf(profile, bitDepth);
      }
    }
    if (this.#parameters === undefined) return undefined;
    return { parts: [payload], isRandomAccess, parameters };
  }
}

function parametersOf(profileId: number, bitDepth: number): Vp9Parameters {
  return { codec: "vp9", profileId, bitDepth };
}

/** VP9 in FLV: frames or superframes. Spec: Enhanced RTMP v2, `vp09`. */
export const vp9Flv: FlvCodec<"vp9"> = {
  codec: "vp9",
  kind: "video",
  fourCc: "vp09",
  codecIds: [],
  hasConfiguration: true,
  hasCompositionTime: false,
  isCarried: () => true,
  configuration: ({ profileId = 0, bitDepth = 8 }) =>
    serializeVpcC(profileId, bitDepth),
  frames: (parts, parameters, headBytes) =>
    partFrames(parts, parameters, headBytes, () => 0),
  openReader: () => new Vp9PayloadReader(),
};
