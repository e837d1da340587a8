import { pause } from "#base/abort.ts";
import type { Clock } from "#base/clock.ts";
import type { Logger } from "#base/log.ts";
import type { EventPort, PathDirectory, ServerEvent } from "#core/ports.ts";
import type { Stream } from "#core/stream.ts";
import { type Disk, systemDisk } from "#platform/disk.ts";
import { environment } from "#platform/env.ts";
import type { RecordingConfig } from "./config.ts";
import type { PathRecorder } from "./path_recorder.ts";
import { Recordings, type RecordingsConfig } from "./recordings.ts";
import { Retention } from "./retention.ts";
import { s3EnvironmentOf } from "./upload/s3_target.ts";
import { Uploader } from "./upload/uploader.ts";

/** At the end, a disk that does nothing for so long is left behind. */
const DISK_END_MS = 1_500;
const DISK_POLL_MS = 250;

/** What a recorder is given. */
export interface RecorderOptions {
  readonly config: RecordingsConfig;
  readonly paths: PathDirectory;
  readonly events: EventPort;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The files of this machine, if left out. */
  readonly disk?: Disk;
}

/** Somebody has told a path to record, or not to. */
interface Order {
  readonly isOn: boolean;
  /** What the configuration said then: when it says something else, that counts. */
  readonly record: boolean;
}

/** Records every path whose configuration says so while it can be read, and keeps the files in order. */
export class Recorder implements AsyncDisposable {
  /** The files there are. */
  readonly recordings: Recordings;
  #options: RecorderOptions;
  #config: RecordingsConfig;
  #groups = new Map<string, readonly string[]>();
  #orders = new Map<string, Order>();
  #running = new Map<string, PathRecorder>();
  /** Recorders that have been stopped while the disk has not taken everything yet, by what {@linkcode filesOf} says. */
  #settling = new Map<string, PathRecorder>();
  #openFiles = new Set<string>();
  /** What records a path, once it is loaded: nobody waits at the start for what is not used. */
  #recorderClass: typeof PathRecorder | undefined;
  #loading: Promise<void> | undefined;
  #isEnding = false;
  #uploader: Uploader;
  #retention: Retention;
  #listening: Disposable;

  /** Records from now on. */
  constructor(options: RecorderOptions) {
    const { config, events, clock, logger } = options;
    this.#options = options;
    this.#config = config;
    this.recordings = new Recordings(() => this.#config, this.#openFiles);
    this.#listening = events.listen((event) => this.#handle(event));
    if (this.recordings.settings.some(({ record }) => record)) this.#load();
    this.#updateAll();
    this.#uploader = new Uploader({
      config: () => this.#config,
      recordings: this.recordings,
      environment: s3EnvironmentOf(environment()),
      ...{ events, clock, logger },
    });
    this.#retention = new Retention({
      recordings: this.recordings,
      isWaiting: (segment) => this.#uploader.isWaiting(segment),
      onLost: ({ pathName, file }) =>
        events.emit({
          type: "failed",
          kind: "upload",
          subject: pathName,
          reason: `removed ${file}, which was not uploaded`,
        }),
      clock,
      logger: logger.child("record cleaner"),
    });
  }

  /** Takes another configuration; the paths have it already. Recordings whose keys are the same go on. */
  replace(config: RecordingsConfig): void {
    this.#config = config;
    this.#updateAll();
    this.#uploader.handleConfig();
    this.#retention.check();
  }

  /**
   * Tells a path to record, or not to, whatever its configuration says: until that says something else, or the
   * path is closed.
   *
   * Output: false if there is no such path.
   */
  order(pathName: string, isOn: boolean): boolean {
    const settings = this.#settingsOf(pathName);
    if (settings === undefined) return false;
    this.#orders.set(pathName, { isOn, record: settings.record });
    this.#update(pathName);
    return true;
  }

  /** Ends every recording and waits until the disk has everything, or hangs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    this.#listening[Symbol.dispose]();
    for (const pathName of [...this.#running.keys()]) this.#stop(pathName);
    await this.#loading;
    await this.#whileDiskWorks(Promise.all([
      this.#retention[Symbol.asyncDispose](),
      ...Array.from(this.#settling.values(), ({ settled }) => settled),
    ]));
    await this.#uploader[Symbol.asyncDispose]();
  }

  /** Waits for `work`, unless the disk does nothing of it any more. */
  async #whileDiskWorks(work: Promise<unknown>): Promise<void> {
    const { clock, logger } = this.#options;
    const ending = new AbortController();
    const done = work.then(() => ending.abort());
    let left = Infinity;
    let workedAtMs = 0;
    while (!ending.signal.aborted) {
      const nowMs = clock.monotonicMs();
      if (this.#waitingSteps !== left) workedAtMs = nowMs;
      else if (nowMs - workedAtMs >= DISK_END_MS) {
        if (this.#settling.size === 0) return;
        return logger.error(
          "the disk hangs: files are left as they are, the next start repairs them",
        );
      }
      left = this.#waitingSteps;
      await pause(clock, DISK_POLL_MS, ending.signal);
    }
    await done;
  }

  get #waitingSteps(): number {
    return this.#settling.values().reduce(
      (sum, { waitingSteps }) => sum + waitingSteps,
      0,
    );
  }

  /** What a path publishes meanwhile is in the group of pictures that is kept for those who come late. */
  #load(): void {
    this.#loading ??= import("./path_recorder.ts").then((loaded) => {
      this.#recorderClass = loaded.PathRecorder;
      if (!this.#isEnding) this.#updateAll();
    });
  }

  #updateAll(): void {
    for (const { name } of this.#options.paths.list()) this.#update(name);
  }

  #handle(event: ServerEvent): void {
    switch (event.type) {
      case "pathOpened":
        return void this.#groups.set(event.pathName, event.groups);
      case "pathAvailable":
        return this.#update(event.pathName);
      case "pathUnavailable":
        return this.#stop(event.pathName);
      case "segmentCompleted":
        return this.#retention.handleSegment();
      case "failed":
        // The disk may be full.
        if (event.kind === "recording") this.#retention.handleSegment();
        return;
      case "pathClosed":
        this.#groups.delete(event.pathName);
        this.#orders.delete(event.pathName);
        return this.#stop(event.pathName);
    }
  }

  /** Starts, stops, or begins anew, as the configuration and orders say. */
  #update(pathName: string): void {
    const { paths } = this.#options;
    const settings = this.#settingsOf(pathName);
    const stream = paths.streamOf(pathName);
    const order = this.#orders.get(pathName);
    const isOn = order && order.record === settings?.record
      ? order.isOn
      : settings?.record;
    const running = this.#running.get(pathName);
    if (settings === undefined || stream === undefined || !isOn) {
      this.#stop(pathName);
    } else if (running && isSameRecording(running.settings, settings)) return;
    else {
      this.#stop(pathName);
      this.#start(pathName, stream, settings);
    }
  }

  #settingsOf(pathName: string): RecordingConfig | undefined {
    const confName = this.#options.paths.find(pathName)?.confName;
    return confName === undefined
      ? undefined
      : this.#config.paths.get(confName);
  }

  #start(pathName: string, stream: Stream, settings: RecordingConfig): void {
    if (this.#recorderClass === undefined) return this.#load();
    const { paths, events, clock, logger, disk = systemDisk } = this.#options;
    const recorder = new this.#recorderClass({
      pathName,
      confName: paths.find(pathName)!.confName,
      groups: this.#groups.get(pathName) ?? [],
      stream,
      settings,
      disk,
      clock,
      logger: logger.child(`path ${pathName}`).child("recorder"),
      events,
      after: this.#settling.get(filesOf(pathName, settings))?.settled ??
        Promise.resolve(),
      openFiles: this.#openFiles,
    });
    this.#running.set(pathName, recorder);
  }

  #stop(pathName: string): void {
    const recorder = this.#running.get(pathName);
    if (recorder === undefined) return;
    this.#running.delete(pathName);
    recorder.stop();
    const files = filesOf(pathName, recorder.settings);
    this.#settling.set(files, recorder);
    void recorder.settled.finally(() => {
      if (this.#settling.get(files) === recorder) this.#settling.delete(files);
    });
  }
}

/** What two recorders of a path must not share at the same time; one whose disk hangs does not stop the other. */
function filesOf(
  pathName: string,
  { recordPath, recordFormat }: RecordingConfig,
): string {
  return `${recordFormat} ${pathName} ${recordPath}`;
}

/** What is recorded under one goes on under the other. */
function isSameRecording(a: RecordingConfig, b: RecordingConfig): boolean {
  return a.recordPath === b.recordPath && a.recordFormat === b.recordFormat &&
    a.recordPartDurationMs === b.recordPartDurationMs &&
    a.recordMaxPartSizeBytes === b.recordMaxPartSizeBytes &&
    a.recordSegmentDurationMs === b.recordSegmentDurationMs;
}
