import type { TimedSample } from "#formats/fmp4/sample_timer.ts";

/** A sample of so many bytes, the first of which is `fill`. */
export function timedSample(
  decodeTicks: number,
  options: {
    readonly trackId?: number;
    readonly durationTicks?: number;
    readonly compositionOffsetTicks?: number;
    readonly isSync?: boolean;
    readonly bytes?: Uint8Array;
  } = {},
): TimedSample {
  const { trackId = 1, durationTicks = 40, isSync = true } = options;
  const { compositionOffsetTicks = 0, bytes = Uint8Array.of(1, 2) } = options;
  const sample = {
    trackId,
    dtsTicks: decodeTicks,
    ptsTicks: decodeTicks + compositionOffsetTicks,
    durationTicks,
    wallClockMs: 0,
    isSync,
    bytes,
  };
  return { sample, decodeTicks, durationTicks, compositionOffsetTicks };
}
