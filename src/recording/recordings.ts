import { PathMatcher } from "#paths/path_matcher.ts";
import { fileSizeBytes, removeEmptyFolders } from "#platform/disk.ts";
import { removeFile } from "#platform/files.ts";
import type { RecordingConfig } from "./config.ts";
import {
  allSegments,
  type SegmentFile,
  segmentNames,
  segmentsOf,
} from "./segment_files.ts";

/** What of the configuration is about recordings. */
export interface RecordingsConfig {
  /** By key: a path name, or what stands for many. */
  readonly paths: ReadonlyMap<string, RecordingConfig>;
}

/** A file, and the entry of the configuration that its path belongs to. */
export interface KeptSegment extends SegmentFile {
  readonly settings: RecordingConfig;
}

/** The files of all recordings. They are looked for whenever somebody asks. */
export class Recordings {
  #config: () => RecordingsConfig;
  #openFiles: ReadonlySet<string>;

  /** `openFiles`: those that are written now. */
  constructor(
    config: () => RecordingsConfig,
    openFiles: ReadonlySet<string>,
  ) {
    this.#config = config;
    this.#openFiles = openFiles;
  }

  /** Entries of the configuration. */
  get settings(): readonly RecordingConfig[] {
    return [...this.#config().paths.values()];
  }

  /** Whether a file is written now. */
  isOpen({ file }: SegmentFile): boolean {
    return this.#openFiles.has(file);
  }

  /**
   * Every segment of every path that an entry takes, in no order.
   *
   * A file whose name fits two entries belongs to the one whose files are in the folder further down. `onError` is
   * told of what may not be read; the rest is looked at all the same.
   *
   * @throws {PlatformError} if a folder may not be read and there is no `onError`.
   */
  async *all(
    onError?: (error: unknown) => void,
  ): AsyncGenerator<KeptSegment, void> {
    const { paths } = this.#config();
    const matcher = new PathMatcher(paths);
    const isOf = (key: string, pathName: string | undefined) =>
      pathName !== undefined && matcher.takes(pathName) &&
      matcher.match(pathName).key === key;
    const entries = Array.from(paths, ([key, settings]) => ({
      ...{ key, settings, names: segmentNames(settings) },
    }));
    for (const { key, settings, names } of entries) {
      const below = entries.filter((one) =>
        one.names.folder.startsWith(`${names.folder}/`)
      );
      try {
        const segments = matcher.isPlain(key)
          ? await segmentsOf(key, names)
          : allSegments(names);
        for await (const segment of segments) {
          const { file, pathName } = segment;
          const isOthers = below.some((one) =>
            isOf(one.key, one.names.parse(file)?.pathName)
          );
          if (!isOthers && isOf(key, pathName)) yield { ...segment, settings };
        }
      } catch (error) {
        if (!onError) throw error;
        onError(error);
      }
    }
  }

  /**
   * Every path that has segments: when each begins, microseconds since the epoch, the oldest first.
   *
   * @throws {PlatformError} if a folder may not be read.
   */
  async list(): Promise<Map<string, number[]>> {
    const starts = new Map<string, number[]>();
    for await (const { pathName, startUs } of this.all()) {
      const known = starts.get(pathName);
      if (known) known.push(startUs);
      else starts.set(pathName, [startUs]);
    }
    for (const list of starts.values()) list.sort((a, b) => a - b);
    return starts;
  }

  /**
   * The segments of one path, the oldest first.
   *
   * @throws {PathError} if no entry takes the name.
   * @throws {PlatformError} if a folder may not be read.
   */
  async of(pathName: string): Promise<SegmentFile[]> {
    const { value } = new PathMatcher(this.#config().paths).match(pathName);
    return await segmentsOf(pathName, segmentNames(value));
  }

  /** Size of a file; 0 if it is not there any more. */
  sizeBytes({ file }: SegmentFile): Promise<number> {
    return fileSizeBytes(file);
  }

  /**
   * Deletes a file, and the folders that it leaves empty.
   *
   * @throws {PlatformError} if it cannot be deleted.
   */
  async remove({ file, settings }: KeptSegment): Promise<void> {
    await removeFile(file);
    await removeEmptyFolders(file, segmentNames(settings).folder);
  }

  /**
   * Deletes the file of a path that begins at a moment.
   *
   * Output: why not; undefined if it is gone.
   *
   * @throws {PathError} if no entry takes the name.
   * @throws {PlatformError} if it cannot be deleted.
   */
  async removeAt(
    pathName: string,
    startUs: number,
  ): Promise<"not_found" | "open" | undefined> {
    const segments = await this.of(pathName);
    const segment = segments.find((one) => one.startUs === startUs);
    if (segment === undefined) return "not_found";
    if (this.isOpen(segment)) return "open";
    await removeFile(segment.file);
    return undefined;
  }
}
