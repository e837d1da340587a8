import type { CodecName } from "#codecs/codec.ts";
import { aacTs } from "./codecs/aac.ts";
import { aacLatmTs } from "./codecs/aac_latm.ts";
import { ac3Ts } from "./codecs/ac3.ts";
import { h264Ts } from "./codecs/h264.ts";
import { h265Ts } from "./codecs/h265.ts";
import { klvTs } from "./codecs/klv.ts";
import { mpeg12VideoTs } from "./codecs/mpeg12_video.ts";
import { mpeg4VideoTs } from "./codecs/mpeg4_video.ts";
import { mpegAudioTs } from "./codecs/mpeg_audio.ts";
import { opusTs } from "./codecs/opus.ts";
import type { StreamEntry } from "./program_tables.ts";
import type { TsCodec } from "./ts_codec.ts";

/** Every codec that MPEG-TS carries here; a new one is one line. */
export const TS_CODECS: readonly TsCodec<CodecName>[] = [
  h264Ts,
  h265Ts,
  mpeg4VideoTs,
  mpeg12VideoTs,
  aacTs,
  aacLatmTs,
  mpegAudioTs,
  ac3Ts,
  opusTs,
  klvTs,
];

/** The codec of an elementary stream; undefined if it is not known. */
export function tsCodecOf(entry: StreamEntry): TsCodec<CodecName> | undefined {
  return TS_CODECS.find((codec) => codec.isCodecOf(entry));
}
