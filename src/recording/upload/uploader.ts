import { pause } from "#base/abort.ts";
import type { Clock } from "#base/clock.ts";
import { errorText, ParseError } from "#base/errors.ts";
import type { Logger } from "#base/log.ts";
import type { EventPort, ServerEvent } from "#core/ports.ts";
import { PlatformError } from "#platform/errors.ts";
import { absolutePath } from "#platform/files.ts";
import { openInputFile } from "#platform/input_file.ts";
import type { RecordingConfig } from "#recording/config.ts";
import type {
  KeptSegment,
  Recordings,
  RecordingsConfig,
} from "#recording/recordings.ts";
import { repairSegment } from "#recording/repair.ts";
import { segmentNames } from "#recording/segment_files.ts";
import { S3Client } from "./s3_client.ts";
import {
  type S3Environment,
  s3ObjectUrl,
  type S3Target,
  s3TargetOf,
} from "./s3_target.ts";
import { openUploadJournal, type UploadJournal } from "./upload_journal.ts";
import { type UploadJob, UploadLane } from "./upload_lane.ts";
import { uploadObject } from "./upload_object.ts";

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

/** Where the files of an entry of the configuration are, and where they go. */
interface Route {
  readonly folder: string;
  readonly target: S3Target;
}

/**
 * Uploads every complete file of the entries of the configuration that say so.
 *
 * What is left to do is what is on the disk and not in the journal of its folder: nothing is lost when the server
 * ends or dies. A file is in the journal once the server has shown that it has all of it.
 */
export class Uploader implements AsyncDisposable {
  #options: UploaderOptions;
  #client: S3Client | undefined;
  #routes = new WeakMap<RecordingConfig, Route>();
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
    const { environment: { access, region }, clock, events } = options;
    this.#client = access && new S3Client({ access, region, clock });
    this.#listening = events.listen((event) => this.#handle(event));
    this.#working = this.#run();
  }

  /** The configuration has changed. */
  handleConfig(): void {
    const { config } = this.#options;
    const used = new Set<string>();
    for (const settings of config().paths.values()) {
      const route = this.#routeOf(settings);
      if (route) used.add(route.target.bucketUrl);
    }
    for (const [bucketUrl, lane] of this.#lanes) {
      if (used.has(bucketUrl)) continue;
      lane.stop();
      this.#lanes.delete(bucketUrl);
    }
    this.#pausing.abort();
  }

  /** Whether a file is to be uploaded, and is not known to be there. */
  async isWaiting({ file, settings }: KeptSegment): Promise<boolean> {
    const route = this.#routeOf(settings);
    if (route === undefined) return false;
    try {
      const journal = await this.#journalOf(route.folder);
      return !journal.urls.has(urlOf(file, route));
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
    const route = settings && this.#routeOf(settings);
    if (route) this.#add({ pathName, file: absolutePath(file) }, route);
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
    const { recordings, config } = this.#options;
    const settings = [...config().paths.values()];
    if (!settings.some((one) => this.#routeOf(one))) return;
    const gone = new Map<UploadJournal, Set<string>>();
    for await (const segment of recordings.all()) {
      if (this.#ending.signal.aborted) return;
      const route = this.#routeOf(segment.settings);
      if (route === undefined || recordings.isOpen(segment)) continue;
      const journal = await this.#journalOf(route.folder);
      const left = gone.get(journal) ?? new Set(journal.urls);
      gone.set(journal, left);
      const url = urlOf(segment.file, route);
      left.delete(url);
      if (!journal.urls.has(url)) this.#add(segment, route);
    }
    for (const [journal, urls] of gone) {
      if (urls.size > journal.urls.size / 2) await journal.forget(urls);
    }
  }

  #add(
    { pathName, file }: { readonly pathName: string; readonly file: string },
    route: Route,
  ): void {
    const { folder, target: { bucketUrl } } = route;
    const isInFolder = file.startsWith(folder) &&
      /[\\/]/.test(file.charAt(folder.length));
    if (!isInFolder) return; // a file of before the configuration has changed
    let lane = this.#lanes.get(bucketUrl);
    if (lane === undefined) {
      lane = this.#openLane();
      this.#lanes.set(bucketUrl, lane);
    }
    lane.add({ pathName, file, folder, url: urlOf(file, route) });
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
    });
    const settling = lane.settled.then(() => {
      this.#settling.delete(settling);
    });
    this.#settling.add(settling);
    return lane;
  }

  async #upload(job: UploadJob, signal: AbortSignal): Promise<void> {
    const { pathName, file, folder, url } = job;
    if (this.#client === undefined) {
      throw new Error(
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment",
      );
    }
    const logger = this.#loggerOf(pathName);
    try {
      await repair(file);
      using input = await openInputFile(file);
      const isNew = await uploadObject({
        client: this.#client,
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

  #routeOf(settings: RecordingConfig): Route | undefined {
    const known = this.#routes.get(settings);
    if (known) return known;
    const { region } = this.#options.environment;
    const target = s3TargetOf(settings, region);
    if (target === undefined) return undefined;
    const route = { folder: segmentNames(settings).folder, target };
    this.#routes.set(settings, route);
    return route;
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

/** Keys are names as they are below the folder. */
function urlOf(file: string, { folder, target }: Route): string {
  const name = file.slice(folder.length + 1).replaceAll("\\", "/");
  return s3ObjectUrl(target.bucketUrl, target.prefix + name);
}

function outcome(subject: string) {
  return { kind: "upload", subject };
}

/** A file of a recording that was cut off ends with its last whole part before it is uploaded. */
async function repair(file: string): Promise<void> {
  try {
    await repairSegment(file);
  } catch (error) {
    // What cannot be understood is uploaded as it is.
    if (!(error instanceof ParseError)) throw error;
  }
}
