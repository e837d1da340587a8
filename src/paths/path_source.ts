import type { Clock } from "#base/clock.ts";
import type { Logger } from "#base/log.ts";
import { PathError } from "#core/errors.ts";
import type { PublishGrant, SessionOwner } from "#core/ports.ts";
import type { SessionInfo } from "#core/session_info.ts";
import type {
  PullLimits,
  PullSettings,
  PullSource,
} from "#sources/pull_source.ts";
import { StaticSource } from "#sources/static_source.ts";
import { type DemandEnd, OnDemand } from "./on_demand.ts";

/** Keys of the configuration that say where a path's stream comes from. */
export interface PathSourceSettings extends PullSettings {
  readonly source: string;
  readonly sourceOnDemand: boolean;
  readonly sourceOnDemandStartTimeoutMs: number;
  readonly sourceOnDemandCloseAfterMs: number;
  readonly sourceReconnectMinMs: number;
  readonly sourceReconnectMaxMs: number;
  readonly runOnDemand: string;
  readonly runOnDemandRestart: boolean;
  readonly runOnDemandStartTimeoutMs: number;
  readonly runOnDemandCloseAfterMs: number;
  readonly runOnUnDemand: string;
}

/** Somebody wants to read a path: what a command that brings its stream is told. */
export interface Demand {
  readonly pathName: string;
  /** What the groups of the path's pattern took. */
  readonly groups: readonly string[];
  /** Query of the first requester's URL, without the question mark. */
  readonly query: string;
  readonly settings: PathSourceSettings;
  /** Logger of the path. */
  readonly logger: Logger;
}

/** What the sources of all paths share. */
export interface SourcePorts {
  /** Every kind of source that can be pulled. */
  readonly sources: readonly PullSource[];
  readonly limits: PullLimits;
  /** Runs a path's `runOnDemand`; what it returns stops it. */
  readonly runDemand: (demand: Demand) => (reason: DemandEnd) => void;
}

/** What a path's source is made of. */
export interface PathSourceOptions {
  readonly pathName: string;
  readonly groups: readonly string[];
  readonly settings: PathSourceSettings;
  readonly ports: SourcePorts;
  readonly clock: Clock;
  /** Logger of the path. */
  readonly logger: Logger;
  /** Lets the source publish. */
  readonly publish: (owner: SessionOwner) => PublishGrant;
  /** What was started has ended. */
  readonly onStopped: () => void;
}

/** Where a path's stream comes from if no client brings it by itself: pulled, or published by a command. */
export class PathSource {
  /** Pulls the stream; undefined if clients publish it. */
  readonly pulled: StaticSource | undefined;
  #options: PathSourceOptions;
  #demand: OnDemand | undefined;
  #grant: PublishGrant | undefined;
  #stopCommand: (reason: DemandEnd) => void = () => {};

  /** Does nothing until `start()` or the first request. */
  constructor(options: PathSourceOptions) {
    this.#options = options;
    this.pulled = this.#openPulled();
    this.#grant = this.pulled && options.publish(this.pulled);
    this.#demand = this.#openDemand();
  }

  /** What feeds the path, or will; undefined if clients do. */
  get name(): Pick<SessionInfo, "type" | "id"> | undefined {
    if (this.#options.settings.source === "redirect") {
      return { type: "redirect", id: "" };
    }
    return this.pulled && { type: this.pulled.describe().type, id: "" };
  }

  /** Something runs, or somebody waits for it. */
  get isActive(): boolean {
    return !!this.#demand?.isActive || !!this.pulled?.isRunning;
  }

  /** Whether these settings bring a stream when somebody asks for it. */
  static isOnDemand(settings: PathSourceSettings): boolean {
    const { source, sourceOnDemand, runOnDemand } = settings;
    return source === "publisher" ? runOnDemand !== "" : sourceOnDemand;
  }

  /** Begins to pull, unless it is done on demand. */
  start(): void {
    if (!this.#demand) this.pulled?.start(this.#url(""));
  }

  /** Waits for a stream that is not there. @throws {PathError} if it does not come. */
  async request(query: string, signal: AbortSignal): Promise<void> {
    if (this.#demand) return await this.#demand.request(query, signal);
    throw new PathError(
      "no_stream",
      `no stream is available on path '${this.#options.pathName}'`,
    );
  }

  /** The stream is there. */
  handleStream(): void {
    this.#demand?.handleStream();
  }

  /** The stream is gone. */
  handleLoss(): void {
    this.#demand?.handleLoss();
  }

  /** The number of readers has changed. */
  handleReaders(count: number): void {
    this.#demand?.handleReaders(count);
  }

  /** Stops for good; settles when nothing runs any more. */
  async close(): Promise<void> {
    this.#demand?.close();
    this.pulled?.stop("path is closing");
    await this.pulled?.stopped;
  }

  #openPulled(): StaticSource | undefined {
    const { pathName, settings, ports, clock, logger, onStopped } =
      this.#options;
    const scheme = settings.source.split(":", 1)[0]!;
    const source = ports.sources.find((one) => one.schemes.includes(scheme));
    if (!source) return undefined;
    return new StaticSource({
      pathName,
      source,
      settings,
      limits: ports.limits,
      reconnect: {
        minMs: settings.sourceReconnectMinMs,
        maxMs: settings.sourceReconnectMaxMs,
      },
      isOnDemand: settings.sourceOnDemand,
      clock,
      logger,
      attach: (tracks) => this.#grant!.attach(tracks),
      onLost: () => {
        this.#grant!.detach();
        this.#demand?.handleFailure();
      },
      onStopped,
    });
  }

  #openDemand(): OnDemand | undefined {
    const { pathName, clock, settings, onStopped } = this.#options;
    if (!PathSource.isOnDemand(settings)) return undefined;
    const { pulled } = this;
    const common = { pathName, clock };
    if (pulled) {
      return new OnDemand({
        ...common,
        startTimeoutMs: settings.sourceOnDemandStartTimeoutMs,
        closeAfterMs: settings.sourceOnDemandCloseAfterMs,
        start: (query) => pulled.start(this.#url(query)),
        stop: (reason) => pulled.stop(reason),
      });
    }
    if (settings.source !== "publisher") return undefined;
    return new OnDemand({
      ...common,
      startTimeoutMs: settings.runOnDemandStartTimeoutMs,
      closeAfterMs: settings.runOnDemandCloseAfterMs,
      start: (query) => {
        const { groups, ports, logger } = this.#options;
        const demand = { pathName, groups, query, settings, logger };
        this.#stopCommand = ports.runDemand(demand);
      },
      stop: (reason) => {
        this.#stopCommand(reason);
        onStopped();
      },
    });
  }

  /** Address of the source: `$G12` before `$G1`, or the longer one would never be seen. */
  #url(query: string): string {
    const { settings, groups } = this.#options;
    let url = settings.source;
    for (let i = groups.length; i > 0; i--) {
      url = url.replaceAll(`$G${i}`, () => groups[i - 1]!);
    }
    return url.replaceAll("$MTX_QUERY", () => query);
  }
}
