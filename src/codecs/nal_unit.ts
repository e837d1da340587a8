import { ParseError } from "#base/errors.ts";

/** Most bytes of one access unit that are taken from a peer. */
export const MAX_ACCESS_UNIT_BYTES = 16 * 1024 * 1024;

/** Most NAL units of one access unit that are taken from a peer. */
export const MAX_NALS_PER_UNIT = 1_024;

/**
 * Splits a sample of length-prefixed NAL units, as MP4 and FLV hold them; empty NAL units are left out.
 *
 * Hot path. Input: one whole sample, owned. Output: views of it.
 * Limits: {@linkcode MAX_NALS_PER_UNIT}.
 * Spec: ISO/IEC 14496-15 §5.3.4.2.
 *
 * @throws {ParseError} if a NAL unit runs past the end, or there are too many.
 */
export function splitLengthPrefixed(
  bytes: Uint8Array,
  nalLengthSizeBytes: number,
): Uint8Array[] {
  const nals: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const startBytes = at + nalLengthSizeBytes;
    if (startBytes > bytes.length) {
      throw sampleError(`is cut, ${bytes.length - at} bytes left`, nals, at);
    }
    let lengthBytes = 0;
    while (at < startBytes) lengthBytes = lengthBytes * 256 + bytes[at++]!;
    if (lengthBytes > bytes.length - startBytes) {
      const leftBytes = bytes.length - startBytes;
      throw sampleError(
        `needs ${lengthBytes} bytes, ${leftBytes} left`,
        nals,
        at,
      );
    }
    at = startBytes + lengthBytes;
    if (lengthBytes === 0) continue;
    if (nals.length === MAX_NALS_PER_UNIT) {
      throw sampleError(`is over the limit`, nals, startBytes);
    }
    nals.push(bytes.subarray(startBytes, at));
  }
  return nals;
}

function sampleError(
  reason: string,
  nals: readonly Uint8Array[],
  offsetBytes: number,
): ParseError {
  const field = `nals[${nals.length}]`;
  return new ParseError(reason, { format: "NAL sample", field, offsetBytes });
}

/**
 * Undoes the emulation prevention at the start of a NAL unit.
 *
 * Input: a NAL unit, header included, and how many bytes of the result are needed at most.
 * Output: a view if nothing had to be removed.
 * Spec: ITU-T H.264 §7.4.1, H.265 §7.4.2.
 */
export function removeEmulationPrevention(
  nal: Uint8Array,
  maxBytes: number,
): Uint8Array {
  const first = nextEmulationPrevention(nal, 0);
  if (first < 0 || first >= maxBytes) {
    return nal.length > maxBytes ? nal.subarray(0, maxBytes) : nal;
  }
  const output = new Uint8Array(Math.min(nal.length, maxBytes));
  let lengthBytes = 0;
  let from = 0;
  let until = first;
  while (lengthBytes < output.length && from < nal.length) {
    const restBytes = output.length - lengthBytes;
    const run = nal.subarray(from, Math.min(until, from + restBytes));
    output.set(run, lengthBytes);
    lengthBytes += run.length;
    from = until + 1;
    const next = nextEmulationPrevention(nal, from);
    until = next < 0 ? nal.length : next;
  }
  return output.subarray(0, lengthBytes);
}

/** Offset of the next byte 3 behind two zero bytes that do not begin before `fromBytes`; -1 if there is none. */
function nextEmulationPrevention(nal: Uint8Array, fromBytes: number): number {
  let at = nal.indexOf(3, fromBytes + 2);
  while (at >= 0 && (nal[at - 1] !== 0 || nal[at - 2] !== 0)) {
    at = nal.indexOf(3, at + 1);
  }
  return at;
}
