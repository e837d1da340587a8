import type { G711Parameters } from "#codecs/codec.ts";
import type {
  FlvCodec,
  FlvFrameHead,
  FlvPayload,
  FlvPayloadReader,
} from "#formats/flv/flv_codec.ts";
import { partFrames, wholePayload } from "#formats/flv/part_frames.ts";

const SOUND_FORMAT_PCMA = 7;
const SOUND_FORMAT_PCMU = 8;
const SAMPLE_RATE_HZ = 8_000;
const MAX_CHANNEL_COUNT = 2;

const STEREO_FLAG = 0b1;
/** The flags cannot say 8,000 Hz: rate 5,512 Hz, 16 bits stand there. */
const RATE_AND_SIZE_FLAGS = 0b00_1_0;

class G711PayloadReader implements FlvPayloadReader {
  #flags: number | undefined;

  configure(): undefined {}

  read(payload: Uint8Array, { flags }: FlvFrameHead): FlvPayload | undefined {
    if (payload.length === 0) return undefined;
    const isNew = flags !== this.#flags;
    this.#flags = flags;
    return wholePayload(payload, isNew ? parametersOf(flags) : undefined);
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

function ticksOf(part: Uint8Array, { channelCount }: G711Parameters): number {
  return part.length / channelCount;
}

/** G.711 in FLV, 8 kHz only; there is no sequence header and no FourCC. Spec: FLV §E.4.2.1. */
export const g711Flv: FlvCodec<"g711"> = {
  codec: "g711",
  kind: "audio",
  fourCc: undefined,
  codecIds: [SOUND_FORMAT_PCMA, SOUND_FORMAT_PCMU],
  hasConfiguration: false,
  hasCompositionTime: false,
  isCarried,
  codecId: ({ law }) => law === "mu" ? SOUND_FORMAT_PCMU : SOUND_FORMAT_PCMA,
  soundFlags: ({ channelCount }) => RATE_AND_SIZE_FLAGS | channelCount - 1,
  configuration: () => undefined,
  frames: (parts, parameters, headBytes) =>
    partFrames(parts, parameters, headBytes, ticksOf),
  openReader: () => new G711PayloadReader(),
};
