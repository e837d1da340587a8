import { ParseError } from "#base/errors.ts";
import type { FlacParameters } from "#codecs/codec.ts";
import {
  FLAC_STREAM_INFO_BYTES,
  flacStreamInfoFromHeader,
  isWholeFlacFrame,
  parseFlacFrameHeader,
  parseFlacStreamInfo,
} from "#codecs/flac.ts";
import type {
  RtpDepacketizer,
  RtpFormatDescription,
  RtpPacketizer,
  RtpPayloadFormat,
  RtpUnitSummary,
} from "#formats/rtp/payload_format.ts";
import {
  AUDIO_UNIT_SUMMARY,
  channelCountOf,
  descriptionError,
  fmtpHex,
  sampleRateOf,
} from "./audio.ts";
import {
  type FrameFragment,
  type FrameLayout,
  FramePacketizer,
  joinPayloads,
} from "./frames.ts";

/** A frame beyond this is not taken apart: 65,535 samples of 8 channels, 32 bits each, are below. */
export const MAX_FLAC_FRAME_BYTES = 4 * 1_024 * 1_024;

const PAYLOAD_FORMAT = "FLAC RTP payload";
const ENCODING_NAME = "flac";
const MAX_CHANNEL_COUNT = 8;
/** Until a frame tells the number. */
const DEFAULT_CHANNEL_COUNT = 2;

class FlacDepacketizer implements RtpDepacketizer<"flac"> {
  #parameters: FlacParameters;

  constructor(parameters: FlacParameters) {
    this.#parameters = parameters;
  }

  inspect(payloads: readonly Uint8Array[]): RtpUnitSummary<"flac"> {
    if (this.#parameters.streamInfo !== undefined || payloads.length === 0) {
      return AUDIO_UNIT_SUMMARY;
    }
    const header = parseFlacFrameHeader(payloads[0]!);
    if (header === undefined) return AUDIO_UNIT_SUMMARY;
    const { sampleRateHz } = this.#parameters;
    const streamInfo = flacStreamInfoFromHeader(header, sampleRateHz);
    if (streamInfo === undefined) return AUDIO_UNIT_SUMMARY;
    const { channelCount } = header;
    this.#parameters = { ...this.#parameters, streamInfo, channelCount };
    return { isRandomAccess: true, parameters: this.#parameters };
  }

  extract(payloads: readonly Uint8Array[]): Uint8Array[] {
    const frame = joinPayloads(payloads, PAYLOAD_FORMAT, MAX_FLAC_FRAME_BYTES);
    if (parseFlacFrameHeader(frame) === undefined) {
      throw frameError("must begin with a frame header");
    }
    if (!isWholeFlacFrame(frame)) {
      throw frameError("must have the CRC-16 that it ends with");
    }
    return [frame];
  }
}

function frameError(reason: string): ParseError {
  return new ParseError(reason, {
    format: PAYLOAD_FORMAT,
    field: "frame",
    offsetBytes: 0,
  });
}

const LAYOUT: FrameLayout = {
  headBytes: 0,
  lengthBytes: 0,
  maxFramesPerPacket: 1,
  isEndMarked: true,
  frameTicks: (frame: Uint8Array) => parseFlacFrameHeader(frame)?.blockSamples,
  writeHead(_bytes: Uint8Array, _frameCount: number): void {},
  writeFragmentHead(_bytes: Uint8Array, _fragment: FrameFragment): void {},
};

function parseDescription(
  description: RtpFormatDescription,
): FlacParameters | undefined {
  if (description.encodingName.toLowerCase() !== ENCODING_NAME) {
    return undefined;
  }
  const sampleRateHz = sampleRateOf(description);
  const streamInfo = fmtpHex(description, "streaminfo", FLAC_STREAM_INFO_BYTES);
  if (streamInfo !== undefined) {
    if (streamInfo.length !== FLAC_STREAM_INFO_BYTES) {
      throw descriptionError(
        description,
        "streaminfo",
        `must be ${FLAC_STREAM_INFO_BYTES} bytes, found ${streamInfo.length}`,
      );
    }
    const { channelCount } = parseFlacStreamInfo(streamInfo);
    return { codec: "flac", streamInfo, sampleRateHz, channelCount };
  }
  const channelCount = description.channelCount === undefined
    ? DEFAULT_CHANNEL_COUNT
    : channelCountOf(description, MAX_CHANNEL_COUNT);
  return { codec: "flac", streamInfo, sampleRateHz, channelCount };
}

function describe(parameters: FlacParameters): RtpFormatDescription {
  const { streamInfo, sampleRateHz } = parameters;
  return {
    mediaType: "application",
    payloadType: undefined,
    encodingName: ENCODING_NAME,
    clockRateHz: sampleRateHz,
    channelCount: undefined,
    fmtp: new Map(
      streamInfo === undefined ? [] : [["streaminfo", streamInfo.toHex()]],
    ),
  };
}

/**
 * FLAC in RTP, which has no specification: described as MediaMTX does it, one frame a unit, the marker on its last
 * packet.
 *
 * `streaminfo` is the STREAMINFO block in hexadecimal; where it is missing it is made from the first frame.
 *
 * Spec: RFC 9639 for the frames.
 */
export const flacPayloadFormat: RtpPayloadFormat<"flac"> = {
  formatId: "rtp/flac",
  codec: "flac",
  unitBoundary: "marker",
  parseDescription,
  describe,
  openDepacketizer(parameters: FlacParameters): RtpDepacketizer<"flac"> {
    return new FlacDepacketizer(parameters);
  },
  openPacketizer(
    _parameters: FlacParameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    return new FramePacketizer(LAYOUT, maxPayloadBytes);
  },
};
