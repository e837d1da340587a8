import { isSameCodec } from "#codecs/codec.ts";
import type { Batch } from "#core/batch.ts";
import type { Track } from "#core/track.ts";
import { type Mp4Layout, Mp4StreamEncoder } from "./mp4_stream_encoder.ts";
import type {
  MediaWriter,
  MediaWriterOptions,
  StreamContainer,
} from "./media_writer.ts";

const CONTENT_TYPE = "video/mp4";

/** Fragmented MP4 without end: a fragment a batch. */
export const mp4Container: StreamContainer = {
  name: "mp4",
  suffix: ".mp4",
  contentType: CONTENT_TYPE,
  isAnnounced: true,
  open(options: MediaWriterOptions) {
    const { stream, isScript } = options;
    const encoder = Mp4StreamEncoder.of(stream, isScript);
    const tracks = encoder.candidates(stream.tracks);
    return tracks.length === 0
      ? undefined
      : new Mp4Writer(encoder, tracks, options);
  },
};

/** The fragments of one reader. */
class Mp4Writer implements MediaWriter {
  tracks: readonly Track[];
  mimeType = CONTENT_TYPE;
  #encoder: Mp4StreamEncoder;
  #options: MediaWriterOptions;
  #batchTracks: readonly Track[] | undefined;
  #layout: Mp4Layout | undefined;
  #isEnded = false;

  constructor(
    encoder: Mp4StreamEncoder,
    tracks: readonly Track[],
    options: MediaWriterOptions,
  ) {
    this.#encoder = encoder;
    this.tracks = tracks;
    this.#options = options;
  }

  write(batch: Batch): readonly Uint8Array[] {
    if (this.#isEnded) return [];
    const layout = this.#layout;
    if (layout === undefined || batch.tracks !== this.#batchTracks) {
      return this.#begin(batch, layout);
    }
    const bytes = this.#encoder.encode(batch, layout);
    return bytes === undefined ? [] : [bytes];
  }

  /** Before the first fragment, or one with other tracks than before. */
  #begin(batch: Batch, before: Mp4Layout | undefined): readonly Uint8Array[] {
    if (before === undefined && !batch.isRandomAccess) return [];
    const layout = this.#encoder.layoutFor(batch);
    if (layout === undefined) return [];
    this.#batchTracks = batch.tracks;
    this.#layout = layout;
    const isNew = before === undefined || !isSameLayout(layout, before);
    if (isNew && before !== undefined && !this.#options.isScript) {
      this.#isEnded = true;
      this.#options.onEnd("the tracks have changed, and a file has one header");
      return [];
    }
    this.tracks = layout.tracks;
    this.mimeType = layout.mimeType;
    const bytes = this.#encoder.encode(batch, layout);
    return [
      ...isNew ? [layout.init] : [],
      ...bytes === undefined ? [] : [bytes],
    ];
  }
}

function isSameLayout(a: Mp4Layout, b: Mp4Layout): boolean {
  return a.tracks.length === b.tracks.length &&
    a.tracks.every((track, i) => {
      const other = b.tracks[i]!;
      return track.id === other.id && isSameCodec(track.codec, other.codec);
    });
}
