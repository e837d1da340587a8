import type { Clock } from "#base/clock.ts";
import type { Batch } from "#core/batch.ts";
import type { Track } from "#core/track.ts";
import type { RtspStreamEncoder } from "./stream_encoder.ts";
import { serializeClockRange } from "./wire/headers/range.ts";
import {
  type RtpInfoEntry,
  serializeRtpInfo,
} from "./wire/headers/rtp_info.ts";

/** What a reader is going to be sent. */
export interface PlayedMedia {
  readonly encoder: RtspStreamEncoder;
  readonly tracks: readonly Track[];
  /** URL of the PLAY request. */
  readonly url: string;
  readonly clock: Clock;
  /** It flows for others: the reader begins behind the batch that is told. */
  readonly isRunning?: boolean;
}

/**
 * Headers of the answer to PLAY.
 *
 * Who asks for a wall clock in `range` is told that of the first picture: the stream is live, whatever was asked for.
 * Input: `first` is the batch with which the reader begins, if it is there already.
 */
export function playAnswerHeaders(
  media: PlayedMedia,
  first: Batch | undefined,
  range: string | undefined,
): Record<string, string> {
  const headers = first === undefined ? {} : rtpInfoHeaders(media, first);
  if (range !== undefined && /^\s*clock\s*=/i.test(range)) {
    const startMs = first?.units[0]?.wallClockMs ?? media.clock.wallMs();
    headers["Range"] = serializeClockRange(startMs);
  }
  return headers;
}

/** Where the tracks begin. Spec: RFC 2326 §12.33. */
function rtpInfoHeaders(
  { encoder, tracks, url, isRunning = false }: PlayedMedia,
  first: Batch,
): Record<string, string> {
  const base = url.replace(/\/$/, "");
  const startMs = startMsOf(first, isRunning);
  const begin = isRunning ? undefined : first;
  const entries: RtpInfoEntry[] = [];
  for (const track of tracks) {
    const sequenceNumber = encoder.startNumber(track, begin) & 0xffff;
    const ticks = Math.round(startMs * track.clockRateHz / 1_000);
    entries.push({
      url: `${base}/trackID=${track.id}`,
      sequenceNumber,
      timestampTicks: encoder.track(track).rtpTimestamp(ticks),
    });
  }
  return { "RTP-Info": serializeRtpInfo(entries) };
}

/** Stream time at which a batch begins, or before which nothing behind it is shown. */
function startMsOf({ units, tracks }: Batch, isRunning: boolean): number {
  const unit = units[0]!;
  const track = tracks.find((one) => one.id === unit.trackId);
  const ticks = isRunning ? unit.dtsTicks : unit.ptsTicks;
  return track ? ticks * 1_000 / track.clockRateHz : 0;
}
