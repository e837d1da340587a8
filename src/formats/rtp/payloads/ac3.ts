import { ParseError } from "#base/errors.ts";
import { rescaleTicks } from "#base/time.ts";
import {
  AC3_FRAME_SAMPLES,
  MAX_AC3_CHANNEL_COUNT,
  parseAc3Header,
} from "#codecs/ac3.ts";
import type { Ac3Parameters } from "#codecs/codec.ts";
import type {
  RtpDepacketizer,
  RtpFormatDescription,
  RtpPacketizer,
  RtpPayloadFormat,
  RtpUnitSummary,
} from "#formats/rtp/payload_format.ts";
import { AUDIO_UNIT_SUMMARY, channelCountOf, sampleRateOf } from "./audio.ts";
import {
  FrameCollector,
  type FrameFragment,
  type FrameLayout,
  FramePacketizer,
} from "./frames.ts";

const PAYLOAD_FORMAT = "AC3 RTP payload";
const ENCODING_NAME = "AC3";

/** Frame type, then the number of frames or fragments. Spec: RFC 4184 §4.1.1. */
const HEAD_BYTES = 2;
const MAX_FRAMES_PER_PACKET = 255;

/** Values of FT; 0 is whole frames. Spec: RFC 4184 §4.1.1. */
const INITIAL_FRAGMENT_WITH_5_8 = 1;
const INITIAL_FRAGMENT = 2;
const NEXT_FRAGMENT = 3;

/** Has no state: all tracks share one. */
const depacketizer: RtpDepacketizer<"ac3"> = {
  inspect(_payloads: readonly Uint8Array[]): RtpUnitSummary<"ac3"> {
    return AUDIO_UNIT_SUMMARY;
  },
  extract(payloads: readonly Uint8Array[]): Uint8Array[] {
    const collector = new FrameCollector(PAYLOAD_FORMAT, frameSizeBytes);
    for (const payload of payloads) {
      if (payload.length <= HEAD_BYTES) {
        throw new ParseError(
          `must be over ${HEAD_BYTES} bytes, found ${payload.length}`,
          { format: PAYLOAD_FORMAT, field: "payload", offsetBytes: 0 },
        );
      }
      const frameType = payload[0]! & 0b11;
      if (frameType === NEXT_FRAGMENT) collector.continue(payload, HEAD_BYTES);
      else collector.begin(payload, HEAD_BYTES);
    }
    collector.end();
    return collector.frames;
  },
};

function frameSizeBytes(bytes: Uint8Array, at: number): number | undefined {
  return parseAc3Header(bytes, at)?.frameSizeBytes;
}

class Ac3Layout implements FrameLayout {
  readonly headBytes = HEAD_BYTES;
  readonly lengthBytes = 0;
  readonly maxFramesPerPacket = MAX_FRAMES_PER_PACKET;
  readonly isEndMarked = true;
  #clockRateHz: number;

  constructor(clockRateHz: number) {
    this.#clockRateHz = clockRateHz;
  }

  frameTicks(frame: Uint8Array): number | undefined {
    const header = parseAc3Header(frame);
    if (header?.frameSizeBytes !== frame.length) return undefined;
    return rescaleTicks(
      AC3_FRAME_SAMPLES,
      header.sampleRateHz,
      this.#clockRateHz,
    );
  }

  writeHead(bytes: Uint8Array, frameCount: number): void {
    bytes[1] = frameCount;
  }

  writeFragmentHead(bytes: Uint8Array, fragment: FrameFragment): void {
    const { index, count, sizeBytes, frameSizeBytes } = fragment;
    const isMost = 8 * sizeBytes >= 5 * frameSizeBytes;
    bytes[0] = index > 0
      ? NEXT_FRAGMENT
      : isMost
      ? INITIAL_FRAGMENT_WITH_5_8
      : INITIAL_FRAGMENT;
    bytes[1] = count;
  }
}

function parseDescription(
  description: RtpFormatDescription,
): Ac3Parameters | undefined {
  if (description.encodingName.toUpperCase() !== ENCODING_NAME) {
    return undefined;
  }
  return {
    codec: "ac3",
    sampleRateHz: sampleRateOf(description),
    channelCount: description.channelCount === undefined
      ? MAX_AC3_CHANNEL_COUNT
      : channelCountOf(description, MAX_AC3_CHANNEL_COUNT),
  };
}

function describe(parameters: Ac3Parameters): RtpFormatDescription {
  return {
    mediaType: "audio",
    payloadType: undefined,
    encodingName: ENCODING_NAME,
    clockRateHz: parameters.sampleRateHz,
    channelCount: parameters.channelCount,
    fmtp: new Map(),
  };
}

/**
 * AC-3 in RTP.
 *
 * Six channels if the number is left out. A part that is not exactly one syncframe is not sent.
 *
 * Spec: RFC 4184.
 * Deviates: counts of frames and fragments are not believed; any first fragment may be of either type.
 */
export const ac3PayloadFormat: RtpPayloadFormat<"ac3"> = {
  formatId: "rtp/ac3",
  codec: "ac3",
  unitBoundary: "marker",
  parseDescription,
  describe,
  openDepacketizer(_parameters: Ac3Parameters): RtpDepacketizer<"ac3"> {
    return depacketizer;
  },
  openPacketizer(
    parameters: Ac3Parameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    return new FramePacketizer(
      new Ac3Layout(parameters.sampleRateHz),
      maxPayloadBytes,
    );
  },
};
