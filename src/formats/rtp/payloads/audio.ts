import { ParseError } from "#base/errors.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";

/** What every audio unit is: a decoder may start there, nothing new is known. */
export const AUDIO_UNIT_SUMMARY: {
  readonly isRandomAccess: true;
  readonly parameters: undefined;
} = Object.freeze({ isRandomAccess: true, parameters: undefined });

/** An error about one field of a description, for the caller to throw. */
export function descriptionError(
  description: RtpFormatDescription,
  field: string,
  reason: string,
): ParseError {
  return new ParseError(reason, {
    format: `${description.encodingName} format description`,
    field,
    offsetBytes: 0,
  });
}

/** Fastest sampling that is carried. */
const MAX_SAMPLE_RATE_HZ = 192_000;

/**
 * Sampling frequency of a format whose clock counts samples: 1 to 192,000 Hz.
 *
 * @throws {ParseError} if the clock rate is none.
 */
export function sampleRateOf(description: RtpFormatDescription): number {
  const { clockRateHz } = description;
  if (clockRateHz >= 1 && clockRateHz <= MAX_SAMPLE_RATE_HZ) return clockRateHz;
  throw descriptionError(
    description,
    "clock rate",
    `must be 1 to ${MAX_SAMPLE_RATE_HZ}, found ${clockRateHz}`,
  );
}

/**
 * Number of channels: 1 to `max`, and 1 if nothing is said.
 *
 * @throws {ParseError} if it is another.
 */
export function channelCountOf(
  description: RtpFormatDescription,
  max: number,
): number {
  const { channelCount = 1 } = description;
  if (channelCount >= 1 && channelCount <= max) return channelCount;
  throw descriptionError(
    description,
    "channels",
    `must be 1 to ${max}, found ${channelCount}`,
  );
}

/**
 * Reads a whole number of the fmtp line.
 *
 * Output: 0 to `max`; undefined if it is not there.
 *
 * @throws {ParseError} if it is no such number.
 */
export function fmtpInteger(
  description: RtpFormatDescription,
  name: string,
  max: number,
): number | undefined {
  const text = description.fmtp.get(name);
  if (text === undefined) return undefined;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Infinity;
  if (value <= max) return value;
  throw descriptionError(
    description,
    name,
    `must be 0 to ${max}, found "${text}"`,
  );
}

/**
 * Reads bytes in hexadecimal of the fmtp line.
 *
 * Output: owned; undefined if they are not there.
 *
 * @throws {ParseError} if they are garbled, or over `maxBytes`.
 */
export function fmtpHex(
  description: RtpFormatDescription,
  name: string,
  maxBytes: number,
): Uint8Array | undefined {
  const text = description.fmtp.get(name);
  if (!text) return undefined;
  if (text.length > 2 * maxBytes) {
    throw descriptionError(
      description,
      name,
      `must be at most ${maxBytes} bytes, found ${text.length} digits`,
    );
  }
  try {
    return Uint8Array.fromHex(text);
  } catch (cause) {
    throw new ParseError("must be hexadecimal bytes", {
      format: `${description.encodingName} format description`,
      field: name,
      offsetBytes: 0,
    }, { cause });
  }
}
