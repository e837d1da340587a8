import { MAX_NALS_PER_UNIT } from "./nal_unit.ts";
import { findStartCode } from "./start_code.ts";

/** Prefix of a NAL unit: 00 00 01. */
const PREFIX_BYTES = 3;

/**
 * Splits a byte stream of NAL units, as MPEG-TS holds them; zero bytes behind a NAL unit are left out.
 *
 * Hot path. Input: owned; what stands before the first start code is passed over. Output: views of it, none empty.
 * Undefined if there are more than {@linkcode MAX_NALS_PER_UNIT}.
 * Spec: ITU-T H.264 annex B, H.265 annex B.
 */
export function splitAnnexB(bytes: Uint8Array): Uint8Array[] | undefined {
  const nals: Uint8Array[] = [];
  let at = findStartCode(bytes, 0);
  while (at >= 0) {
    const startBytes = at + PREFIX_BYTES;
    at = findStartCode(bytes, startBytes);
    let endBytes = at < 0 ? bytes.length : at;
    while (endBytes > startBytes && bytes[endBytes - 1] === 0) endBytes--;
    if (endBytes === startBytes) continue;
    if (nals.length === MAX_NALS_PER_UNIT) return undefined;
    nals.push(bytes.subarray(startBytes, endBytes));
  }
  return nals;
}
