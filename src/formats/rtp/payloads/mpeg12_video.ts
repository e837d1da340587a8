import { ParseError } from "#base/errors.ts";
import { joinBytes } from "#base/join_bytes.ts";
import { VIDEO_CLOCK_RATE_HZ } from "#base/time.ts";
import type { Mpeg12VideoParameters } from "#codecs/codec.ts";
import {
  isMpeg12Slice,
  MPEG12_PICTURE_TYPE,
  MPEG12_START_CODE,
  mpeg12Config,
  mpeg12PictureType,
} from "#codecs/mpeg12_video.ts";
import {
  isSameBytes,
  MAX_PARAMETER_SET_BYTES,
} from "#codecs/parameter_sets.ts";
import { findStartCode, START_CODE_BYTES } from "#codecs/start_code.ts";
import type {
  RtpDepacketizer,
  RtpFormatDescription,
  RtpPacketizer,
  RtpPayloadFormat,
  RtpUnitSummary,
} from "#formats/rtp/payload_format.ts";
import { Mpeg12Packetizer, MPV_HEADER_BYTES } from "./mpeg12_packetizer.ts";

const ENCODING_NAME = "MPV";
const STATIC_PAYLOAD_TYPE = 32;
/** T: the extension of MPEG-2 follows the header. */
const MPEG2_EXTENSION_BIT = 0b0000_0100;
const MPEG2_EXTENSION_BYTES = 4;
/** E: more extensions follow that of MPEG-2. */
const MORE_EXTENSIONS_BIT = 0b0100_0000;
/** D, in its last byte: the composite display information follows it. */
const COMPOSITE_DISPLAY_BIT = 0b0000_0001;
const COMPOSITE_DISPLAY_BYTES = 4;
const WORD_BYTES = 4;

/** Bytes at the start of a unit that are searched for headers. */
const MAX_LEAD_BYTES = MAX_PARAMETER_SET_BYTES + 256;

const NOTHING_NEW: RtpUnitSummary<"mpeg12Video"> = {
  isRandomAccess: false,
  parameters: undefined,
};
const RANDOM_ACCESS: RtpUnitSummary<"mpeg12Video"> = {
  isRandomAccess: true,
  parameters: undefined,
};

class Mpeg12Depacketizer implements RtpDepacketizer<"mpeg12Video"> {
  #parameters: Mpeg12VideoParameters;
  /** A sequence header came again: publishers that do this do so wherever a decoder may start. */
  #isRepeatingConfig = false;
  #headers = new LeadingHeaders();

  constructor(parameters: Mpeg12VideoParameters) {
    this.#parameters = parameters;
  }

  inspect(payloads: readonly Uint8Array[]): RtpUnitSummary<"mpeg12Video"> {
    if (payloads.length === 0) return NOTHING_NEW;
    const headers = this.#headers;
    if (!headers.read(elementaryBytes(payloads[0]!)) && payloads.length > 1) {
      headers.read(joinBytes(payloads.map(elementaryBytes), MAX_LEAD_BYTES));
    }
    const { sequenceOffsetBytes, pictureType } = headers;
    if (sequenceOffsetBytes < 0) {
      return pictureType === MPEG12_PICTURE_TYPE.i && !this.#isRepeatingConfig
        ? RANDOM_ACCESS
        : NOTHING_NEW;
    }
    const known = this.#parameters.config;
    this.#isRepeatingConfig ||= known !== undefined;
    const config = mpeg12Config(headers.bytes, sequenceOffsetBytes);
    if (
      config === undefined || known !== undefined && isSameBytes(known, config)
    ) return RANDOM_ACCESS;
    this.#parameters = { codec: "mpeg12Video", config: config.slice() };
    return { isRandomAccess: true, parameters: this.#parameters };
  }

  extract(payloads: readonly Uint8Array[]): Uint8Array[] {
    const picture = joinBytes(payloads.map(checkedElementaryBytes));
    return picture.length === 0 ? [] : [picture];
  }
}

/**
 * Finds the headers at the start of a unit; reused for the next unit.
 *
 * All of the bytes are searched: some publishers put small pictures into one packet with what follows.
 */
class LeadingHeaders {
  bytes: Uint8Array = new Uint8Array();
  /** Start code of the first sequence header; -1 if there is none. */
  sequenceOffsetBytes = -1;
  /** `picture_coding_type` of the first picture; 0 if there is none. */
  pictureType = 0;

  /** Output: whether the headers are whole, as far as can be seen. Hot path. */
  read(bytes: Uint8Array): boolean {
    this.bytes = bytes;
    this.sequenceOffsetBytes = -1;
    this.pictureType = 0;
    let isWhole = false;
    let at = findStartCode(bytes, 0);
    while (at >= 0) {
      const code = bytes[at + 3]!;
      if (code === MPEG12_START_CODE.sequenceHeader) {
        if (this.sequenceOffsetBytes < 0) this.sequenceOffsetBytes = at;
        isWhole = false;
      } else if (code === MPEG12_START_CODE.picture) {
        this.pictureType ||= mpeg12PictureType(bytes, at);
        isWhole = this.pictureType !== 0;
      } else if (isMpeg12Slice(code)) isWhole = true;
      at = findStartCode(bytes, at + START_CODE_BYTES);
    }
    return isWhole;
  }
}

/** Bytes of headers at the start of a payload; over its length if it is cut. Hot path. Spec: RFC 2250 §3.4. */
function headerBytes(payload: Uint8Array): number {
  if (payload.length < MPV_HEADER_BYTES) return MPV_HEADER_BYTES;
  let at = MPV_HEADER_BYTES;
  if ((payload[0]! & MPEG2_EXTENSION_BIT) === 0) return at;
  at += MPEG2_EXTENSION_BYTES;
  if (at > payload.length) return at;
  const first = payload[at - MPEG2_EXTENSION_BYTES]!;
  if ((payload[at - 1]! & COMPOSITE_DISPLAY_BIT) !== 0) {
    at += COMPOSITE_DISPLAY_BYTES;
  }
  if ((first & MORE_EXTENSIONS_BIT) === 0) return at;
  // The length counts itself.
  return at < payload.length ? at + payload[at]! * WORD_BYTES : at + 1;
}

/** Empty if the payload is cut. */
function elementaryBytes(payload: Uint8Array): Uint8Array {
  return payload.subarray(Math.min(headerBytes(payload), payload.length));
}

function checkedElementaryBytes(
  payload: Uint8Array,
  index: number,
): Uint8Array {
  const offsetBytes = headerBytes(payload);
  if (offsetBytes <= payload.length) return payload.subarray(offsetBytes);
  throw new ParseError(
    `needs ${offsetBytes} bytes, found ${payload.length}`,
    {
      format: "MPV RTP payload",
      field: `payloads[${index}].header`,
      offsetBytes: 0,
    },
  );
}

function parseDescription(
  description: RtpFormatDescription,
): Mpeg12VideoParameters | undefined {
  if (
    description.encodingName.toUpperCase() !== ENCODING_NAME ||
    description.clockRateHz !== VIDEO_CLOCK_RATE_HZ
  ) return undefined;
  return { codec: "mpeg12Video", config: undefined };
}

function describe(_parameters: Mpeg12VideoParameters): RtpFormatDescription {
  return {
    mediaType: "video",
    payloadType: STATIC_PAYLOAD_TYPE,
    // Other servers write no rtpmap for it either.
    encodingName: "",
    clockRateHz: VIDEO_CLOCK_RATE_HZ,
    channelCount: undefined,
    fmtp: new Map(),
  };
}

/**
 * MPEG-1 and MPEG-2 video in RTP.
 *
 * A decoder may start at a sequence header, and at I pictures as long as no sequence header came twice. Of the
 * MPEG video-specific headers only the lengths are read: several publishers leave the fields at zero. Another clock
 * rate than 90,000 Hz is left to the generic format.
 *
 * Spec: RFC 2250 §3.
 */
export const mpeg12VideoPayloadFormat: RtpPayloadFormat<"mpeg12Video"> = {
  formatId: "rtp/mpv",
  codec: "mpeg12Video",
  unitBoundary: "marker",
  parseDescription,
  describe,
  openDepacketizer(
    parameters: Mpeg12VideoParameters,
  ): RtpDepacketizer<"mpeg12Video"> {
    return new Mpeg12Depacketizer(parameters);
  },
  openPacketizer(
    parameters: Mpeg12VideoParameters,
    maxPayloadBytes: number,
  ): RtpPacketizer {
    return new Mpeg12Packetizer(parameters.config, maxPayloadBytes);
  },
};
