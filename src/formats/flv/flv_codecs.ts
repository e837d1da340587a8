import type { CodecName, CodecParameters } from "#codecs/codec.ts";
import { aacFlv } from "./codecs/aac.ts";
import { ac3Flv } from "./codecs/ac3.ts";
import { av1Flv } from "./codecs/av1.ts";
import { flacFlv } from "./codecs/flac.ts";
import { g711Flv } from "./codecs/g711.ts";
import { h264Flv } from "./codecs/h264.ts";
import { h265Flv } from "./codecs/h265.ts";
import { lpcmFlv } from "./codecs/lpcm.ts";
import { mpegAudioFlv } from "./codecs/mpeg_audio.ts";
import { opusFlv } from "./codecs/opus.ts";
import { vp8Flv } from "./codecs/vp8.ts";
import { vp9Flv } from "./codecs/vp9.ts";
import type { FlvCodec } from "./flv_codec.ts";
import { fourCcNumber } from "./four_cc.ts";

/** Every codec that FLV carries here; a new one is one line. */
export const FLV_CODECS: { readonly [C in CodecName]?: FlvCodec<C> } = {
  h264: h264Flv,
  h265: h265Flv,
  av1: av1Flv,
  vp9: vp9Flv,
  vp8: vp8Flv,
  aac: aacFlv,
  opus: opusFlv,
  flac: flacFlv,
  ac3: ac3Flv,
  mpegAudio: mpegAudioFlv,
  g711: g711Flv,
  lpcm: lpcmFlv,
};

/** The same in the order of the table; here the type of the codec is forgotten. */
export const ALL_FLV_CODECS: readonly FlvCodec<CodecName>[] = Object.values(
  FLV_CODECS,
) as readonly unknown[] as readonly FlvCodec<CodecName>[];

type CodecsByNumber = ReadonlyMap<number, FlvCodec<CodecName>>;

const CODECS_BY_ID = {
  video: codecsBy("video", ({ codecIds }) => codecIds),
  audio: codecsBy("audio", ({ codecIds }) => codecIds),
};
const CODECS_BY_FOUR_CC = {
  video: codecsBy("video", fourCcNumbers),
  audio: codecsBy("audio", fourCcNumbers),
};

function codecsBy(
  kind: "video" | "audio",
  numbersOf: (codec: FlvCodec<CodecName>) => readonly number[],
): CodecsByNumber {
  return new Map(
    ALL_FLV_CODECS.filter((codec) => codec.kind === kind).flatMap((codec) =>
      numbersOf(codec).map((number) => [number, codec])
    ),
  );
}

function fourCcNumbers({ fourCc }: FlvCodec<CodecName>): number[] {
  return fourCc === undefined ? [] : [fourCcNumber(fourCc)];
}

/** How FLV carries a track with these parameters; undefined if it does not. */
export function flvCodecOf(
  parameters: CodecParameters,
): FlvCodec<CodecName> | undefined {
  const codec = FLV_CODECS[parameters.codec] as FlvCodec<CodecName> | undefined;
  return codec?.isCarried(parameters) ? codec : undefined;
}

/** The codec of tags with this CodecID or SoundFormat; undefined if it is not known. Hot path. */
export function flvCodecById(
  kind: "video" | "audio",
  codecId: number,
): FlvCodec<CodecName> | undefined {
  return CODECS_BY_ID[kind].get(codecId);
}

/** The codec of tags with this FourCC, as a number; undefined if it is not known. Hot path. */
export function flvCodecByFourCc(
  kind: "video" | "audio",
  fourCc: number,
): FlvCodec<CodecName> | undefined {
  return CODECS_BY_FOUR_CC[kind].get(fourCc);
}
