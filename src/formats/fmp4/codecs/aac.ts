import { parseAudioSpecificConfig } from "#codecs/aac/audio_specific_config.ts";
import type { AacParameters } from "#codecs/codec.ts";
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

function isOfThisCodec(objectType: number): boolean {
  return objectType === OBJECT_TYPE.aac ||
    objectType >= OBJECT_TYPE.mpeg2AacMin &&
      objectType <= OBJECT_TYPE.mpeg2AacMax;
}

/** Samples in an access unit: parameters never change, and it is asked once a unit. */
const frameTicks = new WeakMap<AacParameters, number>();

function ticksOf(_: Uint8Array, parameters: AacParameters): number {
  const { audioSpecificConfig } = parameters;
  let ticks = frameTicks.get(parameters);
  if (ticks === undefined) {
    ticks = audioSpecificConfig === undefined
      ? 0
      : parseAudioSpecificConfig(audioSpecificConfig).frameLengthSamples;
    frameTicks.set(parameters, ticks);
  }
  return ticks;
}

/** AAC in MP4: raw access units. Spec: ISO/IEC 14496-14 §5.6. */
export const aacMp4: Mp4Codec<"aac"> = {
  codec: "aac",
  sampleEntry({ audioSpecificConfig, sampleRateHz, channelCount }) {
    if (audioSpecificConfig === undefined) return undefined;
    const body = serializeEsds(
      "audio",
      {
        objectType: OBJECT_TYPE.aac,
        decoderSpecificInfo: audioSpecificConfig,
      },
      AUDIO_BIT_RATE_BPS,
    );
    const sound = { sampleRateHz, channelCount };
    return audioEntry(FORMAT, sound, [{ type: "esds", body }]);
  },
  frames: (parts, parameters) => frameRun(parts, parameters, ticksOf),
  openReader({ format, boxes }) {
    const esds = findBox(boxes, "esds");
    if (format !== FORMAT || esds === undefined) return undefined;
    const { objectType, decoderSpecificInfo } = parseEsds(esds);
    if (!isOfThisCodec(objectType)) return undefined;
    const { sampleRateHz, channelCount } = parseAudioSpecificConfig(
      decoderSpecificInfo,
    );
    return new WholeFrameReader({
      codec: "aac",
      audioSpecificConfig: decoderSpecificInfo,
      sampleRateHz,
      channelCount,
    });
  },
};
