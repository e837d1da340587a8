import { type CodecName, codecNameLabel } from "#codecs/codec.ts";
import type { Track } from "#core/track.ts";
import type { FlvCodec } from "#formats/flv/flv_codec.ts";
import { ALL_FLV_CODECS, flvCodecOf } from "#formats/flv/flv_codecs.ts";
import type { FlvTrackForm } from "#formats/flv/tag_writer.ts";
import type { RtmpCapabilities } from "./wire/capabilities.ts";

/** Track IDs of one kind have 8 bits. Spec: Enhanced RTMP v2, `videoTrackId`, `audioTrackId`. */
const MAX_TRACKS_OF_KIND = 256;

/** A track that goes out, and how. */
export interface CarriedTrack {
  readonly track: Track;
  readonly form: FlvTrackForm;
}

/** Tracks of a stream as players of some capabilities get them. */
export interface RtmpSelection {
  /** All of them. */
  readonly tracks: readonly Track[];
  readonly carried: readonly CarriedTrack[];
  /** Left out: another codec, or a further track of its kind. */
  readonly skipped: readonly Track[];
  /** The same for all players that get the same bytes. */
  readonly key: string;
}

/**
 * Chooses what a player gets of a stream.
 *
 * The first track of each kind looks as it did before there were FourCCs, where its codec could: every player takes
 * that. Other codecs and further tracks go to players that said that they take them.
 * Spec: Enhanced RTMP v2, Enhancing NetConnection connect Command.
 */
export function selectTracks(
  tracks: readonly Track[],
  capabilities: RtmpCapabilities,
): RtmpSelection {
  const carried: CarriedTrack[] = [];
  const skipped: Track[] = [];
  const counts = { video: 0, audio: 0 };
  let key = "rtmp";
  for (const track of tracks) {
    const flv = flvCodecOf(track.codec);
    const form = flv && formOf(flv, counts[flv.kind], capabilities);
    if (form === undefined) {
      skipped.push(track);
      continue;
    }
    counts[form.flv.kind]++;
    carried.push({ track, form });
    key += `/${track.id}${form.isEnhanced ? "x" : ""}`;
  }
  return { tracks, carried, skipped, key };
}

/** Names of the codecs that a player of these capabilities can get, for messages. */
export function codecLabelsFor(capabilities: RtmpCapabilities): string {
  return ALL_FLV_CODECS
    .filter((flv) => formOf(flv, 0, capabilities) !== undefined)
    .map(({ codec }) => codecNameLabel(codec)).join(", ");
}

/** How the track that would have `trackId` looks; undefined if the player cannot take it. */
function formOf(
  flv: FlvCodec<CodecName>,
  trackId: number,
  { fourCcs, canMultitrack }: RtmpCapabilities,
): FlvTrackForm | undefined {
  if (trackId === 0 && flv.codecId) return { flv, isEnhanced: false, trackId };
  if (flv.fourCc === undefined || !fourCcs.includes(flv.fourCc)) {
    return undefined;
  }
  const isPossible = trackId === 0 ||
    canMultitrack && trackId < MAX_TRACKS_OF_KIND;
  return isPossible ? { flv, isEnhanced: true, trackId } : undefined;
}
