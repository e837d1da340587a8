import { errorText, ParseError } from "#base/errors.ts";
import { codecKind } from "#codecs/codec.ts";
import { formatFromMedia } from "#formats/sdp/codec_mapping.ts";
import {
  isBackChannel,
  keyFrameFeedbackOf,
  type MediaDescription,
} from "#formats/sdp/media_description.ts";
import { parseSessionDescription } from "#formats/sdp/session_description.ts";
import type { AnnouncedTrack } from "#protocols/rtsp/ingest.ts";
import {
  parseRtspUrl,
  resolveControl,
  type RtspUrl,
  serializeRtspUrl,
} from "#protocols/rtsp/wire/rtsp_url.ts";

/** Tracks of an origin that are pulled; a camera has two or three. */
const MAX_TRACKS = 16;

/** One track of an origin. */
export interface OriginTrack extends AnnouncedTrack {
  /** URL for SETUP. */
  readonly url: string;
  /** The origin offers it as SRTP. */
  readonly isSecure: boolean;
  /** Text of `a=key-mgmt` that holds for it: keys of the origin. */
  readonly keyMgmt: string | undefined;
}

/** What an origin has. */
export interface OriginDescription {
  /** URL for PLAY, keep-alives and TEARDOWN. */
  readonly url: string;
  readonly tracks: readonly OriginTrack[];
}

/**
 * Reads what an origin answered to DESCRIBE.
 *
 * Back channels, and sections that cannot be read, are left out; `onSkipped` is told of the latter. What is offered in
 * several profiles is taken in one: as SRTP within TLS, else in the clear.
 * Input: `base` is the URL that was asked for, `contentBase` what the answer says of it.
 * Limits: {@linkcode MAX_TRACKS}.
 * Spec: RFC 2326 §C.1.1.
 *
 * @throws {ParseError} if nothing is left.
 */
export function readOriginDescription(
  body: Uint8Array,
  { base, contentBase, onSkipped }: {
    readonly base: RtspUrl;
    readonly contentBase: string | undefined;
    readonly onSkipped: (text: string) => void;
  },
): OriginDescription {
  const { media, control, keyMgmt } = parseSessionDescription(body);
  const sectionBase = baseUrl(base, contentBase);
  const tracks: OriginTrack[] = [];
  for (const [i, section] of media.entries()) {
    if (isBackChannel(section)) continue;
    if (media.some((one) => isRather(one, section, base))) continue;
    if (tracks.length === MAX_TRACKS) {
      onSkipped(`track ${i + 1} and those after it: at most ${MAX_TRACKS}`);
      break;
    }
    try {
      const mapped = formatFromMedia(section);
      const { format, parameters: codec, payloadType, clockRateHz } = mapped;
      tracks.push({
        track: {
          id: tracks.length,
          kind: codecKind(codec),
          codec,
          clockRateHz,
        },
        format,
        payloadType,
        keyFrameFeedback: keyFrameFeedbackOf(section, payloadType),
        url: serializeRtspUrl(
          resolveControl(sectionBase, section.control ?? ""),
        ),
        isSecure: isSecure(section),
        keyMgmt: section.keyMgmt ?? keyMgmt,
      });
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      onSkipped(`track ${i + 1}: ${errorText(error)}`);
    }
  }
  if (tracks.length === 0) {
    throw new ParseError("must have a track that can be pulled", {
      format: "SDP",
      field: "media",
      offsetBytes: 0,
    });
  }
  const url = control === undefined || control === "*"
    ? sectionBase
    : resolveControl(sectionBase, control);
  return { url: serializeRtspUrl(url), tracks };
}

function isSecure({ protocol }: MediaDescription): boolean {
  return /^RTP\/SAVP/i.test(protocol);
}

/** Whether `one` is the same media as `other` in a profile that is rather wanted [GStreamer 1.22]. */
function isRather(
  one: MediaDescription,
  other: MediaDescription,
  { scheme }: RtspUrl,
): boolean {
  const wanted = scheme === "rtsps";
  return one.control !== undefined && one.control === other.control &&
    one.mediaType === other.mediaType &&
    isSecure(one) === wanted && isSecure(other) !== wanted;
}

/** Content-Base, where it is of use: cameras behind address translation name themselves wrongly in it. */
function baseUrl(asked: RtspUrl, contentBase: string | undefined): RtspUrl {
  if (contentBase === undefined) return asked;
  try {
    const told = parseRtspUrl(contentBase.trim());
    return { ...asked, path: told.path, query: told.query };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return asked;
  }
}
