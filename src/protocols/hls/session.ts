import type { AccessRequest } from "#base/access.ts";
import { errorText } from "#base/errors.ts";
import type { Logger } from "#base/log.ts";
import { PathError } from "#core/errors.ts";
import type { ReadGrant } from "#core/ports.ts";
import type { SessionInfo } from "#core/session_info.ts";
import type { HlsContext } from "./context.ts";

/** A viewer that asks for nothing for so long has left. */
const INACTIVE_MS = 30_000;

/** What a session is made of. */
export interface HlsSessionOptions {
  readonly context: HlsContext;
  readonly id: string;
  /** Who watches, as it was let in. */
  readonly request: AccessRequest;
  /** `IP:port` of its first request. */
  readonly remoteAddress: string;
  /** All viewers of a delivery network are one session. */
  readonly isCdn: boolean;
  readonly onClosed: () => void;
}

/** One viewer of a path, or a delivery network: requests that belong together. */
export class HlsSession implements AsyncDisposable {
  readonly options: HlsSessionOptions;
  readonly logger: Logger;
  /** What the viewer proves itself with. */
  readonly secret: string = crypto.randomUUID();
  #outboundBytes = 0;
  #createdAtMs: number;
  #lastRequestAtMs: number;
  #grant: ReadGrant | undefined;
  #registration: Disposable | undefined;
  /** Whether it is asking to read again, and must do so once more. */
  #isAsking = false;
  #mustAsk = false;
  #regaining: Promise<void> | undefined;
  #closed = new AbortController();

  /** Use {@linkcode HlsSession.open}. */
  constructor(options: HlsSessionOptions) {
    this.options = options;
    const { clock, logger } = options.context.ports;
    this.logger = logger.child(`session ${options.id.slice(0, 8)}`);
    this.#createdAtMs = clock.wallMs();
    this.#lastRequestAtMs = clock.monotonicMs();
  }

  /** Lets a viewer in; waits for a stream that comes on demand. @throws {PathError | AuthenticationError} */
  async open(): Promise<void> {
    const { context: { ports }, remoteAddress, request } = this.options;
    const grant = await this.#ask(request);
    this.#grant = grant;
    this.#registration = ports.sessions.register(this);
    this.logger.info(`created by ${remoteAddress}`);
    ports.events.emit({ type: "sessionOpened", session: this.describe() });
    this.#begin(grant);
  }

  /** Whether later requests of it are not let in. */
  get isClosed(): boolean {
    return this.#closed.signal.aborted;
  }

  /** Name of what is watched. */
  get pathName(): string {
    return this.options.request.pathName;
  }

  /** A request of it was answered with so many bytes. */
  handleRequest(sentBytes: number): void {
    this.#lastRequestAtMs = this.options.context.ports.clock.monotonicMs();
    this.#outboundBytes += sentBytes;
  }

  /** Part of the server's tick. */
  tick(nowMs: number): void {
    if (nowMs - this.#lastRequestAtMs >= INACTIVE_MS) this.close("inactive");
  }

  /** The path has a publisher again. */
  handleStream(): void {
    if (this.#grant === undefined) this.#regain();
  }

  describe(): SessionInfo {
    const { id, request, remoteAddress, isCdn } = this.options;
    return {
      id,
      type: "hlsSession",
      createdAtMs: this.#createdAtMs,
      remoteAddress,
      state: "read",
      pathName: request.pathName,
      query: request.query,
      user: this.#grant?.user ?? "",
      userAgent: request.userAgent,
      inboundBytes: 0,
      outboundBytes: this.#outboundBytes,
      droppedUnits: 0,
      lostPackets: 0,
      details: { isCDN: isCdn },
    };
  }

  kick(): void {
    this.close("kicked");
  }

  /** Ends it; later requests are not let in. Idempotent. */
  close(reason: string): void {
    if (this.isClosed) return;
    this.#closed.abort(new DOMException(reason, "AbortError"));
    const { context: { ports }, onClosed } = this.options;
    const session = this.describe();
    this.#releaseGrant();
    this.#registration?.[Symbol.dispose]();
    this.logger.info(`closed: ${reason}`);
    ports.events.emit({ type: "sessionClosed", session, reason });
    onClosed();
  }

  /** Ends it, and waits for what it asked. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close("terminated");
    await this.#regaining;
  }

  async #ask(request: AccessRequest): Promise<ReadGrant> {
    return await this.options.context.ports.access.read(request, {
      logger: this.logger,
      describe: () => this.describe(),
    });
  }

  #begin(grant: ReadGrant): void {
    if (grant !== this.#grant) return;
    this.#emit("readingStarted");
    const { revoked } = grant;
    const end = () => this.#handleRevoked(grant);
    if (revoked.aborted) end();
    else revoked.addEventListener("abort", end, { once: true });
  }

  #releaseGrant(): void {
    const grant = this.#grant;
    if (grant === undefined) return;
    this.#emit("readingStopped");
    this.#grant = undefined;
    grant[Symbol.dispose]();
  }

  /** A publisher that leaves takes the permission with it, but may come back. */
  #handleRevoked(grant: ReadGrant): void {
    if (grant !== this.#grant) return;
    const { paths } = this.options.context.ports;
    const { pathName } = this;
    const isOutage = paths.find(pathName) !== undefined &&
      paths.streamOf(pathName) === undefined;
    if (!isOutage) {
      this.close(errorText(grant.revoked.reason));
      return;
    }
    this.#releaseGrant();
    this.#regain();
  }

  /** Asks to read again: now if the stream comes on demand, or else with its next publisher. */
  #regain(): void {
    this.#mustAsk = true;
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#regaining = this.#askWhileNeeded();
  }

  /** Never rejects. A publisher may come just when the answer was that there is none. */
  async #askWhileNeeded(): Promise<void> {
    const { request } = this.options;
    const { signal } = this.#closed;
    while (this.#mustAsk && this.#grant === undefined && !this.isClosed) {
      this.#mustAsk = false;
      try {
        using undo = new DisposableStack();
        const grant = undo.use(await this.#ask({ ...request, signal }));
        if (this.isClosed) break;
        undo.move();
        this.#grant = grant;
        this.#begin(grant);
      } catch (error) {
        const { paths } = this.options.context.ports;
        const isOutage = paths.streamOf(this.pathName) === undefined ||
          error instanceof PathError && error.code === "no_stream";
        if (!isOutage) this.close(errorText(error));
      }
    }
    this.#isAsking = false;
  }

  #emit(type: "readingStarted" | "readingStopped"): void {
    const { pathName } = this;
    const session = this.describe();
    this.options.context.ports.events.emit({ type, pathName, session });
  }
}
