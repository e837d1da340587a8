import { VIDEO_CLOCK_RATE_HZ } from "#base/time.ts";
import {
  ADTS_HEADER_BYTES,
  adtsAudioSpecificConfig,
  adtsFrameSizeBytes,
  parseAdtsHeader,
  withoutAdtsHeader,
} from "#codecs/aac/adts.ts";
import { parseAudioSpecificConfig } from "#codecs/aac/audio_specific_config.ts";
import type { AacParameters } from "#codecs/codec.ts";
import { isSameBytes } from "#codecs/parameter_sets.ts";
import { type AudioFrame, AudioReader } from "#formats/mpegts/audio_reader.ts";
import type { TsCodec } from "#formats/mpegts/ts_codec.ts";

const STREAM_TYPE = 0x0f;

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
