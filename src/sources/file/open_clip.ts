import { TS_PACKET_BYTES, TS_SYNC_BYTE } from "#formats/mpegts/ts_packet.ts";
import type { RandomAccessInput } from "#formats/mp4/random_access_input.ts";
import { type Clip, ClipError } from "./clip.ts";
import { openMp4Clip } from "./mp4_clip.ts";
import { ARRIVAL_TIME_BYTES, openMpegTsClip } from "./mpegts_clip.ts";

/** Types of the boxes that MP4 files begin with. */
const FIRST_BOXES = ["ftyp", "styp", "moov", "mdat", "free", "skip", "wide"];

/** Bytes that tell what a file is. */
const HEAD_BYTES = TS_PACKET_BYTES + 2 * ARRIVAL_TIME_BYTES + 1;

/**
 * Finds out what a file is and reads its header.
 *
 * `warn` is told what of it is left out.
 *
 * @throws {Error} of `isClipFault` if it is nothing that can be played.
 */
export async function openClip(
  input: RandomAccessInput,
  warn: (message: string) => void,
): Promise<Clip> {
  const head = await input.readAt(0, Math.min(HEAD_BYTES, input.sizeBytes));
  for (const prefixBytes of [0, ARRIVAL_TIME_BYTES]) {
    const next = head[2 * prefixBytes + TS_PACKET_BYTES];
    if (head[prefixBytes] === TS_SYNC_BYTE && next === TS_SYNC_BYTE) {
      return await openMpegTsClip(input, warn, prefixBytes);
    }
  }
  const type = String.fromCharCode(...head.subarray(4, 8));
  if (FIRST_BOXES.includes(type)) return await openMp4Clip(input, warn);
  throw new ClipError("it is neither MP4 nor MPEG-TS");
}
