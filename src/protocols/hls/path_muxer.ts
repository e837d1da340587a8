import { errorText } from "#base/errors.ts";
import { randomBytes } from "#base/crypto.ts";
import { type Logger, SampledWarning } from "#base/log.ts";
import { codecLabel } from "#codecs/codec.ts";
import type { Batch } from "#core/batch.ts";
import type { SessionInfo } from "#core/session_info.ts";
import type { Stream } from "#core/stream.ts";
import type { BatchSink, Subscription } from "#core/subscription.ts";
import type { Track } from "#core/track.ts";
import type { HlsContext } from "./context.ts";
import { DashPeriods } from "./engine/dash_periods.ts";
import { HlsMuxerError } from "./engine/errors.ts";
import type { HlsEngine } from "./engine/hls_engine.ts";
import { openEngine } from "./engine/open_engine.ts";
import {
  chooseTracks,
  isSameShape,
  type TrackChoice,
} from "./engine/track_choice.ts";
import { playlistFiles } from "./storage/playlist_files.ts";
import type { SegmentFolder } from "./storage/segment_folder.ts";

const PREFIX_BYTES = 6;

/** What may wait while segments are made: nothing does, the muxer takes everything at once. */
const QUEUE_LIMITS = {
  maxUnits: Infinity,
  maxBytes: Infinity,
  maxAgeMs: Infinity,
  onDrop: () => {},
} as const;

/** What a muxer is made of. */
export interface PathMuxerOptions {
  readonly context: HlsContext;
  readonly pathName: string;
  /** Made without a request; it lives as long as its stream does. */
  readonly isAutomatic: boolean;
  /** It cannot go on, or nobody needs it. */
  readonly onClosed: (reason: string) => void;
}

/** Makes the segments of one path, for all its viewers. */
export class PathMuxer implements BatchSink, Disposable {
  readonly id: string = crypto.randomUUID();
  readonly options: PathMuxerOptions;
  /** Bytes that viewers were sent. */
  outboundBytes = 0;
  #logger: Logger;
  #errors: SampledWarning;
  #lastError = "";
  #createdAtMs: number;
  #lastRequestAtMs: number;
  #lastRequestWallMs: number;
  /** Since when there is no publisher; undefined while there is one. */
  #idleSinceMs: number | undefined;
  #subscription: Subscription | undefined;
  #engine: HlsEngine | undefined;
  #dash = new DashPeriods();
  #tracks: readonly Track[] | undefined;
  #engineChanged = Promise.withResolvers<void>();
  #registration: Disposable;
  #folder: SegmentFolder | undefined;
  #closeReason: string | undefined;

  /** Waits for `attach()`. */
  constructor(options: PathMuxerOptions) {
    this.options = options;
    const { context: { ports, storage }, pathName } = options;
    const { clock, logger, sessions } = ports;
    this.#logger = logger.child(`muxer ${pathName}`);
    this.#errors = new SampledWarning(
      this.#logger,
      clock,
      (count) => `${count} unit(s) left out, last: ${this.#lastError}`,
    );
    this.#createdAtMs = clock.wallMs();
    this.#lastRequestWallMs = this.#createdAtMs;
    this.#lastRequestAtMs = clock.monotonicMs();
    this.#idleSinceMs = this.#lastRequestAtMs;
    this.#registration = sessions.register(this);
    this.#folder = storage?.open(
      pathName,
      this.#logger,
      () => this.#engine ? playlistFiles(this.#engine) : [],
    );
  }

  /** Whether it was told to end. */
  get isClosed(): boolean {
    return this.#closeReason !== undefined;
  }

  /** Why it has ended; undefined while it has not. */
  get closeReason(): string | undefined {
    return this.#closeReason;
  }

  /** Logger with the name of the path. */
  get logger(): Logger {
    return this.#logger;
  }

  /** What makes the segments, if there is something already. */
  get currentEngine(): HlsEngine | undefined {
    return this.isClosed ? undefined : this.#engine;
  }

  /** Takes what a publisher brings. */
  attach(stream: Stream): void {
    this.#subscription?.[Symbol.dispose]();
    this.#idleSinceMs = undefined;
    this.#subscription = stream.subscribe(this, QUEUE_LIMITS);
    this.#subscription.resume();
  }

  /** The publisher has left: what there is can be read on, for a while. */
  detach(): void {
    this.#subscription?.[Symbol.dispose]();
    this.#subscription = undefined;
    this.#idleSinceMs ??= this.options.context.ports.clock.monotonicMs();
    this.#run(() => this.#engine?.endEpoch());
  }

  /** Somebody asked for something. */
  handleRequest(): void {
    const { clock } = this.options.context.ports;
    this.#lastRequestAtMs = clock.monotonicMs();
    this.#lastRequestWallMs = clock.wallMs();
  }

  /** Part of the server's tick: ends it when nobody needs it. */
  tick(nowMs: number): void {
    const { isAutomatic, context: { config } } = this.options;
    const closeAfterMs = config.hlsMuxerCloseAfterMs;
    const isUnused = !isAutomatic &&
      nowMs - this.#lastRequestAtMs >= closeAfterMs;
    const idleSinceMs = this.#idleSinceMs ?? Infinity;
    if (isUnused) this.#close("not used anymore");
    else if (nowMs - idleSinceMs >= closeAfterMs) {
      this.#close("stream is not available");
    }
  }

  /** What makes the segments; waits until there is something. Output: undefined if the muxer ends before. */
  async engine(): Promise<HlsEngine | undefined> {
    while (this.#engine === undefined && !this.isClosed) {
      await this.#engineChanged.promise;
    }
    return this.currentEngine;
  }

  /** Manifest of MPEG-DASH, `URI_END` behind each URI; undefined if its variant has none. */
  dashManifest(): string | undefined {
    const { ports: { clock }, config } = this.options.context;
    const engine = this.#engine;
    if (engine === undefined || config.hlsVariant === "mpegts") {
      return undefined;
    }
    const { playlists, summary } = engine;
    return this.#dash.manifest(clock.wallMs(), playlists, summary);
  }

  deliver(batch: Batch): boolean {
    this.#run(() => {
      if (batch.tracks !== this.#tracks) this.#handleTracks(batch.tracks);
      this.#engine?.push(batch);
    });
    return true;
  }

  end(): void {
    this.#subscription = undefined;
  }

  describe(): SessionInfo {
    return {
      id: this.id,
      type: "hlsMuxer",
      createdAtMs: this.#createdAtMs,
      remoteAddress: "",
      state: "read",
      pathName: this.options.pathName,
      query: "",
      user: "",
      userAgent: "",
      inboundBytes: 0,
      outboundBytes: this.outboundBytes,
      droppedUnits: 0,
      lostPackets: 0,
      details: {
        lastRequest: new Date(this.#lastRequestWallMs).toISOString(),
        outboundFramesDiscarded: 0,
      },
    };
  }

  kick(reason: string): void {
    this.#close(reason);
  }

  [Symbol.dispose](): void {
    this.#close("terminated");
  }

  #handleTracks(tracks: readonly Track[]): void {
    const { config } = this.options.context;
    this.#tracks = tracks;
    const choice = chooseTracks(tracks, config.hlsVariant);
    const before = this.#engine;
    if (before && isSameShape(before.choice, choice)) before.setChoice(choice);
    else this.#replaceEngine(choice);
  }

  /** Other tracks than before: their playlists go on where the others ended. */
  #replaceEngine(choice: TrackChoice): void {
    const { config } = this.options.context;
    const before = this.#engine?.playlists.renditions[0]?.window;
    const isSeen = before !== undefined && before.mediaSegmentCount > 0;
    const engine = openEngine({
      variant: config.hlsVariant,
      segmentCount: config.hlsSegmentCount,
      segmentDurationMs: config.hlsSegmentDurationMs,
      partDurationMs: config.hlsPartDurationMs,
      maxSegmentBytes: config.hlsSegmentMaxSizeBytes,
      firstMsn: isSeen ? before.nextMsn : 0,
      discontinuitySequence: isSeen ? before.nextDiscontinuitySequence + 1 : 0,
      store: this.#folder,
      createPrefix: () => randomBytes(PREFIX_BYTES).toHex(),
      onTargetGrown: (message) => this.#logger.warn(message),
      onError: (message) => {
        this.#lastError = message;
        this.#errors.add(1);
      },
    }, choice);
    this.#engine?.playlists.end();
    this.#engine = engine;
    for (const { track, position } of choice.skipped) {
      this.#logger.warn(
        `skipping track ${position} (${codecLabel(track.codec)})`,
      );
    }
    const labels = choice.carried.map(({ track }) => codecLabel(track.codec));
    this.#logger.info(
      `is converting into HLS, ${labels.length} ${
        labels.length === 1 ? "track" : "tracks"
      } (${labels.join(", ")})`,
    );
    this.#tellWaiting();
  }

  #run(work: () => void): void {
    if (this.isClosed) return;
    try {
      work();
    } catch (error) {
      if (
        error instanceof HlsMuxerError && error.code !== "segment_too_large"
      ) {
        this.#logger.warn(error.message);
      } else this.#logger.error(`muxer instance crashed: ${errorText(error)}`);
      this.#close(errorText(error));
    }
  }

  #tellWaiting(): void {
    const changed = this.#engineChanged;
    this.#engineChanged = Promise.withResolvers();
    changed.resolve();
  }

  #close(reason: string): void {
    if (this.isClosed) return;
    this.#closeReason = reason;
    this.#subscription?.[Symbol.dispose]();
    this.#subscription = undefined;
    this.#engine?.playlists.end();
    const { pathName, context: { storage } } = this.options;
    if (this.#folder) storage?.close(pathName, this.#folder);
    this.#tellWaiting();
    this.#registration[Symbol.dispose]();
    this.#errors[Symbol.dispose]();
    this.#logger.info(`destroyed: ${reason}`);
    this.options.onClosed(reason);
  }
}
