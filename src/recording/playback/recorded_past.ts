import { type Chunks, ChunkStreams } from "./chunk_streams.ts";
import type { PastMedia } from "./past_chunk.ts";
import { PastReader } from "./past_reader.ts";
import {
  orBadRequest,
  PathRecordings,
  type PlaybackParts,
} from "./path_recordings.ts";

const US_PER_MS = 1_000;

/** What is recorded of paths, for those who show it together with what comes. */
export class RecordedPast implements PastMedia, AsyncDisposable {
  #parts: PlaybackParts;
  #recordings: PathRecordings;
  #streams: ChunkStreams;

  /** Looks at nothing before it is asked. */
  constructor(parts: PlaybackParts) {
    this.#parts = parts;
    this.#recordings = new PathRecordings(parts);
    this.#streams = new ChunkStreams(parts.ports.logger);
  }

  /** Follows the recordings of a path, from `windowMs` ago on. */
  reader(pathName: string, windowMs: number): PastReader {
    const { clock, logger } = this.#parts.ports;
    return new PastReader({
      ...{ recordings: this.#recordings, media: this, pathName, clock, logger },
      windowUs: windowMs * US_PER_MS,
    });
  }

  /** Part of its chunks. */
  begin(
    chunks: Chunks,
    onSent: (sentBytes: number) => void,
  ): Promise<ReadableStream | undefined> {
    const { logger } = this.#parts.ports;
    return orBadRequest(
      logger,
      () => this.#streams.begin(counted(chunks, onSent)),
    );
  }

  /** Ends the bodies that are under way, and what is asked of other machines. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#streams[Symbol.asyncDispose]();
    this.#parts.remote?.[Symbol.dispose]();
  }
}

async function* counted(
  chunks: Chunks,
  onSent: (sentBytes: number) => void,
): Chunks {
  for await (const chunk of chunks) {
    onSent(chunk.length);
    yield chunk;
  }
}
