import {
  type CodecName,
  codecNameLabel,
  type CodecParameters,
} from "#codecs/codec.ts";
import { aacFlv } from "./codecs/aac.ts";
import { g711Flv } from "./codecs/g711.ts";
import { h264Flv } from "./codecs/h264.ts";
import type { FlvCodec, FlvTagReader } from "./flv_codec.ts";

/** Every codec that FLV carries here; a new one is one line. */
export const FLV_CODECS: { readonly [C in CodecName]?: FlvCodec<C> } = {
  h264: h264Flv,
  aac: aacFlv,
  g711: g711Flv,
};

/** How FLV carries a track with these parameters; undefined if it does not. */
export function flvCodecOf(
  parameters: CodecParameters,
): FlvCodec<CodecName> | undefined {
  const codec = FLV_CODECS[parameters.codec] as FlvCodec<CodecName> | undefined;
  return codec?.isCarried(parameters) ? codec : undefined;
}

/** Starts reading the track whose tags have this CodecID or SoundFormat; undefined if it is not known. */
export function openFlvTagReader(
  kind: "video" | "audio",
  codecId: number,
): FlvTagReader | undefined {
  for (const codec of Object.values(FLV_CODECS)) {
    if (codec.kind === kind && codec.codecIds.includes(codecId)) {
      return codec.openReader();
    }
  }
  return undefined;
}

/** Names of the codecs that FLV carries here, for messages. */
export function flvCodecLabels(): string {
  return Object.values(FLV_CODECS).map(({ codec }) => codecNameLabel(codec))
    .join(", ");
}
