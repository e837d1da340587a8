import { ParseError } from "#base/errors.ts";
import { MAX_MIKEY_BYTES, type MikeyMessage } from "./mikey_message.ts";
import { parseMikey } from "./parse_mikey.ts";
import { serializeMikey } from "./serialize_mikey.ts";

const PREFIX = "mikey ";

const MAX_BASE64_CHARS = Math.ceil(MAX_MIKEY_BYTES / 3) * 4;

/**
 * Parses the value of `a=key-mgmt`: `"mikey <base64>"`.
 *
 * Output: undefined if another protocol is meant.
 * Spec: RFC 4567 §3.1.
 *
 * @throws {ParseError} if the message cannot be read.
 */
export function parseSdpKeyMgmt(value: string): MikeyMessage | undefined {
  if (!value.toLowerCase().startsWith(PREFIX)) return undefined;
  return parseMikeyBase64(value.slice(PREFIX.length));
}

/** Writes the value of `a=key-mgmt`. Spec: RFC 4567 §3.1. */
export function serializeSdpKeyMgmt(message: MikeyMessage): string {
  return PREFIX + serializeMikeyBase64(message);
}

/**
 * Parses a message in base64.
 *
 * @throws {ParseError} if it is no base64, or what {@linkcode parseMikey} throws.
 */
export function parseMikeyBase64(text: string): MikeyMessage {
  const context = { format: "MIKEY message", field: "base64", offsetBytes: 0 };
  if (text.length > MAX_BASE64_CHARS) {
    throw new ParseError(
      `has ${text.length} characters, allowed are ${MAX_BASE64_CHARS}`,
      context,
    );
  }
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.fromBase64(text);
  } catch (cause) {
    throw new ParseError("must be base64", context, { cause });
  }
  return parseMikey(bytes);
}

/** Writes a message in base64. */
export function serializeMikeyBase64(message: MikeyMessage): string {
  return serializeMikey(message).toBase64();
}
