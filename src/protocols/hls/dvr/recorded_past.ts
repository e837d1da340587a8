import type { ModulePorts } from "#core/ports.ts";

/** A piece of a recording that players can start with. */
export interface PastChunk {
  /** When its file begins, microseconds since the epoch. */
  readonly fileStartUs: number;
  /** When it begins, milliseconds since the epoch. */
  readonly startWallMs: number;
  /** Over 0. */
  readonly durationSeconds: number;
  /** Equal for chunks that fit the same header. */
  readonly headerKey: string;
  /** What comes before was recorded at another time. */
  readonly isBehindGap: boolean;
  /** The header that it needs; undefined if there is none. @throws {HttpError} */
  header(onSent: (bytes: number) => void): Promise<ReadableStream | undefined>;
  /** What is behind the header. @throws {HttpError} */
  fragments(
    onSent: (bytes: number) => void,
  ): Promise<ReadableStream | undefined>;
}

/** What has been recorded since somebody asked last. */
export interface PastUpdate {
  /** The oldest first. */
  readonly chunks: readonly PastChunk[];
  /** When the files begin that are there, microseconds since the epoch. */
  readonly files: ReadonlySet<number>;
  /** More may come soon. */
  readonly isGrowing: boolean;
}

/** Follows the recordings of a path. */
export interface PastReader {
  /** What has come since the last time, one question at a time. @throws {HttpError | PlatformError} */
  next(): Promise<PastUpdate>;
}

/** The recordings of all paths. */
export interface RecordedPast extends AsyncDisposable {
  /** From `windowMs` ago on. */
  reader(pathName: string, windowMs: number): PastReader;
}

/** Loads what knows the recordings, when somebody reaches back first. */
export type LoadRecordedPast = (ports: ModulePorts) => Promise<RecordedPast>;
