import type { AccessRequest } from "#base/access.ts";
import type { Logger } from "#base/log.ts";
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
export class HlsSession implements Disposable {
  readonly options: HlsSessionOptions;
  readonly logger: Logger;
  /** What the viewer proves itself with. */
  readonly secret: string = crypto.randomUUID();
  #outboundBytes = 0;
  #createdAtMs: number;
  #lastRequestAtMs: number;
  #grant: ReadGrant | undefined;
  #registration: Disposable | undefined;
  #isRegaining = false;
  #isClosed = false;

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
    const { context: { ports }, remoteAddress } = this.options;
    await this.#takeGrant();
    this.#registration = ports.sessions.register(this);
    this.logger.info(`created by ${remoteAddress}`);
    ports.events.emit({ type: "sessionOpened", session: this.describe() });
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
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { context: { ports }, onClosed } = this.options;
    const session = this.describe();
    this.#releaseGrant();
    this.#registration?.[Symbol.dispose]();
    this.logger.info(`closed: ${reason}`);
    ports.events.emit({ type: "sessionClosed", session, reason });
    onClosed();
  }

  [Symbol.dispose](): void {
    this.close("terminated");
  }

  async #takeGrant(): Promise<void> {
    const { context: { ports }, request } = this.options;
    const owner = { logger: this.logger, describe: () => this.describe() };
    const grant = await ports.access.read(request, owner);
    if (this.#isClosed) {
      grant[Symbol.dispose]();
      return;
    }
    this.#grant = grant;
    this.#emit("readingStarted");
    grant.revoked.addEventListener("abort", () => this.#handleRevoked(grant));
  }

  #releaseGrant(): void {
    const grant = this.#grant;
    if (grant === undefined) return;
    this.#emit("readingStopped");
    grant[Symbol.dispose]();
    this.#grant = undefined;
  }

  /** A publisher that leaves takes the permission with it, but may come back. */
  #handleRevoked({ revoked }: ReadGrant): void {
    const { paths } = this.options.context.ports;
    const { pathName } = this;
    const isOutage = paths.find(pathName) !== undefined &&
      paths.streamOf(pathName) === undefined;
    if (!isOutage) {
      this.close(revoked.reason.message);
      return;
    }
    this.#releaseGrant();
    this.#regain();
  }

  /** Asks to read again: now if the stream comes on demand, or else with its next publisher. */
  #regain(): void {
    if (this.#isRegaining || this.#isClosed) return;
    this.#isRegaining = true;
    const { paths } = this.options.context.ports;
    this.#takeGrant().then(undefined, (error: Error) => {
      if (paths.streamOf(this.pathName)) this.close(error.message);
    }).finally(() => {
      this.#isRegaining = false;
    });
  }

  #emit(type: "readingStarted" | "readingStopped"): void {
    const { pathName } = this;
    const session = this.describe();
    this.options.context.ports.events.emit({ type, pathName, session });
  }
}
