import type { Batch } from "#core/batch.ts";
import type { Stream } from "#core/stream.ts";
import type { Track } from "#core/track.ts";

/** What a reader is given of a stream, batch by batch. */
export interface MediaWriter {
  /** Tracks that the reader gets, up to now. */
  readonly tracks: readonly Track[];
  /** MIME type with the codecs of what was written; changes with the tracks. */
  readonly mimeType: string;
  /** What a batch is for the reader, shared with all others that get the same; empty if there is nothing. Hot path. */
  write(batch: Batch): readonly Uint8Array[];
}

/** How a writer is opened. */
export interface MediaWriterOptions {
  readonly stream: Stream;
  /** The reader is a script in a page: it takes only what browsers decode, and other tracks on the way. */
  readonly isScript: boolean;
  /** The reader must begin anew to get what follows. */
  readonly onEnd: (reason: string) => void;
}

/** One way to put a stream into bytes that go on for ever. */
export interface StreamContainer {
  /** As sessions tell it. */
  readonly name: "flv" | "mp4" | "mpegts";
  /** Behind the name of the path, with its dot. */
  readonly suffix: string;
  readonly contentType: string;
  /** Over a WebSocket, the MIME type comes before the media. */
  readonly isAnnounced: boolean;
  /** Writes for one reader; undefined if the stream has no track that can be carried. */
  open(options: MediaWriterOptions): MediaWriter | undefined;
}
