import type { LpcmParameters } from "#codecs/codec.ts";
import type {
  FlvCodec,
  FlvFrame,
  FlvFrameHead,
  FlvPayload,
  FlvPayloadReader,
} from "#formats/flv/flv_codec.ts";
import { partFrames, wholePayload } from "#formats/flv/part_frames.ts";

/** In the byte order of the machine that made it: little endian on all that are about. */
const SOUND_FORMAT_PLATFORM_ENDIAN = 0;
const SOUND_FORMAT_LITTLE_ENDIAN = 3;

/** Sampling rates by SoundRate; the lowest is 5,512.5 Hz, to be exact. Spec: FLV §E.4.2.1. */
const SAMPLE_RATES_HZ = [5_512, 11_025, 22_050, 44_100];
const MAX_CHANNEL_COUNT = 2;

const RATE_SHIFT = 2;
const SIZE_16_BITS_FLAG = 0b10;
const STEREO_FLAG = 0b1;

class LpcmPayloadReader implements FlvPayloadReader {
  #flags: number | undefined;
  #parameters = parametersOf(0);

  configure(): undefined {}

  read(payload: Uint8Array, { flags }: FlvFrameHead): FlvPayload | undefined {
    const isNew = flags !== this.#flags;
    if (isNew) this.#parameters = parametersOf(flags);
    const frameBytes = frameSizeBytes(this.#parameters);
    const wholeBytes = payload.length - payload.length % frameBytes;
    if (wholeBytes === 0) return undefined;
    this.#flags = flags;
    const samples = payload.subarray(0, wholeBytes);
    const isWide = this.#parameters.bitDepth === 16;
    return wholePayload(
      isWide ? withSwappedBytes(samples) : samples,
      isNew ? this.#parameters : undefined,
    );
  }
}

function parametersOf(flags: number): LpcmParameters {
  return {
    codec: "lpcm",
    bitDepth: (flags & SIZE_16_BITS_FLAG) !== 0 ? 16 : 8,
    sampleRateHz: SAMPLE_RATES_HZ[flags >>> RATE_SHIFT & 0b11]!,
    channelCount: (flags & STEREO_FLAG) + 1,
  };
}

function frameSizeBytes({ bitDepth, channelCount }: LpcmParameters): number {
  return bitDepth / 8 * channelCount;
}

function isCarried(parameters: LpcmParameters): boolean {
  const { bitDepth, sampleRateHz, channelCount } = parameters;
  return bitDepth <= 16 && SAMPLE_RATES_HZ.includes(sampleRateHz) &&
    channelCount <= MAX_CHANNEL_COUNT;
}

function soundFlags(parameters: LpcmParameters): number {
  const { bitDepth, sampleRateHz, channelCount } = parameters;
  return SAMPLE_RATES_HZ.indexOf(sampleRateHz) << RATE_SHIFT |
    (bitDepth === 16 ? SIZE_16_BITS_FLAG : 0) | channelCount - 1;
}

function ticksOf(part: Uint8Array, parameters: LpcmParameters): number {
  return part.length / frameSizeBytes(parameters);
}

function frames(
  parts: readonly Uint8Array[],
  parameters: LpcmParameters,
  headBytes: number,
): FlvFrame[] {
  const result = partFrames(parts, parameters, headBytes, ticksOf);
  if (parameters.bitDepth === 16) {
    for (const { body } of result) swapBytes(body, headBytes);
  }
  return result;
}

function withSwappedBytes(samples: Uint8Array): Uint8Array {
  const swapped = samples.slice();
  swapBytes(swapped, 0);
  return swapped;
}

/** Turns little endian into big endian and back, samples of 16 bits. Hot path. */
function swapBytes(bytes: Uint8Array, fromBytes: number): void {
  for (let at = fromBytes; at + 1 < bytes.length; at += 2) {
    const first = bytes[at]!;
    bytes[at] = bytes[at + 1]!;
    bytes[at + 1] = first;
  }
}

/** Linear PCM in FLV, little endian; there is no sequence header and no FourCC. Spec: FLV §E.4.2.1. */
export const lpcmFlv: FlvCodec<"lpcm"> = {
  codec: "lpcm",
  kind: "audio",
  fourCc: undefined,
  codecIds: [SOUND_FORMAT_PLATFORM_ENDIAN, SOUND_FORMAT_LITTLE_ENDIAN],
  hasConfiguration: false,
  hasCompositionTime: false,
  isCarried,
  codecId: () => SOUND_FORMAT_LITTLE_ENDIAN,
  soundFlags,
  configuration: () => undefined,
  frames,
  openReader: () => new LpcmPayloadReader(),
};
