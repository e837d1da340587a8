import { assert } from "#base/errors.ts";

/** First byte of a frame: `$`. */
export const INTERLEAVED_MAGIC = 0x24;
/** Bytes in front of a packet: `$`, channel, length. */
export const INTERLEAVED_HEADER_BYTES = 4;
/** Bytes of a packet: what the length field can say. */
export const MAX_INTERLEAVED_PACKET_BYTES = 0xffff;

/** Exact size of the frames of these packets. */
export function interleavedFramesSizeBytes(
  packets: readonly Uint8Array[],
): number {
  let sizeBytes = packets.length * INTERLEAVED_HEADER_BYTES;
  for (const packet of packets) sizeBytes += packet.length;
  return sizeBytes;
}

/**
 * Writes the frames of `packets` for one channel into `target` at `offsetBytes`; answers the offset behind them.
 *
 * Hot path: one copy of each packet, no allocation.
 * Input: packets of at most {@linkcode MAX_INTERLEAVED_PACKET_BYTES}; `target` has room
 * for {@linkcode interleavedFramesSizeBytes}.
 * Spec: RFC 2326 §10.12.
 */
export function writeInterleavedFrames(
  packets: readonly Uint8Array[],
  channel: number,
  target: Uint8Array,
  offsetBytes: number,
): number {
  let at = offsetBytes;
  for (const packet of packets) {
    assert(
      packet.length <= MAX_INTERLEAVED_PACKET_BYTES,
      "an interleaved packet fits its length field",
    );
    target[at] = INTERLEAVED_MAGIC;
    target[at + 1] = channel;
    target[at + 2] = packet.length >>> 8;
    target[at + 3] = packet.length;
    target.set(packet, at + INTERLEAVED_HEADER_BYTES);
    at += INTERLEAVED_HEADER_BYTES + packet.length;
  }
  return at;
}

/**
 * The frames of `packets` for one channel as one buffer, the same bytes for every reader with this channel.
 *
 * Hot path: one allocation. Output: owned. Spec: RFC 2326 §10.12.
 */
export function serializeInterleavedFrames(
  packets: readonly Uint8Array[],
  channel: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(interleavedFramesSizeBytes(packets));
  writeInterleavedFrames(packets, channel, bytes, 0);
  return bytes;
}
