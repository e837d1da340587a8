import { VIDEO_CLOCK_RATE_HZ } from "#base/time.ts";
import {
  ADTS_HEADER_BYTES,
  adtsAudioSpecificConfig,
  adtsFrameSizeBytes,
  parseAdtsHeader,
  serializeAdtsHeader,
  withoutAdtsHeader,
} from "#codecs/aac/adts.ts";
import {
  AAC_SAMPLE_RATES_HZ,
  type AudioSpecificConfig,
  parseAudioSpecificConfig,
} from "#codecs/aac/audio_specific_config.ts";
import type { AacParameters } from "#codecs/codec.ts";
import { isSameBytes } from "#codecs/parameter_sets.ts";
import { type AudioFrame, AudioReader } from "#formats/mpegts/audio_reader.ts";
import type { TsCodec } from "#formats/mpegts/ts_codec.ts";
import {
  NO_DESCRIPTORS,
  STREAM_ID,
  type TsPayloadWriter,
} from "#formats/mpegts/ts_payload.ts";

const STREAM_TYPE = 0x0f;

/** What fits the fields of an ADTS header. Spec: ISO/IEC 14496-3 §1.A.2.2. */
const MAX_ADTS_OBJECT_TYPE = 4;
const MAX_ADTS_CHANNEL_CONFIGURATION = 7;
const ADTS_FRAME_SAMPLES = 1_024;
const MAX_ADTS_UNIT_BYTES = 0x1fff - ADTS_HEADER_BYTES;

class AdtsReader extends AudioReader {
  protected override readonly headerBytes = ADTS_HEADER_BYTES;
  #codec: AacParameters | undefined;
  #durationTicks = 0;
  /** Bits of the last header that tell the configuration. */
  #configBits = -1;

  protected override frameSizeBytes(bytes: Uint8Array, at: number): number {
    return adtsFrameSizeBytes(bytes, at);
  }

  protected override readFrame(frame: Uint8Array): AudioFrame {
    const codec = this.#learn(frame);
    const durationTicks = this.#durationTicks;
    return { parts: [withoutAdtsHeader(frame)], durationTicks, codec };
  }

  #learn(frame: Uint8Array): AacParameters {
    const configBits = frame[2]! << 8 | frame[3]! & 0b1100_0000;
    if (this.#codec !== undefined && configBits === this.#configBits) {
      return this.#codec;
    }
    this.#configBits = configBits;
    const audioSpecificConfig = adtsAudioSpecificConfig(parseAdtsHeader(frame));
    const known = this.#codec?.audioSpecificConfig;
    if (this.#codec && known && isSameBytes(known, audioSpecificConfig)) {
      return this.#codec;
    }
    const { sampleRateHz, channelCount, frameLengthSamples } =
      parseAudioSpecificConfig(audioSpecificConfig);
    this.#durationTicks = frameLengthSamples * VIDEO_CLOCK_RATE_HZ /
      sampleRateHz;
    this.#codec = {
      codec: "aac",
      audioSpecificConfig,
      sampleRateHz,
      channelCount,
    };
    return this.#codec;
  }
}

/** AAC in MPEG-TS with ADTS headers, which tell the configuration. Spec: ISO/IEC 13818-1 table 2-34. */
export const aacTs: TsCodec<"aac"> = {
  codec: "aac",
  isCodecOf: ({ streamType }) => streamType === STREAM_TYPE,
  openReader: (_, onError) => new AdtsReader(onError),
};

/** What ADTS says of a track: parameters never change, and it is asked once a unit. */
const adtsConfigs = new WeakMap<AacParameters, AudioSpecificConfig>();

/** The configuration if ADTS can express it: else a reader would take it for another one. */
function adtsConfig(
  parameters: AacParameters,
): AudioSpecificConfig | undefined {
  const { audioSpecificConfig } = parameters;
  if (audioSpecificConfig === undefined) return undefined;
  let config = adtsConfigs.get(parameters);
  if (config === undefined) {
    config = parseAudioSpecificConfig(audioSpecificConfig);
    adtsConfigs.set(parameters, config);
  }
  const { audioObjectType, channelConfiguration, frameLengthSamples } = config;
  return audioObjectType <= MAX_ADTS_OBJECT_TYPE &&
      channelConfiguration >= 1 &&
      channelConfiguration <= MAX_ADTS_CHANNEL_CONFIGURATION &&
      frameLengthSamples === ADTS_FRAME_SAMPLES &&
      AAC_SAMPLE_RATES_HZ.includes(config.sampleRateHz)
    ? config
    : undefined;
}

/** AAC that is written with ADTS headers. */
export const aacTsPayload: TsPayloadWriter<"aac"> = {
  codec: "aac",
  form: (parameters) =>
    adtsConfig(parameters) && {
      streamType: STREAM_TYPE,
      streamId: STREAM_ID.audio,
      descriptors: NO_DESCRIPTORS,
    },
  pieces(parts, parameters) {
    const config = adtsConfig(parameters);
    if (config === undefined) return [];
    const pieces: Uint8Array[] = [];
    for (const unit of parts) {
      if (unit.length === 0 || unit.length > MAX_ADTS_UNIT_BYTES) continue;
      pieces.push(serializeAdtsHeader(config, unit.length), unit);
    }
    return pieces;
  },
};
