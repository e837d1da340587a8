import type { G711Parameters } from "#codecs/codec.ts";
import {
  type FlvCodec,
  type FlvFrame,
  type FlvTag,
  type FlvTagReader,
  type FlvUnit,
  IGNORED_TAG,
  MAX_FLV_BODY_BYTES,
} from "#formats/flv/flv_codec.ts";

const SOUND_FORMAT_PCMA = 7;
const SOUND_FORMAT_PCMU = 8;
const SAMPLE_RATE_HZ = 8_000;
const MAX_CHANNEL_COUNT = 2;

const HEADER_BYTES = 1;
const STEREO_FLAG = 0b1;
/** The flags cannot say 8,000 Hz: rate 5,512 Hz, 16 bits stand there. */
const RATE_AND_SIZE_FLAGS = 0b00_1_0;

class G711TagReader implements FlvTagReader {
  #flags: number | undefined;

  read(body: Uint8Array): FlvTag {
    const flags = body[0]!;
    const payload = body.subarray(HEADER_BYTES);
    if (payload.length === 0) return IGNORED_TAG;
    const isNew = flags !== this.#flags;
    this.#flags = flags;
    return {
      kind: "frame",
      codec: "g711",
      parts: [payload],
      isRandomAccess: true,
      compositionTimeMs: 0,
      parameters: isNew ? parametersOf(flags) : undefined,
    };
  }
}

function parametersOf(flags: number): G711Parameters {
  return {
    codec: "g711",
    law: flags >>> 4 === SOUND_FORMAT_PCMU ? "mu" : "a",
    sampleRateHz: SAMPLE_RATE_HZ,
    channelCount: (flags & STEREO_FLAG) + 1,
  };
}

function isCarried(parameters: G711Parameters): boolean {
  return parameters.sampleRateHz === SAMPLE_RATE_HZ &&
    parameters.channelCount <= MAX_CHANNEL_COUNT;
}

function codecId(parameters: G711Parameters): number {
  return parameters.law === "mu" ? SOUND_FORMAT_PCMU : SOUND_FORMAT_PCMA;
}

function frames(unit: FlvUnit, parameters: G711Parameters): FlvFrame[] {
  const flags = codecId(parameters) << 4 | RATE_AND_SIZE_FLAGS |
    parameters.channelCount - 1;
  const result: FlvFrame[] = [];
  let samples = 0;
  for (const part of unit.parts) {
    const offsetTicks = samples / parameters.channelCount;
    samples += part.length;
    if (
      part.length === 0 || part.length > MAX_FLV_BODY_BYTES - HEADER_BYTES
    ) continue;
    const body = new Uint8Array(HEADER_BYTES + part.length);
    body[0] = flags;
    body.set(part, HEADER_BYTES);
    result.push({ body, offsetTicks });
  }
  return result;
}

/** G.711 in FLV, 8 kHz only; there is no sequence header. Spec: FLV §E.4.2.1. */
export const g711Flv: FlvCodec<"g711"> = {
  codec: "g711",
  kind: "audio",
  codecIds: [SOUND_FORMAT_PCMA, SOUND_FORMAT_PCMU],
  isCarried,
  codecId,
  sequenceHeader: () => undefined,
  frames,
  openReader: () => new G711TagReader(),
};
