import type { Clock } from "#base/clock.ts";
import { errorText } from "#base/errors.ts";
import type { Logger } from "#base/log.ts";
import { PlatformError } from "#platform/errors.ts";
import type { RecordingConfig } from "#recording/config.ts";
import {
  type SegmentFile,
  segmentNames,
  type SegmentPlace,
} from "#recording/segment_files.ts";
import { openRemoteFile, type RemoteFile } from "./remote_file.ts";
import { S3Client } from "./s3_client.ts";
import {
  type S3Environment,
  s3ObjectUrl,
  type S3Target,
  s3TargetOf,
} from "./s3_target.ts";

/** What a bucket has is asked for again after that; one that does not answer, too. */
const LIST_AGE_MS = 15_000;

/** A thousand keys each. What is behind is not found. */
const MAX_PAGES = 50;

/** Lists that are remembered. */
const MAX_LISTS = 64;

/** Where the files of an entry of the configuration are recorded, and uploaded to. */
export interface UploadedPlace
  extends
    SegmentPlace,
    Partial<Pick<RecordingConfig, "recordUpload" | "recordUploadEndpoint">> {}

/** What is needed to look into buckets. */
export interface RemoteRecordingsOptions {
  readonly environment: S3Environment;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface RememberedList {
  readonly untilMs: number;
  readonly keys: Promise<readonly string[]>;
}

/** The files of recordings that were uploaded. A bucket that cannot be read has none, and the log says why. */
export class RemoteRecordings {
  #options: RemoteRecordingsOptions;
  #client: S3Client | undefined;
  #lists = new Map<string, RememberedList>();

  /** Asks nothing before it is asked. */
  constructor(options: RemoteRecordingsOptions) {
    this.#options = options;
    const { environment: { access, region }, clock } = options;
    this.#client = access && new S3Client({ access, region, clock });
  }

  /** The segments of one path, the oldest first; those of all paths where none is named. */
  async segmentsOf(
    place: UploadedPlace,
    pathName: string | undefined,
  ): Promise<SegmentFile[]> {
    const target = this.#targetOf(place);
    if (this.#client === undefined || target === undefined) return [];
    const names = segmentNames(place);
    const folder = pathName === undefined
      ? names.folder
      : names.folderOf(pathName);
    const below = slashed(folder.slice(names.folder.length + 1));
    const found: SegmentFile[] = [];
    const prefix = target.prefix + (below === "" ? "" : `${below}/`);
    for (const key of await this.#keysOf(target, prefix)) {
      const file = `${names.folder}/${key.slice(target.prefix.length)}`;
      const name = names.parse(file);
      const isWanted = name !== undefined &&
        (pathName === undefined || name.pathName === pathName);
      if (isWanted) found.push({ ...name, file });
    }
    return found.sort((a, b) => a.startUs - b.startUs);
  }

  /**
   * Opens a file by the name that it had on the disk.
   *
   * @throws {PlatformError} `not_found` if it was not uploaded, or why it cannot be read.
   */
  async open(place: UploadedPlace, file: string): Promise<RemoteFile> {
    const target = this.#targetOf(place);
    if (this.#client === undefined || target === undefined) {
      throw new PlatformError(`read ${file}`, "it was not uploaded", {
        code: "not_found",
      });
    }
    const { folder } = segmentNames(place);
    const key = target.prefix + slashed(file.slice(folder.length + 1));
    const url = s3ObjectUrl(target.bucketUrl, key);
    return await openRemoteFile({ client: this.#client, url });
  }

  #targetOf(
    { recordUpload = "", recordUploadEndpoint = "" }: UploadedPlace,
  ): S3Target | undefined {
    const { region } = this.#options.environment;
    return s3TargetOf({ recordUpload, recordUploadEndpoint }, region);
  }

  #keysOf(target: S3Target, prefix: string): Promise<readonly string[]> {
    const nowMs = this.#options.clock.monotonicMs();
    const id = `${target.bucketUrl} ${prefix}`;
    const known = this.#lists.get(id);
    if (known && known.untilMs > nowMs) return known.keys;
    const keys = this.#list(target, prefix).catch((error) => {
      const where = s3ObjectUrl(target.bucketUrl, prefix);
      this.#options.logger.warn(`Cannot list ${where}: ${errorText(error)}`);
      return [];
    });
    this.#lists.delete(id);
    this.#lists.set(id, { untilMs: nowMs + LIST_AGE_MS, keys });
    const [oldest] = this.#lists.keys();
    if (this.#lists.size > MAX_LISTS) this.#lists.delete(oldest!);
    return keys;
  }

  async #list(
    { bucketUrl }: S3Target,
    prefix: string,
  ): Promise<readonly string[]> {
    const { signal } = new AbortController();
    const keys: string[] = [];
    let after: string | undefined;
    for (let count = 0; count < MAX_PAGES; count++) {
      const page = await this.#client!.list(
        bucketUrl,
        { prefix, after },
        signal,
      );
      keys.push(...page.keys.filter((key) => key.startsWith(prefix)));
      after = page.next;
      if (after === undefined) return keys;
    }
    const where = s3ObjectUrl(bucketUrl, prefix);
    this.#options.logger.warn(`${where} has more than ${keys.length} files`);
    return keys;
  }
}

/** Keys have slashes, whatever the system has. */
function slashed(name: string): string {
  return name.replaceAll("\\", "/");
}
