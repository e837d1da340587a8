import { SampledError } from "#base/log.ts";
import type { Batch } from "#core/batch.ts";
import type { Stream } from "#core/stream.ts";
import type { Track } from "#core/track.ts";
import { TsStreamMuxer } from "#formats/mpegts/stream_muxer.ts";
import { tsOutputOf } from "#formats/mpegts/ts_payloads.ts";
import type {
  MediaWriter,
  MediaWriterOptions,
  StreamContainer,
} from "./media_writer.ts";

const CONTENT_TYPE = "video/mp2t";

/** The muxer among the encoders of a stream. */
const ENCODER_KEY = "mpegts/http";

/** MPEG-TS without end: all tracks that it carries. */
export const tsContainer: StreamContainer = {
  name: "mpegts",
  suffix: ".ts",
  contentType: CONTENT_TYPE,
  isAnnounced: false,
  open({ stream }: MediaWriterOptions) {
    const tracks = carriedTracks(stream.tracks);
    return tracks.length === 0
      ? undefined
      : new TsWriter(muxerOf(stream), tracks);
  },
};

class TsWriter implements MediaWriter {
  readonly mimeType = CONTENT_TYPE;
  tracks: readonly Track[];
  #muxer: TsStreamMuxer;
  #batchTracks: readonly Track[] | undefined;

  constructor(muxer: TsStreamMuxer, tracks: readonly Track[]) {
    this.#muxer = muxer;
    this.tracks = tracks;
  }

  write(batch: Batch): readonly Uint8Array[] {
    if (batch.tracks !== this.#batchTracks) {
      this.#batchTracks = batch.tracks;
      this.tracks = carriedTracks(batch.tracks);
    }
    const bytes = this.#muxer.encode(batch);
    return bytes.length === 0 ? [] : [bytes];
  }
}

/** The one muxer of a stream. */
function muxerOf(stream: Stream): TsStreamMuxer {
  const known = stream.encoders.get<TsStreamMuxer>(ENCODER_KEY);
  if (known) return known;
  const { logger, clock } = stream.options;
  const errors = new SampledError(logger, clock, "MPEG-TS");
  const muxer = new TsStreamMuxer({
    latm: "adts",
    onError: (message) => errors.add(message),
  });
  return stream.encoders.set(ENCODER_KEY, muxer);
}

function carriedTracks(tracks: readonly Track[]): readonly Track[] {
  return tracks.filter(isCarried);
}

function isCarried({ codec }: Track): boolean {
  try {
    return tsOutputOf(codec, "adts") !== undefined;
  } catch {
    return false; // nonsense from the publisher: the muxer tells of it and leaves it out
  }
}
