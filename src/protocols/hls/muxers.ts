import { PathError } from "#core/errors.ts";
import type { ServerEvent } from "#core/ports.ts";
import type { HlsContext } from "./context.ts";
import { PathMuxer } from "./path_muxer.ts";

/** A muxer that failed without a request is made anew after this. */
const RETRY_MS = 10_000;

/** The muxers of all paths. */
export class Muxers implements Disposable {
  #context: HlsContext;
  #muxers = new Map<string, PathMuxer>();
  /** When muxers of streams that are always converted are made anew, by path. */
  #retryAtMs = new Map<string, number>();
  #listening: Disposable;
  #onClosed: (muxer: PathMuxer, reason: string) => void;

  /** `onClosed` is told of every muxer that ends. */
  constructor(
    context: HlsContext,
    onClosed: (muxer: PathMuxer, reason: string) => void,
  ) {
    this.#context = context;
    this.#onClosed = onClosed;
    const { events, paths } = context.ports;
    this.#listening = events.listen((event) => this.#handleEvent(event));
    if (!context.config.hlsAlwaysRemux) return;
    for (const { name } of paths.list()) this.#openAutomatic(name);
  }

  /** The muxer of a path, if it has one. */
  find(pathName: string): PathMuxer | undefined {
    return this.#muxers.get(pathName);
  }

  /** The muxer of a path that can be read; it is made if there is none. @throws {PathError} */
  need(pathName: string, requestedBy: string): PathMuxer {
    const known = this.#muxers.get(pathName);
    if (known) return known;
    const muxer = this.#open(pathName, false);
    if (!muxer) {
      const message = `no stream is available on path '${pathName}'`;
      throw new PathError("no_stream", message);
    }
    muxer.logger.info(`created (requested by ${requestedBy})`);
    this.#attach(muxer);
    return muxer;
  }

  /** Ends what nobody needs, and begins anew what failed. */
  tick(nowMs: number): void {
    for (const muxer of [...this.#muxers.values()]) muxer.tick(nowMs);
    for (const [pathName, atMs] of this.#retryAtMs) {
      if (nowMs >= atMs) this.#openAutomatic(pathName);
    }
  }

  /** Ends all. */
  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
    for (const muxer of [...this.#muxers.values()]) muxer[Symbol.dispose]();
  }

  #handleEvent(event: ServerEvent): void {
    if (event.type === "pathAvailable") {
      const muxer = this.#muxers.get(event.pathName);
      if (muxer) this.#attach(muxer);
      else if (this.#context.config.hlsAlwaysRemux) {
        this.#openAutomatic(event.pathName);
      }
    } else if (event.type === "pathUnavailable") {
      this.#retryAtMs.delete(event.pathName);
      this.#muxers.get(event.pathName)?.detach();
    }
  }

  #openAutomatic(pathName: string): void {
    this.#retryAtMs.delete(pathName);
    const muxer = this.#muxers.has(pathName)
      ? undefined
      : this.#open(pathName, true);
    if (!muxer) return;
    muxer.logger.info("created automatically");
    this.#attach(muxer);
  }

  #open(pathName: string, isAutomatic: boolean): PathMuxer | undefined {
    const { ports } = this.#context;
    if (!ports.paths.streamOf(pathName)) return undefined;
    const muxer: PathMuxer = new PathMuxer({
      context: this.#context,
      pathName,
      isAutomatic,
      onClosed: (reason) => this.#handleClosed(muxer, reason),
    });
    this.#muxers.set(pathName, muxer);
    return muxer;
  }

  #attach(muxer: PathMuxer): void {
    const stream = this.#context.ports.paths.streamOf(muxer.options.pathName);
    if (stream) muxer.attach(stream);
  }

  #handleClosed(muxer: PathMuxer, reason: string): void {
    const { pathName, isAutomatic } = muxer.options;
    const { ports: { paths, clock } } = this.#context;
    this.#muxers.delete(pathName);
    if (isAutomatic && paths.streamOf(pathName)) {
      this.#retryAtMs.set(pathName, clock.monotonicMs() + RETRY_MS);
    }
    this.#onClosed(muxer, reason);
  }
}
