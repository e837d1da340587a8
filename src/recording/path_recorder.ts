import type { Clock } from "#base/clock.ts";
import { errorText } from "#base/errors.ts";
import { type Logger, SampledWarning } from "#base/log.ts";
import { codecLabel } from "#codecs/codec.ts";
import type { Batch } from "#core/batch.ts";
import type { EventPort } from "#core/ports.ts";
import type { Stream } from "#core/stream.ts";
import type {
  BatchSink,
  QueueLimits,
  Subscription,
} from "#core/subscription.ts";
import type { Track } from "#core/track.ts";
import { mp4CodecOf } from "#formats/fmp4/mp4_codecs.ts";
import type { Disk } from "#platform/disk.ts";
import type { RecordingConfig } from "./config.ts";
import { Fmp4Segmenter } from "./fmp4_segmenter.ts";
import { isInMpegts, MpegtsSegmenter } from "./mpegts_segmenter.ts";
import { SegmentNames } from "./segment_names.ts";
import { SegmentWriter } from "./segment_writer.ts";
import type { Segmenter } from "./segmenter.ts";

/** Pause after a failure; each one in a row doubles it, up to the longest. */
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;

/** A recording that has done so long was no failure in a row. */
const SOUND_AFTER_MS = 60_000;

/** It takes what comes at once; what waits for the disk is bounded by the writer. */
const UNLIMITED: QueueLimits = {
  maxUnits: Infinity,
  maxBytes: Infinity,
  maxAgeMs: Infinity,
  onDrop: () => {},
};

/** What the recorder of a path is given. */
export interface PathRecorderOptions {
  readonly pathName: string;
  /** Key of the path's entry in the configuration. */
  readonly confName: string;
  /** What the groups of the entry's pattern took. */
  readonly groups: readonly string[];
  readonly stream: Stream;
  readonly settings: RecordingConfig;
  readonly disk: Disk;
  readonly clock: Clock;
  /** Logger of the recorder of this path. */
  readonly logger: Logger;
  readonly events: Pick<EventPort, "emit">;
  /** Nothing is written before: another recorder of the path may have files open. */
  readonly after: Promise<void>;
  /** Files that are written now, absolute. */
  readonly openFiles: Set<string>;
}

/** Records what the stream of a path brings, until it is stopped; a disk that fails is tried again. */
export class PathRecorder implements BatchSink {
  /** Keys that it records under. */
  readonly settings: RecordingConfig;
  #options: PathRecorderOptions;
  #names: SegmentNames;
  #warnings: SampledWarning;
  #lastWarning = "";
  #subscription: Subscription | undefined;
  #segmenter: Segmenter | undefined;
  #writer: SegmentWriter | undefined;
  #startedAtMs = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #cancelPause: (() => void) | undefined;
  #isStopped = false;

  /** Records from now on. */
  constructor(options: PathRecorderOptions) {
    const { settings, logger, clock } = options;
    this.settings = settings;
    this.#options = options;
    const extension = settings.recordFormat === "fmp4" ? ".mp4" : ".ts";
    this.#names = new SegmentNames(settings.recordPath + extension);
    this.#warnings = new SampledWarning(
      logger,
      clock,
      (count) =>
        count === 1
          ? this.#lastWarning
          : `${count} warnings, last was: ${this.#lastWarning}`,
    );
    this.#start();
  }

  /** Settles when the disk has everything; a disk may hang. */
  get settled(): Promise<void> {
    return this.#writer?.settled ?? this.#options.after;
  }

  /** What the disk has still to do, in steps; they get fewer as long as it works. */
  get waitingSteps(): number {
    return this.#writer?.waitingSteps ?? 0;
  }

  /** Part of the stream. Hot path. */
  deliver(batch: Batch): boolean {
    try {
      this.#segmenter?.push(batch);
    } catch (error) {
      this.#fail(errorText(error));
    }
    return true;
  }

  /** Part of the stream: it has ended. */
  end(): void {
    this.stop();
  }

  /** Ends the recording; what was brought is still written. Idempotent. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#cancelPause?.();
    const segmenter = this.#segmenter;
    this.#leave();
    try {
      segmenter?.end();
    } catch (error) {
      this.#options.logger.error(errorText(error));
    }
    if (segmenter) this.#options.logger.info("recording stopped");
    this.#warnings[Symbol.dispose]();
  }

  #start(): void {
    const { stream, logger, clock } = this.#options;
    const isFmp4 = this.settings.recordFormat === "fmp4";
    const carried = this.#carriedTracks(isFmp4 ? isInFmp4 : isInMpegts);
    if (carried.length === 0) {
      logger.warn("no supported tracks found, skipping recording");
      return;
    }
    this.#startedAtMs = clock.monotonicMs();
    this.#writer = this.#openWriter();
    const options = {
      settings: this.settings,
      output: this.#writer,
      onWarning: (message: string) => {
        this.#lastWarning = message;
        this.#warnings.add(1);
      },
    };
    this.#segmenter = isFmp4
      ? new Fmp4Segmenter(options)
      : new MpegtsSegmenter(options);
    const labels = carried.map(({ codec }) => codecLabel(codec)).join(", ");
    const noun = carried.length === 1 ? "track" : "tracks";
    logger.info(`recording ${carried.length} ${noun} (${labels})`);
    this.#subscription = stream.subscribe(this, UNLIMITED);
    this.#subscription.resume();
  }

  #carriedTracks(carries: (track: Track) => boolean): readonly Track[] {
    const { stream: { tracks }, logger } = this.#options;
    tracks.forEach((track, i) => {
      if (carries(track)) return;
      logger.warn(`skipping track ${i + 1} (${codecLabel(track.codec)})`);
    });
    return tracks.filter(carries);
  }

  #openWriter(): SegmentWriter {
    const { pathName, confName, groups, events, openFiles } = this.#options;
    const { disk, clock, logger } = this.#options;
    const path = { pathName, confName, groups };
    return new SegmentWriter({
      disk,
      clock,
      maxWaitingBytes: this.settings.recordMaxPartSizeBytes,
      nameOf: (startUs) => this.#names.format({ pathName, startUs }),
      after: this.settled,
      openFiles,
      onCreated: (file) => {
        logger.debug(`creating segment ${file}`);
        events.emit({ type: "segmentCreated", ...path, file, durationMs: 0 });
      },
      onCompleted: (file, durationMs) => {
        logger.debug(`closing segment ${file}`);
        events.emit({ type: "segmentCompleted", ...path, file, durationMs });
      },
      onFailure: (reason) => this.#fail(reason),
    });
  }

  /** Takes nothing more of the stream. */
  #leave(): void {
    this.#subscription?.[Symbol.dispose]();
    this.#subscription = undefined;
    this.#segmenter = undefined;
  }

  /** Begins anew after a pause, once the disk has answered. */
  #fail(reason: string): void {
    const { logger, clock, events, pathName: subject } = this.#options;
    logger.error(reason);
    events.emit({ type: "failed", kind: "recording", subject, reason });
    this.#leave();
    if (this.#isStopped) return;
    const lastedMs = clock.monotonicMs() - this.#startedAtMs;
    if (lastedMs > SOUND_AFTER_MS) this.#pauseMs = FIRST_PAUSE_MS;
    this.#cancelPause = clock.after(this.#pauseMs, () => {
      void this.settled.then(() => {
        if (!this.#isStopped) this.#start();
      });
    });
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
  }
}

function isInFmp4({ codec }: Track): boolean {
  return mp4CodecOf(codec) !== undefined;
}
