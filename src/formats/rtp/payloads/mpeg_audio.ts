import { readU16, writeU16 } from "#base/big_endian.ts";
import { ParseError } from "#base/errors.ts";
import { rescaleTicks, VIDEO_CLOCK_RATE_HZ } from "#base/time.ts";
import type { MpegAudioParameters } from "#codecs/codec.ts";
import { parseMpegAudioHeader } from "#codecs/mpeg_audio.ts";
import type {
  RtpDepacketizer,
  RtpFormatDescription,
  RtpPacketizer,
  RtpPayloadFormat,
  RtpUnitSummary,
} from "#formats/rtp/payload_format.ts";
import { AUDIO_UNIT_SUMMARY } from "./audio.ts";
import {
  FrameCollector,
  type FrameFragment,
  type FrameLayout,
  FramePacketizer,
} from "./frames.ts";

const PAYLOAD_FORMAT = "MPA RTP payload";
const ENCODING_NAME = "mpa";
const STATIC_PAYLOAD_TYPE = 14;

/** Zeros and Frag_offset, 16 bits each. Spec: RFC 2250 §3.5. */
const HEAD_BYTES = 4;
const OFFSET_AT = 2;
/** Frames that are put into one packet. */
const MAX_FRAMES_PER_PACKET = 64;

const PARAMETERS: MpegAudioParameters = { codec: "mpegAudio" };

/** Has no state: all tracks share one. */
const depacketizer: RtpDepacketizer<"mpegAudio"> = {
  inspect(_payloads: readonly Uint8Array[]): RtpUnitSummary<"mpegAudio"> {
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
      const offsetBytes = readU16(payload, OFFSET_AT);
      if (offsetBytes === 0) collector.begin(payload, HEAD_BYTES);
      else collector.continue(payload, HEAD_BYTES, offsetBytes);
    }
    collector.end();
    return collector.frames;
  },
};

function frameSizeBytes(bytes: Uint8Array, at: number): number | undefined {
  return parseMpegAudioHeader(bytes, at)?.frameSizeBytes;
}

/** A fragment does not say whether it is the last one: then the unit ends where the next one begins. Hot path. */
function isWholeUnit(payload: Uint8Array): boolean {
  if (payload.length <= HEAD_BYTES) return true;
  if (readU16(payload, OFFSET_AT) !== 0) return false;
  let at = HEAD_BYTES;
  while (at < payload.length) {
    const sizeBytes = frameSizeBytes(payload, at);
    if (sizeBytes === undefined) return true;
    at += sizeBytes;
  }
  return at === payload.length;
}

const LAYOUT: FrameLayout = {
  headBytes: HEAD_BYTES,
  lengthBytes: 0,
  maxFramesPerPacket: MAX_FRAMES_PER_PACKET,
  isEndMarked: false,
  frameTicks(frame: Uint8Array): number | undefined {
    const header = parseMpegAudioHeader(frame);
    if (header?.frameSizeBytes !== frame.length) return undefined;
    const { sampleCount, sampleRateHz } = header;
    return rescaleTicks(sampleCount, sampleRateHz, VIDEO_CLOCK_RATE_HZ);
  },
  writeHead(_bytes: Uint8Array, _frameCount: number): void {},
  writeFragmentHead(bytes: Uint8Array, fragment: FrameFragment): void {
    writeU16(bytes, OFFSET_AT, fragment.offsetBytes);
  },
};

function parseDescription(
  description: RtpFormatDescription,
): MpegAudioParameters | undefined {
  const isMpegAudio =
    description.encodingName.toLowerCase() === ENCODING_NAME &&
    description.clockRateHz === VIDEO_CLOCK_RATE_HZ;
  return isMpegAudio ? PARAMETERS : undefined;
}

/** Without a name, so that there is no rtpmap: the payload type says everything. */
const DESCRIPTION: RtpFormatDescription = {
  mediaType: "audio",
  payloadType: STATIC_PAYLOAD_TYPE,
  encodingName: "",
  clockRateHz: VIDEO_CLOCK_RATE_HZ,
  channelCount: undefined,
  fmtp: new Map(),
};

/**
 * MPEG-1 and MPEG-2 audio in RTP, layers I to III.
 *
 * The marker has no meaning, senders set it as they like. Frames of the free format are not read, and a part that
 * is not exactly one frame is not sent.
 *
 * Spec: RFC 2250 §3.
 * Deviates: a dynamic payload type is accepted; a cut frame may follow whole ones.
 */
export const mpegAudioPayloadFormat: RtpPayloadFormat<"mpegAudio"> = {
  formatId: "rtp/mpa",
  codec: "mpegAudio",
  unitBoundary: isWholeUnit,
  parseDescription,
  describe(_parameters: MpegAudioParameters): RtpFormatDescription {
    return DESCRIPTION;
  },
  openDepacketizer(
    _parameters: MpegAudioParameters,
  ): RtpDepacketizer<"mpegAudio"> {
    return depacketizer;
  },
  openPacketizer(
    _parameters: MpegAudioParameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    return new FramePacketizer(LAYOUT, maxPayloadBytes);
  },
};
