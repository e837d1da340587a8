import { pause } from "#base/abort.ts";
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
import { openRemoteFile, RemoteFile } from "./remote_file.ts";
import { S3Client, S3Error, type S3Range, type S3Span } from "./s3_client.ts";
import {
  type S3Environment,
  s3ObjectUrl,
  type S3Target,
  s3TargetOf,
} from "./s3_target.ts";

/** What a bucket has is asked for again after that; one that does not answer, too. */
const LIST_AGE_MS = 15_000;

/** Whoever asks waits so long for a bucket, and then goes by what is known of it. */
const LIST_PATIENCE_MS = 2_000;

/** A server that gives no answer is not asked for files for so long: each of many would wait for it anew. */
const SILENCE_MS = 5_000;

/** A thousand keys each. What is behind is not found. */
const MAX_PAGES = 50;

/** Lists that are remembered. */
const MAX_LISTS = 64;

/** Beginnings of files that are remembered, for so long: playlists are made of many. */
const MAX_HEADS = 4_096;
const HEAD_BYTES = 4_096;
const HEAD_AGE_MS = 600_000;

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

interface RememberedHead {
  readonly untilMs: number;
  readonly head: S3Range;
}

interface RememberedList {
  untilMs: number;
  keys: readonly string[];
  /** Settles when the answer is there, whatever it is. */
  asking: Promise<void> | undefined;
}

/** The files of recordings that were uploaded. A bucket that cannot be read has none, and the log says why. */
export class RemoteRecordings implements Disposable {
  #options: RemoteRecordingsOptions;
  #client: S3Client;
  #lists = new Map<string, RememberedList>();
  /** By the URL of the file. */
  #heads = new Map<string, RememberedHead>();
  /** Servers that gave no answer, by the URL of the bucket. */
  #silent = new Map<string, { untilMs: number; reason: string }>();
  #ending = new AbortController();

  /** Asks nothing before it is asked. */
  constructor(options: RemoteRecordingsOptions) {
    this.#options = options;
    const { environment: { access, region }, clock } = options;
    this.#client = new S3Client({ access, region, clock });
  }

  /** The segments of one path, the oldest first; those of all paths where none is named. */
  async segmentsOf(
    place: UploadedPlace,
    pathName: string | undefined,
  ): Promise<SegmentFile[]> {
    const target = this.#targetOf(place);
    if (target === undefined) return [];
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
    if (target === undefined) {
      throw new PlatformError(`read ${file}`, "it was not uploaded", {
        code: "not_found",
      });
    }
    const { folder } = segmentNames(place);
    const key = target.prefix + slashed(file.slice(folder.length + 1));
    const { bucketUrl } = target;
    const url = s3ObjectUrl(bucketUrl, key);
    const options = {
      url,
      read: (span: S3Span, signal: AbortSignal) =>
        this.#read({ bucketUrl, url, span }, signal),
      signal: this.#ending.signal,
    };
    const nowMs = this.#options.clock.monotonicMs();
    const known = this.#heads.get(url);
    if (known && known.untilMs > nowMs && !this.#silence(bucketUrl)) {
      return new RemoteFile(options, known.head);
    }
    const opened = await openRemoteFile(options);
    const { sizeBytes } = opened;
    const head = { sizeBytes, bytes: opened.head.slice(0, HEAD_BYTES) };
    this.#heads.delete(url);
    this.#heads.set(url, { untilMs: nowMs + HEAD_AGE_MS, head });
    const [oldest] = this.#heads.keys();
    if (this.#heads.size > MAX_HEADS) this.#heads.delete(oldest!);
    return opened;
  }

  /** Cuts off what is under way. Idempotent. */
  [Symbol.dispose](): void {
    this.#ending.abort(new Error("playback has ended"));
  }

  async #read(
    { bucketUrl, url, span }: {
      readonly bucketUrl: string;
      readonly url: string;
      readonly span: S3Span;
    },
    signal: AbortSignal,
  ): Promise<S3Range> {
    const reason = this.#silence(bucketUrl);
    if (reason !== undefined) throw new Error(reason);
    try {
      return await this.#client.read(url, span, signal);
    } catch (error) {
      if (error instanceof S3Error) this.#heads.delete(url); // it may be gone
      else if (!signal.aborted) {
        const untilMs = this.#options.clock.monotonicMs() + SILENCE_MS;
        this.#silent.set(bucketUrl, { untilMs, reason: errorText(error) });
      }
      throw error;
    }
  }

  /** Why a server is not asked; undefined if it is. */
  #silence(bucketUrl: string): string | undefined {
    const silent = this.#silent.get(bucketUrl);
    if (silent === undefined) return undefined;
    const isOver = silent.untilMs <= this.#options.clock.monotonicMs();
    return isOver ? undefined : silent.reason;
  }

  #targetOf(
    { recordUpload = "", recordUploadEndpoint = "" }: UploadedPlace,
  ): S3Target | undefined {
    const settings = { recordUpload, recordUploadEndpoint };
    return s3TargetOf(settings, this.#options.environment);
  }

  async #keysOf(target: S3Target, prefix: string): Promise<readonly string[]> {
    const { clock } = this.#options;
    const id = `${target.bucketUrl} ${prefix}`;
    const list = this.#lists.get(id) ??
      { untilMs: -Infinity, keys: [], asking: undefined };
    this.#lists.delete(id);
    this.#lists.set(id, list);
    const [oldest] = this.#lists.keys();
    if (this.#lists.size > MAX_LISTS) this.#lists.delete(oldest!);
    if (list.untilMs <= clock.monotonicMs()) {
      list.asking ??= this.#refresh(list, target, prefix);
      const answered = new AbortController();
      const asking = list.asking.finally(() => answered.abort());
      await Promise.race([
        asking,
        pause(clock, LIST_PATIENCE_MS, answered.signal),
      ]);
    }
    return list.keys;
  }

  async #refresh(
    list: RememberedList,
    target: S3Target,
    prefix: string,
  ): Promise<void> {
    const { clock, logger } = this.#options;
    try {
      list.keys = await this.#list(target, prefix);
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      list.keys = [];
      const where = s3ObjectUrl(target.bucketUrl, prefix);
      logger.warn(`Cannot list ${where}: ${errorText(error)}`);
    }
    list.untilMs = clock.monotonicMs() + LIST_AGE_MS;
    list.asking = undefined;
  }

  async #list(
    { bucketUrl }: S3Target,
    prefix: string,
  ): Promise<readonly string[]> {
    const { signal } = this.#ending;
    const keys: string[] = [];
    let after: string | undefined;
    for (let count = 0; count < MAX_PAGES; count++) {
      const page = await this.#client.list(
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
