import type { Clock } from "#base/clock.ts";
import type { Logger } from "#base/log.ts";
import type { Publication } from "#core/publication.ts";
import type { SessionInfo } from "#core/session_info.ts";
import type { Track } from "#core/track.ts";

/** Keys of a path that say how its source is pulled. */
export interface PullSettings {
  /** SHA-256 of the origin's certificate in hexadecimal; empty if authorities vouch for it. */
  readonly sourceFingerprint: string;
  readonly useAbsoluteTimestamp: boolean;
  readonly rtspTransport: "automatic" | "udp" | "multicast" | "tcp";
  readonly rtspAnyPort: boolean;
  readonly rtspRangeType: "" | "clock" | "npt" | "smpte";
  readonly rtspRangeStart: string;
  readonly rtspScale: string;
  /** First and last local port. */
  readonly rtspUDPSourcePortRange: readonly number[];
  /** In place of `udpReadBufferSize`, unless 0. */
  readonly rtspUDPReadBufferSize: number;
  /** Files begin again behind their end. */
  readonly fileLoop: boolean;
}

/** Keys of the server that hold for every source. */
export interface PullLimits {
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
  /** Bytes of a UDP receive buffer; 0 for the system's choice. */
  readonly udpReadBufferSize: number;
}

/** What a source counts while it runs. */
export interface PullCounters {
  /** Media bytes received. */
  inboundBytes: number;
  /** RTP packets received. */
  receivedPackets: number;
  /** RTP packets that did not arrive. */
  lostPackets: number;
  /** RTP packets that could not be used. */
  damagedPackets: number;
}

/** One attempt to pull a stream. */
export interface PullRequest {
  /** Address with all variables replaced. */
  readonly url: string;
  readonly pathName: string;
  readonly settings: PullSettings;
  readonly limits: PullLimits;
  readonly clock: Clock;
  /** Has the prefix of the source. */
  readonly logger: Logger;
  readonly counters: PullCounters;
  /** Attaches the stream to the path, which is ready then; once an attempt. */
  attach(tracks: readonly Track[]): Publication;
  /** Aborts when the source is not wanted any more. */
  readonly signal: AbortSignal;
}

/** Pulls streams of some kinds of URL: what a protocol is for the paths that have a source of their own. */
export interface PullSource {
  /** Stands before its lines, e.g. `"RTSP source"`. */
  readonly label: string;
  /** Kind of source as the API names it. */
  readonly type: SessionInfo["type"];
  /** Schemes of its URLs, e.g. `["rtsp", "rtsps"]`. */
  readonly schemes: readonly string[];
  /**
   * Pulls until the origin ends the stream.
   *
   * Everything is closed and the publication has ended when it settles.
   *
   * @throws {Error} what failed, where and what to do, or the signal's reason.
   */
  pull(request: PullRequest): Promise<void>;
}
