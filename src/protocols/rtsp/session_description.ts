import { codecLabel } from "#codecs/codec.ts";
import type { Grant } from "#core/ports.ts";
import type { SessionInfo } from "#core/session_info.ts";
import type { RtspConnection } from "./connection.ts";
import { type MediaCounts, sumOfCounts } from "./media_counts.ts";
import type { Player } from "./player.ts";
import type { ReaderReports } from "./reader_reports.ts";
import type { RecordSession } from "./record_session.ts";
import type { TrackTransport } from "./track_transport.ts";
import type { StreamTarget } from "./wire/rtsp_url.ts";

/** What a session is described by. */
export interface SessionParts {
  readonly id: string;
  readonly createdAtMs: number;
  /** The one of its latest request. */
  readonly connection: RtspConnection;
  /** All that control it. */
  readonly connections: Iterable<RtspConnection>;
  readonly target: StreamTarget;
  readonly grant: Grant | undefined;
  readonly transports: ReadonlyMap<number, TrackTransport>;
  /** Without those of the media that flows. */
  readonly counts: MediaCounts;
  readonly reports: ReaderReports | undefined;
  readonly player: Player | undefined;
  readonly recorder: RecordSession | undefined;
}

/** A session, for lists and events. */
export function describeSession(parts: SessionParts): SessionInfo {
  const { connection, target, transports, reports, player, recorder } = parts;
  const { inboundBytes, outboundBytes, ...counts } = sumOfCounts(
    parts.counts,
    player?.counts(),
    recorder?.counts(),
    reports && {
      inboundRTCPPackets: reports.receivedPackets,
      outboundRTPPacketsReportedLost: reports.lostPackets,
    },
  );
  const [first] = transports.values();
  return {
    id: parts.id,
    type: `${connection.context.protocol}Session`,
    createdAtMs: parts.createdAtMs,
    remoteAddress: connection.remoteAddress,
    state: recorder ? "publish" : player ? "read" : "idle",
    pathName: target.pathName,
    query: target.query,
    user: parts.grant?.user ?? "",
    userAgent: connection.userAgent,
    inboundBytes,
    outboundBytes,
    droppedUnits: player?.droppedUnits ?? 0,
    lostPackets: counts.inboundRTPPacketsLost,
    details: {
      // All tracks of a session have the same.
      transport: first?.label ?? null,
      profile: first ? first.srtp ? "SAVP" : "AVP" : null,
      conns: Array.from(parts.connections, ({ id }) => id),
      ...counts,
      inboundRTPPacketsJitter: recorder?.jitterTicks ?? 0,
    },
  };
}

/** The line about a reader that tools look for. */
export function readingLine(
  { tracks }: Player,
  { pathName }: StreamTarget,
  transports: ReadonlyMap<number, TrackTransport>,
): string {
  const [first] = transports.values();
  const labels = tracks.map((track) => codecLabel(track.codec));
  return `is reading from path '${pathName}', with ${first?.label}, ${labels.length} ${
    labels.length === 1 ? "track" : "tracks"
  } (${labels.join(", ")})`;
}
