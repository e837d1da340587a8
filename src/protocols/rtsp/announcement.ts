import { ParseError } from "#base/errors.ts";
import { codecKind } from "#codecs/codec.ts";
import { formatFromMedia } from "#formats/sdp/codec_mapping.ts";
import {
  isBackChannel,
  keyFrameFeedbackOf,
} from "#formats/sdp/media_description.ts";
import { parseSessionDescription } from "#formats/sdp/session_description.ts";
import { RtspError } from "./errors.ts";
import type { AnnouncedTrack } from "./ingest.ts";

/** Tracks that a publisher may announce. */
const MAX_TRACKS = 16;

/**
 * Reads the description of an ANNOUNCE.
 *
 * Output: its tracks and the control attribute of each.
 * Limits: {@linkcode MAX_TRACKS}.
 *
 * @throws {ParseError | RtspError} if it is malformed or has what a publisher cannot send here.
 */
export function announcedTracks(
  body: Uint8Array,
): { tracks: AnnouncedTrack[]; controls: string[] } {
  const { media } = parseSessionDescription(body);
  if (media.length === 0 || media.length > MAX_TRACKS) {
    throw new RtspError(
      400,
      `ANNOUNCE with ${media.length} tracks, wanted 1 to ${MAX_TRACKS}`,
    );
  }
  const tracks: AnnouncedTrack[] = [];
  const controls: string[] = [];
  for (const [id, section] of media.entries()) {
    if (isBackChannel(section)) {
      throw new RtspError(400, "back channels cannot be recorded");
    }
    const { format, parameters, payloadType, clockRateHz } = formatFromMedia(
      section,
    );
    const kind = codecKind(parameters);
    const track = { id, kind, codec: parameters, clockRateHz };
    tracks.push({
      track,
      format,
      payloadType,
      keyFrameFeedback: keyFrameFeedbackOf(section, payloadType),
    });
    if (section.control === undefined && media.length > 1) {
      throw new ParseError("needs a control attribute", {
        format: "SDP",
        field: `media[${id}].control`,
        offsetBytes: 0,
      });
    }
    controls.push(section.control ?? "");
  }
  return { tracks, controls };
}
