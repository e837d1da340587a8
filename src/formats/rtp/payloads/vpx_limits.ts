import type { VpxLimits } from "#codecs/codec.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { fmtpInteger } from "./audio.ts";

/** Far above what a decoder can have. */
const MAX_FRAME_RATE = 1_000_000;
const MAX_FRAME_SIZE = 100_000_000;

/**
 * Reads `max-fr` and `max-fs`.
 *
 * Spec: RFC 7741 §6.1, RFC 9628 §7.1.
 *
 * @throws {ParseError} if one is no number, or far too high.
 */
export function parseVpxLimits(description: RtpFormatDescription): VpxLimits {
  const maxFrameRate = fmtpInteger(description, "max-fr", MAX_FRAME_RATE);
  const maxFrameSize = fmtpInteger(description, "max-fs", MAX_FRAME_SIZE);
  return {
    ...(maxFrameRate === undefined ? {} : { maxFrameRate }),
    ...(maxFrameSize === undefined ? {} : { maxFrameSize }),
  };
}

/** Parameters of the fmtp line that say `limits`. */
export function describeVpxLimits(limits: VpxLimits): Map<string, string> {
  const { maxFrameRate, maxFrameSize } = limits;
  const fmtp = new Map<string, string>();
  if (maxFrameRate !== undefined) fmtp.set("max-fr", `${maxFrameRate}`);
  if (maxFrameSize !== undefined) fmtp.set("max-fs", `${maxFrameSize}`);
  return fmtp;
}
