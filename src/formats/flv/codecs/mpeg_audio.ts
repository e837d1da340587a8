import { ParseError } from "#base/errors.ts";
import { rescaleTicks } from "#base/time.ts";
import { clockRateOf, type MpegAudioParameters } from "#codecs/codec.ts";
import { parseMpegAudioHeader } from "#codecs/mpeg_audio.ts";
import type {
  FlvCodec,
  FlvFrame,
  FlvPayload,
  FlvPayloadReader,
} from "#formats/flv/flv_codec.ts";
import { partFrames, splitFrames } from "#formats/flv/part_frames.ts";
import { DEFAULT_SOUND_FLAGS } from "#formats/flv/tag_header.ts";

const SOUND_FORMAT_MP3 = 2;
const SOUND_FORMAT_MP3_8_KHZ = 14;

const FORMAT = "FLV MP3 tag";
const PARAMETERS: MpegAudioParameters = { codec: "mpegAudio" };
const CLOCK_RATE_HZ = clockRateOf(PARAMETERS);

const RATE_SHIFT = 2;
const SIZE_16_BITS_FLAG = 0b10;
const STEREO_FLAG = 0b1;

class MpegAudioPayloadReader implements FlvPayloadReader {
  #hasBegun = false;

  configure(): undefined {}

  read(payload: Uint8Array): FlvPayload | undefined {
    if (payload.length === 0) return undefined;
    const parts = splitFrames(payload, FORMAT, frameSizeBytes);
    const isFirst = !this.#hasBegun;
    this.#hasBegun = true;
    return {
      parts,
      isRandomAccess: true,
      parameters: isFirst ? PARAMETERS : undefined,
    };
  }
}

function frameSizeBytes(payload: Uint8Array, at: number): number {
  return parseMpegAudioHeader(payload, at)?.frameSizeBytes ?? 0;
}

/** The flags know four rates only; players go by the frame. */
function soundFlags(_: MpegAudioParameters, frame: Uint8Array): number {
  const header = parseMpegAudioHeader(frame);
  if (header === undefined) return DEFAULT_SOUND_FLAGS;
  const { sampleRateHz, channelCount } = header;
  const soundRate = sampleRateHz > 24_000
    ? 3
    : sampleRateHz > 12_000
    ? 2
    : sampleRateHz > 8_000
    ? 1
    : 0;
  return soundRate << RATE_SHIFT | SIZE_16_BITS_FLAG |
    (channelCount === 2 ? STEREO_FLAG : 0);
}

function ticksOf(part: Uint8Array): number {
  const header = parseMpegAudioHeader(part);
  if (header === undefined) return 0;
  const { sampleCount, sampleRateHz } = header;
  return rescaleTicks(sampleCount, sampleRateHz, CLOCK_RATE_HZ);
}

function frames(
  parts: readonly Uint8Array[],
  parameters: MpegAudioParameters,
  headBytes: number,
): FlvFrame[] {
  for (const part of parts) {
    if (part.length > 0 && parseMpegAudioHeader(part)?.layer !== 3) {
      throw new ParseError("must be of layer III, MP3", {
        format: "MPEG audio for RTMP",
        field: "layer",
        offsetBytes: 0,
      });
    }
  }
  return partFrames(parts, parameters, headBytes, ticksOf);
}

/** MP3 in FLV; there is no sequence header. Spec: FLV §E.4.2.1; Enhanced RTMP v2 for `.mp3`. */
export const mpegAudioFlv: FlvCodec<"mpegAudio"> = {
  codec: "mpegAudio",
  kind: "audio",
  fourCc: ".mp3",
  codecIds: [SOUND_FORMAT_MP3, SOUND_FORMAT_MP3_8_KHZ],
  hasConfiguration: false,
  hasCompositionTime: false,
  isCarried: () => true,
  codecId: () => SOUND_FORMAT_MP3,
  soundFlags,
  configuration: () => undefined,
  frames,
  openReader: () => new MpegAudioPayloadReader(),
};
