import type { MediaDescription } from "./media_description.ts";
import type { SessionDescription } from "./session_description.ts";

/**
 * Writes a session description, lines ended by CR LF.
 *
 * Input: texts without line ends, as {@linkcode parseSessionDescription} gives them.
 * Spec: RFC 8866 §5.
 */
export function serializeSessionDescription(
  description: SessionDescription,
): string {
  const lines = [
    "v=0",
    "o=- 0 0 IN IP4 127.0.0.1",
    `s=${description.sessionName || " "}`,
  ];
  const { connectionAddress, control, keyMgmt } = description;
  if (connectionAddress !== undefined) {
    const family = connectionAddress.includes(":") ? "IP6" : "IP4";
    lines.push(`c=IN ${family} ${connectionAddress}`);
  }
  lines.push("t=0 0");
  pushAttribute(lines, "control", control);
  pushAttribute(lines, "key-mgmt", keyMgmt);
  for (const { name, value } of description.attributes) {
    pushAttribute(lines, name, value);
  }
  for (const media of description.media) pushMedia(lines, media);
  return lines.join("\r\n") + "\r\n";
}

function pushMedia(lines: string[], media: MediaDescription): void {
  const { mediaType, port, protocol, payloadTypes } = media;
  lines.push(["m=" + mediaType, port, protocol, ...payloadTypes].join(" "));
  pushAttribute(lines, "control", media.control);
  pushAttribute(lines, "key-mgmt", media.keyMgmt);
  if (media.direction !== undefined) lines.push(`a=${media.direction}`);
  for (const payloadType of payloadTypes) {
    pushFormatText(lines, "rtpmap", payloadType, media.rtpMaps);
    pushFormatText(lines, "fmtp", payloadType, media.fmtps);
  }
  for (const { name, value } of media.attributes) {
    pushAttribute(lines, name, value);
  }
}

/** Undefined writes nothing, an empty value a flag. */
function pushAttribute(
  lines: string[],
  name: string,
  value: string | undefined,
): void {
  if (value !== undefined) {
    lines.push(value ? `a=${name}:${value}` : `a=${name}`);
  }
}

/** Nothing for a format without the text, or with an empty one. */
function pushFormatText(
  lines: string[],
  name: string,
  payloadType: number,
  texts: ReadonlyMap<number, string>,
): void {
  const text = texts.get(payloadType);
  if (text) lines.push(`a=${name}:${payloadType} ${text}`);
}
