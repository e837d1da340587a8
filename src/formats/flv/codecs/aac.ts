import { ParseError } from "#base/errors.ts";
import { parseAudioSpecificConfig } from "#codecs/aac/audio_specific_config.ts";
import type { AacParameters } from "#codecs/codec.ts";
import {
  type FlvCodec,
  type FlvFrame,
  type FlvTag,
  type FlvTagReader,
  type FlvUnit,
  IGNORED_TAG,
  MAX_FLV_BODY_BYTES,
} from "#formats/flv/flv_codec.ts";

const SOUND_FORMAT_AAC = 10;
const AAC_PACKET_TYPE = { sequenceHeader: 0, raw: 1 };

/** Flags and AACPacketType. Spec: FLV §E.4.2.1, §E.4.2.2. */
const HEADER_BYTES = 2;

/** The flags are the same for all AAC: 44,100 Hz, 16 bits, stereo; the configuration tells the truth. */
const FLAGS = SOUND_FORMAT_AAC << 4 | 0b11_1_1;

class AacTagReader implements FlvTagReader {
  #isConfigured = false;

  read(body: Uint8Array): FlvTag {
    if (body.length < HEADER_BYTES) {
      throw packetTypeError(`needs 1 byte, 0 left`);
    }
    const payload = body.subarray(HEADER_BYTES);
    switch (body[1]) {
      case AAC_PACKET_TYPE.sequenceHeader:
        return this.#readSequenceHeader(payload);
      case AAC_PACKET_TYPE.raw:
        if (!this.#isConfigured || payload.length === 0) return IGNORED_TAG;
        return {
          kind: "frame",
          codec: "aac",
          parts: [payload],
          isRandomAccess: true,
          compositionTimeMs: 0,
          parameters: undefined,
        };
      default:
        throw packetTypeError(`must be 0 or 1, found ${body[1]}`);
    }
  }

  #readSequenceHeader(audioSpecificConfig: Uint8Array): FlvTag {
    const config = parseAudioSpecificConfig(audioSpecificConfig);
    const { sampleRateHz, channelCount } = config;
    this.#isConfigured = true;
    return {
      kind: "parameters",
      parameters: {
        codec: "aac",
        audioSpecificConfig,
        sampleRateHz,
        channelCount,
      },
    };
  }
}

function packetTypeError(reason: string): ParseError {
  return new ParseError(reason, {
    format: "FLV AAC tag",
    field: "AACPacketType",
    offsetBytes: 1,
  });
}

function sequenceHeader(parameters: AacParameters): Uint8Array | undefined {
  const { audioSpecificConfig } = parameters;
  if (audioSpecificConfig === undefined) return undefined;
  return tagBody(AAC_PACKET_TYPE.sequenceHeader, audioSpecificConfig);
}

function frames(unit: FlvUnit, parameters: AacParameters): FlvFrame[] {
  const { parts } = unit;
  const frameTicks = parts.length > 1 ? frameLengthTicks(parameters) : 0;
  const result: FlvFrame[] = [];
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    if (
      part.length === 0 || part.length > MAX_FLV_BODY_BYTES - HEADER_BYTES
    ) continue;
    const body = tagBody(AAC_PACKET_TYPE.raw, part);
    result.push({ body, offsetTicks: i * frameTicks });
  }
  return result;
}

function frameLengthTicks(parameters: AacParameters): number {
  const { audioSpecificConfig } = parameters;
  if (audioSpecificConfig === undefined) return 0;
  return parseAudioSpecificConfig(audioSpecificConfig).frameLengthSamples;
}

function tagBody(packetType: number, payload: Uint8Array): Uint8Array {
  const body = new Uint8Array(HEADER_BYTES + payload.length);
  body[0] = FLAGS;
  body[1] = packetType;
  body.set(payload, HEADER_BYTES);
  return body;
}

/** AAC in FLV: raw access units, the AudioSpecificConfig before them. Spec: FLV §E.4.2. */
export const aacFlv: FlvCodec<"aac"> = {
  codec: "aac",
  kind: "audio",
  codecIds: [SOUND_FORMAT_AAC],
  isCarried: (parameters) => parameters.audioSpecificConfig !== undefined,
  codecId: () => SOUND_FORMAT_AAC,
  sequenceHeader,
  frames,
  openReader: () => new AacTagReader(),
};
