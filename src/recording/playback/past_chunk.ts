import { chunkHeader, chunkParts, type ChunkRequest } from "./chunk_output.ts";
import type { Chunks } from "./chunk_streams.ts";

const US_PER_MS = 1_000;

/** Begins the bodies of answers. */
export interface PastMedia {
  /** Output: undefined if there is nothing. @throws {HttpError} if it cannot be read. */
  begin(
    chunks: Chunks,
    onSent: (sentBytes: number) => void,
  ): Promise<ReadableStream | undefined>;
}

/** Which piece of a recording it is. */
export interface PastPlace extends ChunkRequest {
  /** When it begins, microseconds since the epoch. */
  readonly startUs: number;
  /** Equal for chunks that fit the same header. */
  readonly headerKey: string;
  /** What comes before was recorded at another time. */
  readonly isBehindGap: boolean;
}

/** A piece of a recording that players can start with. */
export class PastChunk {
  #media: PastMedia;
  #place: PastPlace;

  /** Reads nothing before it is asked. */
  constructor(media: PastMedia, place: PastPlace) {
    this.#media = media;
    this.#place = place;
  }

  /** When its file begins, microseconds since the epoch. */
  get fileStartUs(): number {
    return this.#place.file.startUs;
  }

  /** When it begins, milliseconds since the epoch. */
  get startWallMs(): number {
    return this.#place.startUs / US_PER_MS;
  }

  /** How long it is, over 0. */
  get durationSeconds(): number {
    const { startSeconds, endSeconds } = this.#place.chunk;
    return endSeconds - startSeconds;
  }

  /** Equal for chunks that fit the same header. */
  get headerKey(): string {
    return this.#place.headerKey;
  }

  /** What comes before was recorded at another time. */
  get isBehindGap(): boolean {
    return this.#place.isBehindGap;
  }

  /** The header that it needs; `onSent` is told of its bytes. @throws {HttpError} if it cannot be read. */
  header(
    onSent: (sentBytes: number) => void,
  ): Promise<ReadableStream | undefined> {
    return this.#media.begin(chunkHeader(this.#place.file), onSent);
  }

  /** Its fragments; `onSent` is told of their bytes. @throws {HttpError} if it cannot be read. */
  fragments(
    onSent: (sentBytes: number) => void,
  ): Promise<ReadableStream | undefined> {
    return this.#media.begin(chunkParts(this.#place), onSent);
  }
}
