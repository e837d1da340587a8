import type { Stream } from "#core/stream.ts";
import { createSrtpKeys } from "#formats/srtp/srtp_keys.ts";
import type { RtspConnection } from "./connection.ts";
import type { MulticastGroup } from "./multicast/multicast_group.ts";
import type { MulticastGroups } from "./multicast/multicast_groups.ts";
import { PlaySession } from "./play_session.ts";
import type { RtpProfile } from "./stream_encoder.ts";
import type { OutgoingSource } from "./track_transport.ts";

/** What is sent of a track. */
export interface SourceQuestion {
  readonly connection: RtspConnection;
  readonly trackId: number;
  readonly profile: RtpProfile;
  /** The reader begins with what comes, not with what is kept. */
  readonly isLate: boolean;
}

/** What is sent of a track: media to readers of `stream`; without one reports to a publisher, about its own. */
export function outgoingSource(
  stream: Stream | undefined,
  { connection, trackId, profile, isLate }: SourceQuestion,
): OutgoingSource {
  const track = stream?.tracks.find((one) => one.id === trackId);
  if (stream && track) {
    const encoder = PlaySession.encoderOf(stream, connection, profile);
    const { ssrc } = encoder.track(track).options;
    const from = isLate ? undefined : stream.groupStart;
    return { ssrc, exchange: encoder.exchange(track, from) };
  }
  const exchange = { keys: createSrtpKeys(), rollovers: new Map() };
  return {
    ssrc: undefined,
    exchange: profile === "savp" ? exchange : undefined,
  };
}

/** What the multicast readers of a stream share. */
export function sharedGroup(
  stream: Stream,
  groups: MulticastGroups,
  { connection, profile }: Pick<SourceQuestion, "connection" | "profile">,
): MulticastGroup {
  return groups.groupOf({
    stream,
    encoder: PlaySession.encoderOf(stream, connection, profile),
    interfaceIp: connection.stream.local.ip,
  });
}
