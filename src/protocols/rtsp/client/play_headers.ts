import { parseGoDuration } from "#base/go_duration.ts";
import type { PullSettings } from "#sources/pull_source.ts";

/** Start on the wall clock. Spec: RFC 2326 §3.7. */
const UTC = /^\d{8}T\d{6}(?:\.\d+)?Z$/;

/** What of the settings is about PLAY. */
type PlaySettings = Pick<
  PullSettings,
  "rtspRangeType" | "rtspRangeStart" | "rtspScale"
>;

/**
 * Headers of PLAY: where to start and how fast.
 *
 * Spec: RFC 2326 §12.29, §12.34.
 *
 * @throws {RangeError} if the start is not of its type; the message names the key.
 */
export function playHeaders(settings: PlaySettings): Record<string, string> {
  const headers: Record<string, string> = {};
  const range = rangeHeader(settings);
  if (range !== undefined) headers["Range"] = range;
  if (settings.rtspScale !== "") headers["Scale"] = settings.rtspScale;
  return headers;
}

function rangeHeader(
  { rtspRangeType: type, rtspRangeStart: start }: PlaySettings,
): string | undefined {
  switch (type) {
    case "":
      return undefined;
    case "clock":
      if (!UTC.test(start)) {
        throw startError(start, "a time such as 20230812T120000Z");
      }
      return `clock=${start}-`;
    case "npt":
      return `npt=${secondsOf(start)}-`;
    case "smpte":
      return `smpte=${clockText(secondsOf(start))}-`;
  }
}

function secondsOf(start: string): number {
  try {
    return parseGoDuration(start) / 1_000;
  } catch {
    throw startError(start, "a duration such as 1m30s");
  }
}

function clockText(seconds: number): string {
  const whole = Math.floor(seconds);
  return [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}

function startError(found: string, wanted: string): RangeError {
  return new RangeError(
    `Cannot use config key rtspRangeStart: found "${found}", wanted ${wanted}`,
  );
}
