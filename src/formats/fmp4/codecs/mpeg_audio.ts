import { clockRateOf, type MpegAudioParameters } from "#codecs/codec.ts";
import { parseMpegAudioHeader } from "#codecs/mpeg_audio.ts";
import { AUDIO_BIT_RATE_BPS } from "#formats/fmp4/bit_rates.ts";
import { findBox } from "#formats/fmp4/box_reader.ts";
import {
  OBJECT_TYPE,
  parseEsds,
  serializeEsds,
} from "#formats/fmp4/descriptors.ts";
import {
  frameRun,
  type Mp4Codec,
  WholeFrameReader,
} from "#formats/fmp4/mp4_codec.ts";
import { audioEntry } from "#formats/fmp4/sample_entry.ts";

const FORMAT = "mp4a";
/** As QuickTime has it. */
const QUICKTIME_FORMAT = ".mp3";
const OBJECT_TYPES: readonly number[] = [
  OBJECT_TYPE.mpeg1Audio,
  OBJECT_TYPE.mpeg2Audio,
];

const PARAMETERS: MpegAudioParameters = { codec: "mpegAudio" };
const CLOCK_RATE_HZ = clockRateOf(PARAMETERS);

function ticksOf(part: Uint8Array): number {
  const header = parseMpegAudioHeader(part);
  if (header === undefined) return 0;
  return header.sampleCount * CLOCK_RATE_HZ / header.sampleRateHz;
}

/** MPEG-1 and MPEG-2 audio in MP4, a frame a sample. Spec: ISO/IEC 14496-14 §5.6. */
export const mpegAudioMp4: Mp4Codec<"mpegAudio"> = {
  codec: "mpegAudio",
  sampleEntry(_, frame) {
    const header = frame && parseMpegAudioHeader(frame);
    if (header === undefined) return undefined;
    const objectType = header.version === 1
      ? OBJECT_TYPE.mpeg1Audio
      : OBJECT_TYPE.mpeg2Audio;
    const decoderSpecificInfo = new Uint8Array();
    const body = serializeEsds(
      "audio",
      { objectType, decoderSpecificInfo },
      AUDIO_BIT_RATE_BPS,
    );
    return audioEntry(FORMAT, header, [{ type: "esds", body }]);
  },
  frames: (parts, parameters) => frameRun(parts, parameters, ticksOf),
  openReader({ format, boxes }) {
    const esds = findBox(boxes, "esds");
    const isOfThisCodec = format === QUICKTIME_FORMAT ||
      format === FORMAT && esds !== undefined &&
        OBJECT_TYPES.includes(parseEsds(esds).objectType);
    return isOfThisCodec ? new WholeFrameReader(PARAMETERS) : undefined;
  },
};
