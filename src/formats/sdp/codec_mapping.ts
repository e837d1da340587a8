import { assert, ParseError } from "#base/errors.ts";
import type { CodecParameters } from "#codecs/codec.ts";
import type { Track } from "#core/track.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import {
  type AnyRtpPayloadFormat,
  PAYLOAD_FORMATS,
  payloadFormatFor,
} from "#formats/rtp/payload_formats.ts";
import type { MediaDescription } from "./media_description.ts";
import { STATIC_PAYLOAD_TYPES } from "./static_payload_types.ts";

/** Payload types that `a=rtpmap` may give any meaning. Spec: RFC 3551 §3. */
const DYNAMIC_PAYLOAD_TYPE_MIN = 96;
const DYNAMIC_PAYLOAD_TYPE_COUNT = 32;
/** Unassigned, but some cameras send H264 with it. */
const H264_PAYLOAD_TYPE = 35;
/** Clock rates of formats whose `a=rtpmap` may leave them out, by name in lower case. */
const USUAL_CLOCK_RATES_HZ: ReadonlyMap<string, number> = new Map([
  ["ac3", 48_000],
]);

/** A codec and the way it is carried in RTP. */
export interface MappedCodec {
  readonly format: AnyRtpPayloadFormat;
  readonly parameters: CodecParameters;
}

/** The payload type of a media section that was taken for its track. */
export interface MappedFormat extends MappedCodec {
  readonly payloadType: number;
  readonly clockRateHz: number;
}

/**
 * Takes the one format of a media section that its track has.
 *
 * The first one of a codec known here, or else the first one that can be carried through unknown. One that is
 * described wrongly is passed over as long as another is there.
 *
 * @throws {ParseError} if no payload type is announced, or none of them is described well enough.
 */
export function formatFromMedia(media: MediaDescription): MappedFormat {
  let generic: MappedFormat | undefined;
  let firstError: ParseError | undefined;
  for (const payloadType of media.payloadTypes) {
    try {
      const description = describeMedia(media, payloadType);
      const mapped = codecFromDescription(description);
      const { clockRateHz } = description;
      if (mapped.parameters.codec !== "generic") {
        return { ...mapped, payloadType, clockRateHz };
      }
      const parameters = {
        ...mapped.parameters,
        rtpMap: media.rtpMaps.get(payloadType) ?? "",
        fmtp: media.fmtps.get(payloadType) ?? "",
      };
      generic ??= { ...mapped, parameters, payloadType, clockRateHz };
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      firstError ??= error;
    }
  }
  if (generic !== undefined) return generic;
  throw firstError ??
    sdpError("must have a payload type, found none", "m= format");
}

/**
 * Joins what a media section says about one of its payload types.
 *
 * @throws {ParseError} if it has no clock rate: none in `a=rtpmap`, no static payload type and no usual one.
 */
export function describeMedia(
  media: MediaDescription,
  payloadType: number,
): RtpFormatDescription {
  const known = STATIC_PAYLOAD_TYPES.get(payloadType);
  const rtpMap = media.rtpMaps.get(payloadType);
  const [name = "", clockRate, channels] = (rtpMap ?? "").split("/");
  const clockRateHz = parseCount(clockRate) ?? known?.clockRateHz ??
    USUAL_CLOCK_RATES_HZ.get(name.trim().toLowerCase());
  if (clockRateHz === undefined) {
    throw sdpError(
      `must have a clock rate, found "${rtpMap ?? ""}"`,
      `rtpmap:${payloadType}`,
    );
  }
  return {
    mediaType: media.mediaType,
    payloadType,
    encodingName: name.trim() || (known?.encodingName ?? ""),
    clockRateHz,
    channelCount: rtpMap === undefined
      ? known?.channelCount
      : parseCount(channels),
    fmtp: parseFmtp(media.fmtps.get(payloadType) ?? ""),
  };
}

/**
 * Finds the codec that a description means: generic if no other format understands it.
 *
 * @throws {ParseError} if it describes a known codec, but wrongly.
 */
export function codecFromDescription(
  description: RtpFormatDescription,
): MappedCodec {
  const isKnown = mayBeKnown(description);
  for (const format of PAYLOAD_FORMATS) {
    if (!isKnown && format.codec !== "generic") continue;
    const parameters = format.parseDescription(description);
    if (parameters !== undefined) return { format, parameters };
  }
  throw sdpError(
    `is not understood: "${description.encodingName}"`,
    `rtpmap:${description.payloadType}`,
  );
}

/** A payload type that is neither dynamic nor used in its static meaning tells nothing. */
function mayBeKnown(description: RtpFormatDescription): boolean {
  const { payloadType } = description;
  if (payloadType === undefined || payloadType >= DYNAMIC_PAYLOAD_TYPE_MIN) {
    return true;
  }
  const expectedName = payloadType === H264_PAYLOAD_TYPE
    ? "H264"
    : STATIC_PAYLOAD_TYPES.get(payloadType)?.encodingName;
  return expectedName?.toLowerCase() === description.encodingName.toLowerCase();
}

/**
 * Parses the parameters of an `a=fmtp` line, without the payload type.
 *
 * Output: names in lower case, values as they are, empty for a flag; of doubled names the last one counts.
 * Limits: those of the line.
 * Spec: RFC 8866 §6.15, RFC 6184 §8.1 and its like.
 */
export function parseFmtp(text: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const part of text.split(";")) {
    const equals = part.indexOf("=");
    const name = (equals < 0 ? part : part.slice(0, equals)).trim();
    if (name === "") continue;
    const value = equals < 0 ? "" : part.slice(equals + 1).trim();
    parameters.set(name.toLowerCase(), value);
  }
  return parameters;
}

/** Writes the parameters of an `a=fmtp` line, names in the order of their characters. */
export function serializeFmtp(fmtp: ReadonlyMap<string, string>): string {
  return [...fmtp.keys()].sort()
    .map((name) => fmtp.get(name) ? `${name}=${fmtp.get(name)}` : name)
    .join("; ");
}

/**
 * Describes a track to readers as the media section number `index` of a stream.
 *
 * The payload type is the one its format or its publisher wants, else a dynamic one. Generic tracks are
 * described in the publisher's own words.
 */
export function mediaFromTrack(track: Track, index: number): MediaDescription {
  const { codec } = track;
  const description = payloadFormatFor(codec).describe(codec);
  assert(description !== undefined, "the format describes what it carries");
  const payloadType = description.payloadType ??
    DYNAMIC_PAYLOAD_TYPE_MIN + index % DYNAMIC_PAYLOAD_TYPE_COUNT;
  const rtpMap = codec.codec === "generic"
    ? codec.rtpMap
    : serializeRtpMap(description);
  const fmtp = codec.codec === "generic"
    ? codec.fmtp
    : serializeFmtp(description.fmtp);
  return {
    mediaType: description.mediaType,
    port: 0,
    protocol: "RTP/AVP",
    payloadTypes: [payloadType],
    rtpMaps: rtpMap === "" ? new Map() : new Map([[payloadType, rtpMap]]),
    fmtps: fmtp === "" ? new Map() : new Map([[payloadType, fmtp]]),
    control: `trackID=${index}`,
    direction: undefined,
    keyMgmt: undefined,
    attributes: [],
  };
}

/** Empty for a static payload type that has no name. */
function serializeRtpMap(description: RtpFormatDescription): string {
  const { encodingName, clockRateHz, channelCount } = description;
  if (encodingName === "") return "";
  const channels = channelCount === undefined ? "" : `/${channelCount}`;
  return `${encodingName}/${clockRateHz}${channels}`;
}

/** A positive number of up to nine digits; undefined for everything else. */
function parseCount(text: string | undefined): number | undefined {
  const trimmed = text?.trim() ?? "";
  const count = /^\d{1,9}$/.test(trimmed) ? Number(trimmed) : 0;
  return count > 0 ? count : undefined;
}

function sdpError(reason: string, field: string): ParseError {
  return new ParseError(reason, { format: "SDP", field, offsetBytes: 0 });
}
