import type { KeyFrameFeedback } from "#formats/rtp/rtcp/key_frame_request.ts";
import type { LineReader } from "#base/line_reader.ts";

/** One `a=` line. */
export interface SdpAttribute {
  readonly name: string;
  /** Text behind the colon; empty for a flag. */
  readonly value: string;
}

/** Most payload types of a media section: there are no more. */
export const MAX_SDP_PAYLOAD_TYPES = 128;

/** Directions of a media section. Spec: RFC 8866 §6.7. */
export type MediaDirection = "sendrecv" | "sendonly" | "recvonly" | "inactive";

/** One media section. Spec: RFC 8866 §5.14. */
export interface MediaDescription {
  /** Other types than these count as `"application"`. */
  readonly mediaType: "video" | "audio" | "application";
  readonly port: number;
  /** Transport protocol, e.g. `"RTP/AVP"` or `"RTP/SAVP"`. */
  readonly protocol: string;
  /** Payload types in order of preference, 0 to 127; those that are no number are left out. */
  readonly payloadTypes: readonly number[];
  /** Text of `a=rtpmap` behind the payload type, e.g. `"H264/90000"`. */
  readonly rtpMaps: ReadonlyMap<number, string>;
  /** Text of `a=fmtp` behind the payload type. */
  readonly fmtps: ReadonlyMap<number, string>;
  /** Media-level `a=control`: URL for SETUP, absolute or relative; undefined if there was none. */
  readonly control: string | undefined;
  /** Media-level direction; undefined if there was none. */
  readonly direction: MediaDirection | undefined;
  /** Media-level `a=key-mgmt`: protocol and data, e.g. `"mikey AAAA"`. Spec: RFC 4567 §3.1. */
  readonly keyMgmt: string | undefined;
  /** Other attributes, in order. */
  readonly attributes: readonly SdpAttribute[];
}

/** A media section while its lines come in. */
export interface MediaDraft extends MediaDescription {
  rtpMaps: Map<number, string>;
  fmtps: Map<number, string>;
  control: string | undefined;
  direction: MediaDirection | undefined;
  keyMgmt: string | undefined;
  attributes: SdpAttribute[];
}

/** The section wants media from the reader: an ONVIF back channel. Spec: ONVIF Streaming §5.3. */
export function isBackChannel(media: MediaDescription): boolean {
  return media.direction === "sendonly";
}

/** The way in which a sender wants to be asked for key frames of a payload type; undefined if it takes none. Spec: RFC 4585 §4.2. */
export function keyFrameFeedbackOf(
  { attributes }: MediaDescription,
  payloadType: number,
): KeyFrameFeedback | undefined {
  const wishes = attributes
    .filter(({ name }) => name === "rtcp-fb")
    .map(({ value }) => value.toLowerCase().split(/\s+/))
    .filter(([format]) => format === "*" || format === `${payloadType}`)
    .map(([, ...wish]) => wish.join(" "));
  if (wishes.includes("nack pli")) return "pli";
  return wishes.includes("ccm fir") ? "fir" : undefined;
}

/**
 * Reads the value of an `m=` line; `line` is where it stands, for errors.
 *
 * @throws {ParseError} if it has no type, port or protocol, or a limit is passed.
 */
export function parseMediaLine(value: string, line: LineReader): MediaDraft {
  const [type, portText, protocol, ...formats] = value.split(/\s+/);
  if (type === undefined || portText === undefined || protocol === undefined) {
    throw line.error(`must be type, port and protocol: "${value}"`, "m=");
  }
  const port = /^\d{1,5}(\/\d+)?$/.test(portText) ? parseInt(portText) : -1;
  if (port < 0 || port > 65_535) {
    throw line.error(`must be 0 to 65535, found "${portText}"`, "m= port");
  }
  if (formats.length > MAX_SDP_PAYLOAD_TYPES) {
    throw line.error(
      `has ${formats.length} formats, allowed are ${MAX_SDP_PAYLOAD_TYPES}`,
      "m=",
    );
  }
  const mediaType = type.toLowerCase();
  return {
    mediaType: mediaType === "video" || mediaType === "audio"
      ? mediaType
      : "application",
    port,
    protocol,
    payloadTypes: formats.map(parsePayloadType).filter((one) => one >= 0),
    rtpMaps: new Map(),
    fmtps: new Map(),
    control: undefined,
    direction: undefined,
    keyMgmt: undefined,
    attributes: [],
  };
}

/** Puts an `a=` line where it belongs in its section; of doubled ones the first counts. */
export function addMediaAttribute(
  media: MediaDraft,
  attribute: SdpAttribute,
): void {
  const { name, value } = attribute;
  switch (name) {
    case "rtpmap":
      return addFormatText(media.rtpMaps, value);
    case "fmtp":
      return addFormatText(media.fmtps, value);
    case "control":
      media.control ??= value;
      return;
    case "key-mgmt":
      media.keyMgmt ??= value;
      return;
    case "sendrecv":
    case "sendonly":
    case "recvonly":
    case "inactive":
      media.direction ??= name;
      return;
    default:
      media.attributes.push(attribute);
  }
}

/** `"96 H264/90000"`; what has no payload type is skipped. */
function addFormatText(texts: Map<number, string>, value: string): void {
  const [first] = value.split(/\s/, 1);
  const payloadType = parsePayloadType(first!);
  if (payloadType < 0 || texts.has(payloadType)) return;
  texts.set(payloadType, value.slice(first!.length).trim());
}

/** -1 for what is no payload type. */
function parsePayloadType(text: string): number {
  const payloadType = /^\d{1,3}$/.test(text) ? Number(text) : -1;
  return payloadType <= 127 ? payloadType : -1;
}
