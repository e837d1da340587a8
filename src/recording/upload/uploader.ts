import { pause } from "#base/abort.ts";
import type { Clock } from "#base/clock.ts";
import { errorText, ParseError } from "#base/errors.ts";
import type { Logger } from "#base/log.ts";
import type { EventPort, ServerEvent } from "#core/ports.ts";
import { PlatformError } from "#platform/errors.ts";
import { absolutePath } from "#platform/files.ts";
import { openInputFile } from "#platform/input_file.ts";
import type {
  KeptSegment,
  Recordings,
  RecordingsConfig,
} from "#recording/recordings.ts";
import { S3Client } from "./s3_client.ts";
import type { S3Environment } from "./s3_target.ts";
import { openUploadJournal, UploadJournal } from "./upload_journal.ts";
import {
  MAX_WAITING_FILES,
  type UploadJob,
  UploadLane,
} from "./upload_lane.ts";
import { uploadObject } from "./upload_object.ts";
import { objectUrlOf, UploadRoutes } from "./upload_routes.ts";

/** Time between two looks for files that nobody has told of, such as those of a disk that has failed. */
const LOOK_INTERVAL_MS = 600_000;

/** What an uploader is given. */
export interface UploaderOptions {
  readonly config: () => RecordingsConfig;
  readonly recordings: Recordings;
  readonly events: EventPort;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Region, and who uploads. */
  readonly environment: S3Environment;
}

/** A file that is not known to be uploaded. */
interface FoundFile {
  readonly job: UploadJob;
  readonly startUs: number;
}

/**
 * Uploads every complete file of the entries of the configuration that say so.
 *
 * What is left to do is what is on the disk and not in the journal of its folder: nothing is lost when the server
 * ends or dies. A file is in the journal once the server has shown that it has all of it.
 */
export class Uploader implements AsyncDisposable {
  #options: UploaderOptions;
  #client: S3Client;
  #routes: UploadRoutes;
  #journals = new Map<string, Promise<UploadJournal>>();
  /** By the URL of the bucket. */
  #lanes = new Map<string, UploadLane>();
  /** Of those that have been stopped, too. */
  #settling = new Set<Promise<void>>();
  #ending = new AbortController();
  #pausing = new AbortController();
  #listening: Disposable;
  #working: Promise<void>;

  /** Looks for files at once. */
  constructor(options: UploaderOptions) {
    this.#options = options;
    const { environment, config, clock, events } = options;
    const { access, region } = environment;
    this.#client = new S3Client({ access, region, clock });
    this.#routes = new UploadRoutes(config, environment);
    this.#listening = events.listen((event) => this.#handle(event));
    this.#working = this.#run();
  }

  /** The configuration has changed. */
  handleConfig(): void {
    const used = this.#routes.bucketUrls;
    for (const [bucketUrl, lane] of this.#lanes) {
      if (used.has(bucketUrl)) continue;
      lane.stop();
      this.#lanes.delete(bucketUrl);
      if (lane.size === 0) continue;
      this.#options.logger.warn(
        `${lane.size} files or more that wait are not uploaded to ${bucketUrl}: no path names it any more`,
      );
    }
    this.#pausing.abort();
  }

  /** Whether a file is to be uploaded, and is not known to be there. */
  async isWaiting({ file, settings }: KeptSegment): Promise<boolean> {
    const route = this.#routes.of(settings);
    const url = route && objectUrlOf(file, route);
    if (url === undefined) return false;
    try {
      const journal = await this.#journalOf(route!.folder);
      return !journal.urls.has(url);
    } catch {
      return true; // nobody knows; the look for files tells why
    }
  }

  /** Cuts off what is under way; it begins anew when the program runs again. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listening[Symbol.dispose]();
    this.#ending.abort();
    this.#pausing.abort();
    await this.#working;
    for (const lane of this.#lanes.values()) lane.stop();
    await Promise.all(this.#settling);
  }

  #handle(event: ServerEvent): void {
    if (event.type !== "segmentCompleted") return;
    const { pathName, confName, file } = event;
    const settings = this.#options.config().paths.get(confName);
    const route = settings && this.#routes.of(settings);
    if (route === undefined) return;
    const absolute = absolutePath(file);
    const url = objectUrlOf(absolute, route);
    if (url === undefined) return;
    const { folder, target: { bucketUrl } } = route;
    this.#laneOf(bucketUrl).add({ pathName, file: absolute, folder, url });
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#options;
    while (!this.#ending.signal.aborted) {
      this.#pausing = new AbortController();
      try {
        await this.#look();
      } catch (error) {
        logger.error(errorText(error));
      }
      if (this.#ending.signal.aborted) return;
      await pause(clock, LOOK_INTERVAL_MS, this.#pausing.signal);
    }
  }

  /** Looks for files that are not uploaded, and for lines of journals whose files are gone. */
  async #look(): Promise<void> {
    const { recordings, config, logger } = this.#options;
    const { paths } = config();
    if (this.#routes.bucketUrls.size === 0) return;
    const unseen = new Map<UploadJournal, Set<string>>();
    const found = new Map<string, FoundFile[]>();
    const unreadable = new Set<string>();
    const report = (error: unknown) => unreadable.add(errorText(error));
    for await (const segment of recordings.all(report)) {
      const { pathName, file, startUs, settings } = segment;
      // The next look goes by the configuration that has come meanwhile.
      if (this.#ending.signal.aborted || config().paths !== paths) return;
      const route = this.#routes.of(settings);
      const url = route && objectUrlOf(file, route);
      if (url === undefined || recordings.isOpen(segment)) continue;
      const { folder, target: { bucketUrl } } = route!;
      const journal = await this.#journalOf(folder).catch(report);
      if (!(journal instanceof UploadJournal)) continue;
      const left = unseen.get(journal) ?? new Set(journal.urls);
      unseen.set(journal, left);
      left.delete(url);
      if (journal.urls.has(url)) continue;
      const files = found.get(bucketUrl) ?? [];
      found.set(bucketUrl, files);
      files.push({ job: { pathName, file, folder, url }, startUs });
      if (files.length > 2 * MAX_WAITING_FILES) keepOldest(files);
    }
    for (const [bucketUrl, files] of found) {
      keepOldest(files);
      for (const { job } of files) this.#laneOf(bucketUrl).add(job);
    }
    for (const message of unreadable) logger.error(message);
    if (unreadable.size > 0) return; // what was not seen may be there
    for (const [journal, urls] of unseen) {
      if (urls.size > journal.urls.size / 2) await journal.forget(urls);
    }
  }

  #laneOf(bucketUrl: string): UploadLane {
    const known = this.#lanes.get(bucketUrl);
    if (known) return known;
    const lane = this.#openLane();
    this.#lanes.set(bucketUrl, lane);
    return lane;
  }

  #openLane(): UploadLane {
    const { clock, events } = this.#options;
    const lane = new UploadLane({
      clock,
      upload: (job, signal) => this.#upload(job, signal),
      onFailure: ({ pathName, file }, { reason, pauseMs }) => {
        const text = `Cannot upload ${file}: ${reason}`;
        this.#loggerOf(pathName).error(
          `${text}; next attempt in ${pauseMs / 1_000} s`,
        );
        events.emit({ type: "failed", ...outcome(pathName), reason: text });
      },
      onRoom: () => this.#pausing.abort(),
    });
    const settling = lane.settled.then(() => {
      this.#settling.delete(settling);
    });
    this.#settling.add(settling);
    return lane;
  }

  async #upload(job: UploadJob, signal: AbortSignal): Promise<void> {
    const { pathName, file, folder, url } = job;
    const logger = this.#loggerOf(pathName);
    if (this.#routes.urlOf(pathName, file) !== url) {
      logger.warn(
        `${file} is not uploaded to ${url}: the configuration has changed`,
      );
      return;
    }
    try {
      await repair(file);
      using input = await openInputFile(file);
      const isNew = await uploadObject({
        client: this.#client,
        clock: this.#options.clock,
        ...{ input, url, signal },
      });
      logger.debug(
        isNew ? `uploaded ${file} to ${url}` : `${file} is at ${url} already`,
      );
    } catch (error) {
      const isGone = error instanceof PlatformError &&
        error.code === "not_found";
      if (!isGone) throw error;
      logger.warn(`${file} is gone, and was not uploaded`);
      return;
    }
    const journal = await this.#journalOf(folder);
    await journal.add(url);
    const { events } = this.#options;
    events.emit({ type: "succeeded", ...outcome(pathName), reason: "" });
  }

  #loggerOf(pathName: string): Logger {
    return this.#options.logger.child(`path ${pathName}`).child("upload");
  }

  #journalOf(folder: string): Promise<UploadJournal> {
    const known = this.#journals.get(folder);
    if (known) return known;
    const opening = openUploadJournal(folder).catch((error) => {
      this.#journals.delete(folder); // the next one tries again
      throw error;
    });
    this.#journals.set(folder, opening);
    return opening;
  }
}

/** Leaves one more than a lane takes, so that it knows of more. */
function keepOldest(files: FoundFile[]): void {
  files.sort((a, b) => a.startUs - b.startUs);
  files.length = Math.min(files.length, MAX_WAITING_FILES + 1);
}

function outcome(subject: string) {
  return { kind: "upload", subject };
}

/** A file of a recording that was cut off ends with its last whole part before it is uploaded. */
async function repair(file: string): Promise<void> {
  const { repairSegment } = await import("#recording/repair.ts");
  try {
    await repairSegment(file);
  } catch (error) {
    // What cannot be understood is uploaded as it is.
    if (!(error instanceof ParseError)) throw error;
  }
}
