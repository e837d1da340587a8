/** Clock of Opus timestamps, whatever the coded bandwidth. Spec: RFC 7587 §4.1. */
export const OPUS_CLOCK_RATE_HZ = 48_000;

/** Longest packet: 120 ms. Spec: RFC 6716 §3.2.5. */
export const MAX_OPUS_PACKET_TICKS = 5_760;

/** Channels of a stream or multistream. Spec: RFC 7845 §5.1.1.2. */
export const MAX_OPUS_CHANNEL_COUNT = 8;

/** Frame duration in ticks by `config` of the TOC byte: SILK, hybrid, CELT. Spec: RFC 6716 §3.1, table 2. */
const SILK_FRAME_TICKS = [480, 960, 1_920, 2_880];
const HYBRID_FRAME_TICKS = [480, 960];
const CELT_FRAME_TICKS = [120, 240, 480, 960];
const FRAME_TICKS = Uint16Array.from([
  ...SILK_FRAME_TICKS,
  ...SILK_FRAME_TICKS,
  ...SILK_FRAME_TICKS,
  ...HYBRID_FRAME_TICKS,
  ...HYBRID_FRAME_TICKS,
  ...CELT_FRAME_TICKS,
  ...CELT_FRAME_TICKS,
  ...CELT_FRAME_TICKS,
  ...CELT_FRAME_TICKS,
]);

const CODE_ONE_FRAME = 0;
const CODE_COUNTED_FRAMES = 3;

/**
 * Duration of an Opus packet in ticks of 48 kHz, from its TOC byte and frame count.
 *
 * Hot path. Also right for a multistream packet: all its streams last equally long.
 * Output: 120 to 5,760; undefined if the packet is cut, has no frame or is over 120 ms.
 * Spec: RFC 6716 §3.1, §3.2.
 */
export function opusPacketTicks(packet: Uint8Array): number | undefined {
  if (packet.length === 0) return undefined;
  const toc = packet[0]!;
  const code = toc & 0b11;
  let frameCount = code === CODE_ONE_FRAME ? 1 : 2;
  if (code === CODE_COUNTED_FRAMES) {
    if (packet.length < 2) return undefined;
    frameCount = packet[1]! & 0b11_1111;
  }
  const ticks = FRAME_TICKS[toc >>> 3]! * frameCount;
  return ticks > 0 && ticks <= MAX_OPUS_PACKET_TICKS ? ticks : undefined;
}

/**
 * Channels that a packet of a single stream codes: the `s` bit of its TOC byte.
 *
 * Input: at least one byte.
 * Spec: RFC 6716 §3.1.
 */
export function opusPacketChannelCount(packet: Uint8Array): 1 | 2 {
  return (packet[0]! & 0b100) === 0 ? 1 : 2;
}
