import type { CodecParameters } from "#codecs/codec.ts";
import type { Track } from "#core/track.ts";
import { FlvTagReader } from "#formats/flv/tag_reader.ts";

/** What a track of RTMP is for. */
export type MediaKind = "video" | "audio";

/** What is known of one of the publisher's tracks. */
export interface MediaState {
  /** Number of the track among those of its kind. */
  readonly trackId: number;
  /** Undefined until it has begun. */
  codec: CodecParameters | undefined;
  /** What the stream's readers know it as, once there is a publication. */
  track: Track | undefined;
  /** It is left out. */
  isSkipped: boolean;
}

/** All tracks of one kind of one publisher. */
export class MediaGroup {
  /** What the tracks are for. */
  readonly kind: MediaKind;
  /** Reads the tags of all of them. */
  readonly reader: FlvTagReader;
  /** In the order of their IDs. */
  readonly states: MediaState[] = [];
  /** IDs that the publisher promises. */
  promisedIds: readonly number[] = [];

  /** Starts without any track. */
  constructor(kind: MediaKind) {
    this.kind = kind;
    this.reader = new FlvTagReader(kind);
  }

  /** What is known of the track with this ID. Hot path. */
  stateOf(trackId: number): MediaState {
    for (const state of this.states) {
      if (state.trackId === trackId) return state;
    }
    const state: MediaState = {
      trackId,
      codec: undefined,
      track: undefined,
      isSkipped: false,
    };
    this.states.push(state);
    this.states.sort((a, b) => a.trackId - b.trackId);
    return state;
  }

  /** The codec of a track is known. */
  get hasBegun(): boolean {
    return this.states.some(({ codec }) => codec !== undefined);
  }

  /** All that has come of this kind is left out. */
  get isSkipped(): boolean {
    return this.states.length > 0 &&
      this.states.every(({ isSkipped }) => isSkipped);
  }

  /** Every promised track has begun, or is left out. */
  get isWhole(): boolean {
    return this.promisedIds.every((id) =>
      this.states.some(({ trackId, codec, isSkipped }) =>
        trackId === id && (codec !== undefined || isSkipped)
      )
    );
  }
}
