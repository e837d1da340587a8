import { ParseError } from "#base/errors.ts";
import { LineReader } from "#base/line_reader.ts";
import {
  addMediaAttribute,
  type MediaDescription,
  type MediaDraft,
  parseMediaLine,
  type SdpAttribute,
} from "./media_description.ts";

/** Longest description; a longer one is refused. */
export const MAX_SDP_BYTES = 65_536;
/** Longest line of a description. */
export const MAX_SDP_LINE_BYTES = 16_384;
/** Most media sections of a description. */
export const MAX_SDP_MEDIA = 64;
/** Most `a=` lines of a description. */
export const MAX_SDP_ATTRIBUTES = 1_024;

/** What an RTSP peer says about a stream. Spec: RFC 8866. */
export interface SessionDescription {
  /** Text of `s=`; empty if there was none. */
  readonly sessionName: string;
  /** Address of `c=` without time to live; undefined if there was none. */
  readonly connectionAddress: string | undefined;
  /** Session-level `a=control`: URL of the whole presentation. */
  readonly control: string | undefined;
  /** Session-level `a=key-mgmt`: protocol and data, for every media section without its own. */
  readonly keyMgmt: string | undefined;
  /** Other session-level attributes, in order. */
  readonly attributes: readonly SdpAttribute[];
  readonly media: readonly MediaDescription[];
}

/**
 * Parses a session description.
 *
 * Input: text, or its bytes, owned.
 * Limits: {@linkcode MAX_SDP_BYTES}, {@linkcode MAX_SDP_LINE_BYTES}, {@linkcode MAX_SDP_MEDIA},
 * {@linkcode MAX_SDP_ATTRIBUTES}.
 * Spec: RFC 8866 §5, §6, RFC 2326 §C.
 * Deviates: lines may come in any order, be missing, unknown or doubled (the first one counts), end with LF or
 * CR alone, and have spaces at both ends; text ends at the first zero byte, as some cameras send one.
 *
 * @throws {ParseError} if an `m=` line cannot be read, or a limit is passed. Its field has the line's number.
 */
export function parseSessionDescription(
  text: Uint8Array | string,
): SessionDescription {
  const bytes = typeof text === "string"
    ? new TextEncoder().encode(text)
    : text;
  if (bytes.length > MAX_SDP_BYTES) {
    throw new ParseError(
      `has ${bytes.length} bytes, allowed are ${MAX_SDP_BYTES}`,
      { format: "SDP", field: "length", offsetBytes: MAX_SDP_BYTES },
    );
  }
  const lines = new LineReader(untilZeroByte(bytes), {
    format: "SDP",
    maxLineBytes: MAX_SDP_LINE_BYTES,
  });
  let sessionName: string | undefined;
  let connectionAddress: string | undefined;
  let control: string | undefined;
  let keyMgmt: string | undefined;
  const attributes: SdpAttribute[] = [];
  const media: MediaDraft[] = [];
  let attributeCount = 0;
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    const value = line.slice(2).trim();
    const section = media.at(-1);
    switch (line.slice(0, 2)) {
      case "s=":
        sessionName ??= value;
        break;
      case "c=":
        if (section === undefined) connectionAddress ??= addressOf(value);
        break;
      case "m=":
        if (media.length === MAX_SDP_MEDIA) {
          throw lines.error(`is over the limit of ${MAX_SDP_MEDIA}`, "m=");
        }
        media.push(parseMediaLine(value, lines));
        break;
      case "a=": {
        if (++attributeCount > MAX_SDP_ATTRIBUTES) {
          throw lines.error(`is over the limit of ${MAX_SDP_ATTRIBUTES}`, "a=");
        }
        const attribute = parseAttribute(value);
        if (section !== undefined) {
          addMediaAttribute(section, attribute);
        } else if (attribute.name === "control") {
          control ??= attribute.value;
        } else if (attribute.name === "key-mgmt") {
          keyMgmt ??= attribute.value;
        } else {
          attributes.push(attribute);
        }
      }
    }
  }
  sessionName ??= "";
  return {
    sessionName,
    connectionAddress,
    control,
    keyMgmt,
    attributes,
    media,
  };
}

function untilZeroByte(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

/** `"IN IP4 224.1.0.0/127"` is `"224.1.0.0"`. Spec: RFC 8866 §5.7. */
function addressOf(connection: string): string | undefined {
  const address = connection.split(/\s+/)[2];
  return address?.split("/")[0];
}

/** Names are compared in lower case; they are registered like that. */
function parseAttribute(text: string): SdpAttribute {
  const colon = text.indexOf(":");
  if (colon < 0) return { name: text.toLowerCase(), value: "" };
  return {
    name: text.slice(0, colon).trim().toLowerCase(),
    value: text.slice(colon + 1).trim(),
  };
}
