import type { CodecParameters } from "./codec.ts";
import { parseH264Sps } from "./h264/sps.ts";
import { parseH265Sps } from "./h265/sps.ts";
import { VIDEO_CLOCK_RATE_HZ } from "#base/time.ts";

/** What parameter sets say of the order in which pictures are shown. */
export interface PictureTiming {
  /** Pictures that may be decoded before and shown after another one; undefined if nothing says so. */
  readonly reorderDepth: number | undefined;
  /** Duration of a picture in 90 kHz ticks; undefined if nothing says so. */
  readonly frameDurationTicks: number | undefined;
}

/**
 * Timing of a video track that reorders pictures; undefined for every other codec.
 *
 * @throws {ParseError} if the parameter set is broken.
 */
export function pictureTiming(
  parameters: CodecParameters,
): PictureTiming | undefined {
  if (parameters.codec !== "h264" && parameters.codec !== "h265") {
    return undefined;
  }
  const sps = parameters.sps[0];
  if (sps === undefined) {
    return { reorderDepth: undefined, frameDurationTicks: undefined };
  }
  const { maxNumReorderFrames, frameRateHz } = parameters.codec === "h264"
    ? parseH264Sps(sps)
    : parseH265Sps(sps);
  return {
    reorderDepth: maxNumReorderFrames,
    frameDurationTicks: frameRateHz === undefined
      ? undefined
      : Math.round(VIDEO_CLOCK_RATE_HZ / frameRateHz),
  };
}
