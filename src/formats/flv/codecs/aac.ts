import { parseAudioSpecificConfig } from "#codecs/aac/audio_specific_config.ts";
import type { AacParameters } from "#codecs/codec.ts";
import type {
  FlvCodec,
  FlvPayload,
  FlvPayloadReader,
} from "#formats/flv/flv_codec.ts";
import { partFrames, wholePayload } from "#formats/flv/part_frames.ts";

const SOUND_FORMAT_AAC = 10;

class AacPayloadReader implements FlvPayloadReader {
  #isConfigured = false;

  configure(audioSpecificConfig: Uint8Array): AacParameters {
    const { sampleRateHz, channelCount } = parseAudioSpecificConfig(
      audioSpecificConfig,
    );
    this.#isConfigured = true;
    return { codec: "aac", audioSpecificConfig, sampleRateHz, channelCount };
  }

  read(payload: Uint8Array): FlvPayload | undefined {
    return this.#isConfigured ? wholePayload(payload, undefined) : undefined;
  }
}

function ticksOf(_: Uint8Array, { audioSpecificConfig }: AacParameters) {
  if (audioSpecificConfig === undefined) return 0;
  return parseAudioSpecificConfig(audioSpecificConfig).frameLengthSamples;
}

/** AAC in FLV: raw access units, the AudioSpecificConfig before them. Spec: FLV §E.4.2; Enhanced RTMP v2 for `mp4a`. */
export const aacFlv: FlvCodec<"aac"> = {
  codec: "aac",
  kind: "audio",
  fourCc: "mp4a",
  codecIds: [SOUND_FORMAT_AAC],
  hasConfiguration: true,
  hasCompositionTime: false,
  isCarried: ({ audioSpecificConfig }) => audioSpecificConfig !== undefined,
  codecId: () => SOUND_FORMAT_AAC,
  configuration: ({ audioSpecificConfig }) => audioSpecificConfig,
  frames: (parts, parameters, headBytes) =>
    partFrames(parts, parameters, headBytes, ticksOf),
  openReader: () => new AacPayloadReader(),
};
