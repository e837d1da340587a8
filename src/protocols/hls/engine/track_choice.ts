import type { CodecName } from "#codecs/codec.ts";
import type { Track } from "#core/track.ts";

/** Kinds of HLS, as the configuration names them. */
export type HlsVariant = "mpegts" | "fmp4" | "lowLatency";

/** Pictures that players take, the best first. */
const FMP4_VIDEO: readonly CodecName[] = ["av1", "vp9", "h265", "h264"];
const FMP4_AUDIO: readonly CodecName[] = ["opus", "flac", "aac"];
const MPEGTS_VIDEO: readonly CodecName[] = ["h264"];
const MPEGTS_AUDIO: readonly CodecName[] = ["aac"];
const MPEGTS_DATA: readonly CodecName[] = ["klv"];

/** A track that is carried. */
export interface ChosenTrack {
  readonly track: Track;
  /** Its place among the tracks of the stream, from 1. */
  readonly position: number;
}

/** The tracks of a stream that a playlist can carry. */
export interface TrackChoice {
  /** At whose samples segments begin: pictures, or else the first sound. */
  readonly leading: ChosenTrack | undefined;
  /** The leading one first. */
  readonly carried: readonly ChosenTrack[];
  readonly skipped: readonly ChosenTrack[];
}

/** Chooses: one video track, and all audio tracks; MPEG-TS has one of them, and data. */
export function chooseTracks(
  tracks: readonly Track[],
  variant: HlsVariant,
): TrackChoice {
  const all = tracks.map((track, i) => ({ track, position: i + 1 }));
  const isTs = variant === "mpegts";
  const ofCodecs = (codecs: readonly CodecName[]) =>
    codecs.flatMap((codec) =>
      all.filter(({ track }) => track.codec.codec === codec)
    );
  const video = ofCodecs(isTs ? MPEGTS_VIDEO : FMP4_VIDEO).slice(0, 1);
  const audio = ofCodecs(isTs ? MPEGTS_AUDIO : FMP4_AUDIO)
    .sort((a, b) => a.position - b.position);
  const data = isTs ? ofCodecs(MPEGTS_DATA) : [];
  const sound = isTs ? audio.slice(0, 1) : audio;
  const carried = video.length + sound.length > 0
    ? [...video, ...sound, ...data]
    : [];
  return {
    leading: carried[0],
    carried,
    skipped: all.filter((one) => !carried.includes(one)),
  };
}

/** Whether viewers of one choice can go on with another: the same kinds of tracks under the same names. */
export function isSameShape(a: TrackChoice, b: TrackChoice): boolean {
  return a.carried.length === b.carried.length &&
    a.carried.every(({ track, position }, i) => {
      const other = b.carried[i]!;
      return track.kind === other.track.kind && position === other.position;
    });
}
