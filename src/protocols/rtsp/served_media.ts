import type { Stream } from "#core/stream.ts";
import { serializeSdpKeyMgmt } from "#formats/mikey/sdp_key_mgmt.ts";
import { mikeyFromExchange } from "#formats/mikey/srtp_exchange.ts";
import { mediaFromTrack } from "#formats/sdp/codec_mapping.ts";
import type { MediaDescription } from "#formats/sdp/media_description.ts";
import type { RtspConnection } from "./connection.ts";
import { PlaySession } from "./play_session.ts";

/** The tracks of a stream as DESCRIBE tells them: within TLS as SRTP, with its keys. Spec: RFC 4567 §3.1. */
export function servedMedia(
  stream: Stream,
  connection: RtspConnection,
): MediaDescription[] {
  const { protocol, ports } = connection.context;
  const media = stream.tracks.map((track) => mediaFromTrack(track, track.id));
  if (protocol === "rtsp") return media;
  const encoder = PlaySession.encoderOf(stream, connection, "savp");
  const nowMs = ports.clock.wallMs();
  return stream.tracks.map((track, i) => {
    const exchange = encoder.exchange(track, stream.groupStart)!;
    const keyMgmt = serializeSdpKeyMgmt(mikeyFromExchange(exchange, nowMs));
    return { ...media[i]!, protocol: "RTP/SAVP", keyMgmt };
  });
}
