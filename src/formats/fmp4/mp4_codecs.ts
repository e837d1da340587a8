import type { CodecName, CodecParameters } from "#codecs/codec.ts";
import { aacMp4 } from "./codecs/aac.ts";
import { ac3Mp4 } from "./codecs/ac3.ts";
import { av1Mp4 } from "./codecs/av1.ts";
import { flacMp4 } from "./codecs/flac.ts";
import { g711Mp4 } from "./codecs/g711.ts";
import { h264Mp4 } from "./codecs/h264.ts";
import { h265Mp4 } from "./codecs/h265.ts";
import { lpcmMp4 } from "./codecs/lpcm.ts";
import { mjpegMp4 } from "./codecs/mjpeg.ts";
import { mpeg12VideoMp4 } from "./codecs/mpeg12_video.ts";
import { mpeg4VideoMp4 } from "./codecs/mpeg4_video.ts";
import { mpegAudioMp4 } from "./codecs/mpeg_audio.ts";
import { opusMp4 } from "./codecs/opus.ts";
import { vp9Mp4 } from "./codecs/vp9.ts";
import type { Mp4Codec, Mp4SampleReader } from "./mp4_codec.ts";
import type { SampleEntry } from "./sample_entry.ts";

/** Every codec that MP4 carries here; a new one is one line. */
export const MP4_CODECS: { readonly [C in CodecName]?: Mp4Codec<C> } = {
  h264: h264Mp4,
  h265: h265Mp4,
  av1: av1Mp4,
  vp9: vp9Mp4,
  mpeg4Video: mpeg4VideoMp4,
  mpeg12Video: mpeg12VideoMp4,
  mjpeg: mjpegMp4,
  aac: aacMp4,
  opus: opusMp4,
  flac: flacMp4,
  mpegAudio: mpegAudioMp4,
  ac3: ac3Mp4,
  g711: g711Mp4,
  lpcm: lpcmMp4,
};

/** The same in the order of the table; here the type of the codec is forgotten. */
const ALL_MP4_CODECS = Object.values(
  MP4_CODECS,
) as readonly unknown[] as readonly Mp4Codec<CodecName>[];

/** How MP4 carries a codec; undefined if it does not. Hot path. */
export function mp4CodecOf(
  parameters: CodecParameters,
): Mp4Codec<CodecName> | undefined {
  return MP4_CODECS[parameters.codec] as Mp4Codec<CodecName> | undefined;
}

/**
 * Starts reading the samples of a track; undefined if its codec is not known.
 *
 * @throws {ParseError} if its entry is malformed.
 */
export function openMp4SampleReader(
  entry: SampleEntry,
): Mp4SampleReader | undefined {
  for (const codec of ALL_MP4_CODECS) {
    const reader = codec.openReader(entry);
    if (reader !== undefined) return reader;
  }
  return undefined;
}
