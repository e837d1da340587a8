import type { Context } from "hono";
import { permittedPaths } from "./permitted_paths.ts";
import type { PlayableFile, RecordedSegment } from "./recorded_segment.ts";
import {
  describeSegments,
  filesInRange,
  type WallRange,
} from "./segment_range.ts";
import { ParseError } from "#base/errors.ts";
import type { Logger } from "#base/log.ts";
import { PathError } from "#core/errors.ts";
import type { ModulePorts } from "#core/ports.ts";
import { readCredentials } from "#http/credentials.ts";
import { HttpError } from "#http/http_error.ts";
import type { HttpEnv } from "#http/http_service.ts";
import { PathMatcher } from "#paths/path_matcher.ts";
import { validatePathName } from "#paths/path_name.ts";
import { PlatformError } from "#platform/errors.ts";
import { openInputFile } from "#platform/input_file.ts";
import {
  allSegments,
  type SegmentFile,
  segmentNames,
  segmentsOf,
} from "#recording/segment_files.ts";
import type {
  RemoteRecordings,
  UploadedPlace,
} from "#recording/upload/remote_recordings.ts";

/** Paths that are listed; more are found by their names only. */
const MAX_LISTED_PATHS = 10_000;

/** What of an entry of `paths` is about its recordings. */
export interface RecordedPlace extends UploadedPlace {
  readonly record?: boolean;
}

/** Entries of `paths`, as they are at the moment. */
export type RecordedPaths = () => ReadonlyMap<string, RecordedPlace>;

/** What the playback server is given. */
export interface PlaybackParts {
  readonly ports: ModulePorts;
  readonly paths: RecordedPaths;
  /** Looks for what was uploaded; nothing was, if left out. */
  readonly remote?: RemoteRecordings;
}

/** Finds the recordings of paths for those who may play them. */
export class PathRecordings {
  #parts: PlaybackParts;
  /** Of the entries that were there when it was last asked for. */
  #matcher: PathMatcher<RecordedPlace>;
  #matched: ReadonlyMap<string, RecordedPlace>;

  /** Looks at nothing before it is asked. */
  constructor(parts: PlaybackParts) {
    this.#parts = parts;
    this.#matched = parts.paths();
    this.#matcher = new PathMatcher(this.#matched);
  }

  /** Lets a request play a path; `isTentative` as of an access request. @throws {HttpError | AuthenticationError} */
  async authorize(
    context: Context<HttpEnv>,
    pathName: string,
    isTentative = false,
  ): Promise<void> {
    const reason = validatePathName(pathName);
    if (reason !== undefined) {
      throw new HttpError(400, `invalid path name: ${reason}`);
    }
    const { ip, signal } = context.var;
    await this.#parts.ports.authenticator.authenticate({
      action: "playback",
      pathName,
      query: new URL(context.req.url).search.slice(1),
      protocol: "",
      sessionId: "",
      ip,
      userAgent: "",
      credentials: readCredentials(context.req.raw.headers),
      signal,
      isTentative,
    });
  }

  /**
   * The segment of a path that begins at a moment, whether it is there or not.
   *
   * @throws {HttpError} 400 if the path is not configured, or recorded in a format that is not played.
   */
  file(pathName: string, startUs: number): PlayableFile {
    const place = this.#placeOf(pathName, 400);
    const file = segmentNames(place).format({ pathName, startUs });
    return this.#playable({ pathName, startUs, file }, place);
  }

  /**
   * The segments that may hold something of a range, the oldest first.
   *
   * @throws {HttpError} 404 if there are none, 400 if the path is not configured; `formatStatus` if it is recorded in
   * a format that is not played.
   */
  async segments(
    pathName: string,
    range: WallRange,
    formatStatus: 400 | 500 = 400,
  ): Promise<RecordedSegment[]> {
    const place = this.#placeOf(pathName, formatStatus);
    const { logger } = this.#parts.ports;
    return await orBadRequest(logger, async () => {
      const all = await this.#segmentsOf(pathName, place);
      const files = filesInRange(all, range);
      const segments = await describeSegments(files, logger);
      if (segments.length === 0) throw nothingFound();
      return segments;
    });
  }

  /**
   * The files of a path, the oldest first, whatever is in them.
   *
   * @throws {HttpError} 400 if the path is not configured, or recorded in a format that is not played.
   * @throws {PlatformError} if a folder may not be read.
   */
  async files(pathName: string): Promise<PlayableFile[]> {
    return await this.#segmentsOf(pathName, this.#placeOf(pathName, 400));
  }

  /** Whether a path is recorded by its configuration. @throws {HttpError} as `files()`. */
  isRecorded(pathName: string): boolean {
    return this.#placeOf(pathName, 400).record === true;
  }

  /**
   * Names of all paths that have recordings which a request may play, sorted.
   *
   * @throws {AuthenticationError} if it may play none of them.
   */
  async playablePaths(context: Context<HttpEnv>): Promise<string[]> {
    const { clock, logger } = this.#parts.ports;
    const names = await orBadRequest(logger, () => this.#recordedPaths());
    const ask = (pathName: string, isTentative: boolean) =>
      this.authorize(context, pathName, isTentative);
    return await permittedPaths(names.sort(), { ask, clock, logger });
  }

  #placeOf(pathName: string, formatStatus: 400 | 500): RecordedPlace {
    const { value: place } = this.#match(pathName);
    if (place.recordFormat === "fmp4") return place;
    throw new HttpError(formatStatus, "MPEG-TS format is not supported yet");
  }

  /** Those on the disk, and those that were uploaded and are not there any more; the oldest first. */
  async #segmentsOf(
    pathName: string,
    place: UploadedPlace,
  ): Promise<PlayableFile[]> {
    const local = await segmentsOf(pathName, segmentNames(place));
    const known = new Set(local.map(({ startUs }) => startUs));
    const remote = await this.#parts.remote?.segmentsOf(place, pathName) ?? [];
    const uploaded = remote.filter(({ startUs }) => !known.has(startUs))
      .map((one) => ({ ...one, isRemote: true }));
    return [...local, ...uploaded]
      .sort((a, b) => a.startUs - b.startUs)
      .map((one) => this.#playable(one, place));
  }

  #playable(segment: SegmentFile, place: UploadedPlace): PlayableFile {
    const { file } = segment;
    const { remote } = this.#parts;
    const open = () =>
      openInputFile(file).catch((error) => {
        const isGone = error instanceof PlatformError &&
          error.code === "not_found";
        if (isGone && remote) return remote.open(place, file);
        throw error;
      });
    return { ...segment, open };
  }

  async #recordedPaths(): Promise<string[]> {
    const found = new Set<string>();
    const places = new Map<string, UploadedPlace>();
    for (const place of this.#parts.paths().values()) {
      const { recordPath, recordUpload, recordUploadEndpoint } = place;
      const id = `${recordPath} ${recordUpload} ${recordUploadEndpoint}`;
      if (place.recordFormat === "fmp4") places.set(id, place);
    }
    for (const place of places.values()) {
      const looked = new Set<string>();
      for await (const { pathName } of this.#allSegments(place)) {
        if (looked.has(pathName)) continue;
        looked.add(pathName);
        if (this.#isOf(pathName, place)) found.add(pathName);
        if (found.size === MAX_LISTED_PATHS) return [...found];
      }
    }
    return [...found];
  }

  async *#allSegments(place: UploadedPlace): AsyncGenerator<SegmentFile, void> {
    yield* allSegments(segmentNames(place));
    yield* await this.#parts.remote?.segmentsOf(place, undefined) ?? [];
  }

  /** Whether the recordings of a path are looked for at this place. */
  #isOf(
    pathName: string,
    { recordPath, recordFormat }: UploadedPlace,
  ): boolean {
    try {
      const { value } = this.#match(pathName);
      return value.recordPath === recordPath &&
        value.recordFormat === recordFormat;
    } catch (error) {
      if (error instanceof HttpError) return false;
      throw error;
    }
  }

  #match(pathName: string) {
    const paths = this.#parts.paths();
    if (paths !== this.#matched) {
      this.#matched = paths;
      this.#matcher = new PathMatcher(paths);
    }
    try {
      return this.#matcher.match(pathName);
    } catch (error) {
      if (!(error instanceof PathError)) throw error;
      throw new HttpError(400, error.message, { cause: error });
    }
  }
}

/** Answer where nothing was recorded. */
export function nothingFound(): HttpError {
  return new HttpError(404, "no recording segments found");
}

/**
 * Does something that files on the disk may make fail; `logger` is told what those who ask need not know.
 *
 * @throws {HttpError} 404 if a file is not there, 400 if it cannot be read.
 */
export async function orBadRequest<T>(
  logger: Logger,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof ParseError) {
      throw new HttpError(400, cause.message, { cause });
    }
    if (!(cause instanceof PlatformError)) throw cause;
    if (cause.code === "not_found") throw nothingFound();
    logger.warn(cause.message);
    throw new HttpError(400, "Cannot read the recording", { cause });
  }
}
