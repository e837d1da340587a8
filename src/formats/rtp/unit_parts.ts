import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import { payloadFormatById } from "./payload_formats.ts";
import { rtpPayload } from "./rtp_packet.ts";

/**
 * Parts of a unit, whatever it came as: NAL units without start codes, audio frames.
 *
 * @throws {ParseError} if its packets cannot be taken apart.
 */
export function unitParts(
  unit: MediaUnit,
  track: Track,
): readonly Uint8Array[] {
  const { origin } = unit;
  if (origin.kind === "payload") return origin.parts;
  const format = payloadFormatById(origin.formatId);
  const payloads = origin.packets.map(rtpPayload);
  return format.openDepacketizer(track.codec).extract(payloads);
}
