import { ParseError } from "#base/errors.ts";
import type { CodecParameters } from "#codecs/codec.ts";
import {
  type FlvFrame,
  type FlvPayload,
  MAX_FLV_BODY_BYTES,
} from "./flv_codec.ts";

/** Audio frames that are taken from one tag. */
const MAX_FRAMES_PER_TAG = 256;

/**
 * One body for each part of a unit; empty and too large parts are left out.
 *
 * Hot path. `ticksOf`: how long a part lasts; asked only if another one follows.
 */
export function partFrames<P extends CodecParameters>(
  parts: readonly Uint8Array[],
  parameters: P,
  headBytes: number,
  ticksOf: (part: Uint8Array, parameters: P) => number,
): FlvFrame[] {
  const frames: FlvFrame[] = [];
  let offsetTicks = 0;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    if (part.length > 0 && part.length <= MAX_FLV_BODY_BYTES - headBytes) {
      const body = new Uint8Array(headBytes + part.length);
      body.set(part, headBytes);
      frames.push({ body, offsetTicks });
    }
    if (i + 1 < parts.length) offsetTicks += ticksOf(part, parameters);
  }
  return frames;
}

/** A payload that is one frame at which a decoder may start; undefined if it is empty. Hot path. */
export function wholePayload(
  payload: Uint8Array,
  parameters: CodecParameters | undefined,
): FlvPayload | undefined {
  if (payload.length === 0) return undefined;
  return { parts: [payload], isRandomAccess: true, parameters };
}

/**
 * Takes apart a payload of audio frames that tell their own size; the last one may be cut.
 *
 * Hot path. `sizeOf`: bytes of the frame that begins at an offset; 0 if none begins there.
 * Limits: 256 frames.
 *
 * @throws {ParseError} if something else stands where a frame must begin, or there are too many.
 */
export function splitFrames(
  payload: Uint8Array,
  format: string,
  sizeOf: (payload: Uint8Array, at: number) => number,
): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < payload.length;) {
    const sizeBytes = sizeOf(payload, at);
    if (sizeBytes === 0 || frames.length === MAX_FRAMES_PER_TAG) {
      throw new ParseError("must begin a frame that is within the limit", {
        format,
        field: `frames[${frames.length}]`,
        offsetBytes: at,
      });
    }
    const endBytes = Math.min(at + sizeBytes, payload.length);
    frames.push(payload.subarray(at, endBytes));
    at = endBytes;
  }
  return frames;
}
