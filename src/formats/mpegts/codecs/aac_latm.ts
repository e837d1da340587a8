import { ParseError } from "#base/errors.ts";
import { VIDEO_CLOCK_RATE_HZ } from "#base/time.ts";
import { parseAudioSpecificConfig } from "#codecs/aac/audio_specific_config.ts";
import {
  parseAudioMuxElement,
  serializeAudioMuxElement,
  serializeStreamMuxConfig,
  type StreamMuxConfig,
  streamMuxConfigOf,
} from "#codecs/aac/latm.ts";
import type { AacParameters } from "#codecs/codec.ts";
import { isSameBytes } from "#codecs/parameter_sets.ts";
import { type AudioFrame, AudioReader } from "#formats/mpegts/audio_reader.ts";
import type { TsCodec } from "#formats/mpegts/ts_codec.ts";
import {
  NO_DESCRIPTORS,
  STREAM_ID,
  type TsPayloadWriter,
} from "#formats/mpegts/ts_payload.ts";

const STREAM_TYPE = 0x11;

/** Syncword and `audioMuxLengthBytes` of an AudioSyncStream. Spec: ISO/IEC 14496-3 §1.7.2. */
const HEADER_BYTES = 3;
const SYNC_FIRST = 0x56;
const SYNC_SECOND_MASK = 0b111_00000;
const LENGTH_HIGH_MASK = 0b000_11111;
const MAX_ELEMENT_BYTES = 0x1fff;

class LatmReader extends AudioReader {
  protected override readonly headerBytes = HEADER_BYTES;
  #config: StreamMuxConfig | undefined;
  #codec: AacParameters | undefined;
  #durationTicks = 0;

  protected override frameSizeBytes(bytes: Uint8Array, at: number): number {
    const second = bytes[at + 1]!;
    if (
      bytes[at] !== SYNC_FIRST ||
      (second & SYNC_SECOND_MASK) !== SYNC_SECOND_MASK
    ) return 0;
    return HEADER_BYTES + ((second & LENGTH_HIGH_MASK) << 8 | bytes[at + 2]!);
  }

  protected override readFrame(frame: Uint8Array): AudioFrame | undefined {
    try {
      const { config, accessUnits: parts } = parseAudioMuxElement(
        frame.subarray(HEADER_BYTES),
        { isConfigInBand: true, known: this.#config },
      );
      const codec = this.#learn(config);
      const durationTicks = parts.length * this.#durationTicks;
      return { parts, durationTicks, codec };
    } catch (error) {
      // Elements before the first configuration cannot be read either.
      if (error instanceof ParseError) return undefined;
      throw error;
    }
  }

  #learn(config: StreamMuxConfig): AacParameters {
    const { audioSpecificConfig } = config;
    const known = this.#codec;
    this.#config = config;
    if (
      known?.audioSpecificConfig &&
      isSameBytes(known.audioSpecificConfig, audioSpecificConfig)
    ) return known;
    const { sampleRateHz, channelCount, frameLengthSamples } =
      parseAudioSpecificConfig(audioSpecificConfig);
    this.#durationTicks = frameLengthSamples * VIDEO_CLOCK_RATE_HZ /
      sampleRateHz;
    const latm = {
      streamMuxConfig: serializeStreamMuxConfig({
        ...config,
        subFrameCount: 1,
      }),
      isConfigInBand: false,
    };
    this.#codec = {
      codec: "aac",
      audioSpecificConfig,
      sampleRateHz,
      channelCount,
      latm,
    };
    return this.#codec;
  }
}

/**
 * AAC in MPEG-TS as LATM within LOAS, which brings its configuration along.
 *
 * The configuration is known before the track begins, so that it goes out of band where LATM is written.
 * Spec: ISO/IEC 14496-3 §1.7.2, ISO/IEC 13818-1 table 2-34.
 */
export const aacLatmTs: TsCodec<"aac"> = {
  codec: "aac",
  isCodecOf: ({ streamType }) => streamType === STREAM_TYPE,
  openReader: (_, onError) => new LatmReader(onError),
};

/** Layouts of tracks: parameters never change, and it is asked once a unit. */
const configs = new WeakMap<AacParameters, StreamMuxConfig>();

function configOf(parameters: AacParameters): StreamMuxConfig | undefined {
  const { audioSpecificConfig } = parameters;
  if (audioSpecificConfig === undefined) return undefined;
  let config = configs.get(parameters);
  if (config === undefined) {
    config = streamMuxConfigOf(audioSpecificConfig);
    configs.set(parameters, config);
  }
  return config;
}

/** AAC that is written as LATM within LOAS, its configuration in every element. */
export const aacLatmTsPayload: TsPayloadWriter<"aac"> = {
  codec: "aac",
  form: ({ audioSpecificConfig }) =>
    audioSpecificConfig && {
      streamType: STREAM_TYPE,
      streamId: STREAM_ID.audio,
      descriptors: NO_DESCRIPTORS,
    },
  pieces(parts, parameters) {
    const config = configOf(parameters);
    if (config === undefined) return [];
    const pieces: Uint8Array[] = [];
    for (const unit of parts) {
      if (unit.length === 0) continue;
      const element = serializeAudioMuxElement([unit], config);
      const { length } = element;
      if (length > MAX_ELEMENT_BYTES) continue;
      pieces.push(
        Uint8Array.of(SYNC_FIRST, SYNC_SECOND_MASK | length >>> 8, length),
        element,
      );
    }
    return pieces;
  },
};
