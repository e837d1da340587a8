/** Clock of RTP video and MPEG-TS timestamps, in ticks per second. */
export const VIDEO_CLOCK_RATE_HZ = 90_000;

/** Seconds from the NTP epoch (1900) to the Unix epoch (1970). Spec: RFC 868. */
export const NTP_TO_UNIX_SECONDS = 2_208_988_800;

/**
 * Converts a timestamp between clock rates, rounding to the nearest tick.
 *
 * Whole seconds and the remainder are scaled apart, so the product stays a
 * safe integer for centuries of stream time.
 */
export function rescaleTicks(
  ticks: number,
  fromHz: number,
  toHz: number,
): number {
  if (fromHz === toHz) return ticks;
  const wholeSeconds = Math.floor(ticks / fromHz);
  const restTicks = ticks - wholeSeconds * fromHz;
  return wholeSeconds * toHz + Math.round((restTicks * toHz) / fromHz);
}
