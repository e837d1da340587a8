import { HttpError } from "#http/http_error.ts";
import type { HlsContext } from "./context.ts";
import { HlsSession, type HlsSessionOptions } from "./session.ts";

/** Sessions at the same time. */
const MAX_SESSIONS = 16_384;

/** All viewers. */
export class HlsSessions implements AsyncDisposable {
  #context: HlsContext;
  #bySecret = new Map<string, HlsSession>();
  /** Those of delivery networks, by path. */
  #ofCdn = new Map<string, Promise<HlsSession>>();
  #listening: Disposable;

  /** Starts without viewers. */
  constructor(context: HlsContext) {
    this.#context = context;
    this.#listening = context.ports.events.listen((event) => {
      if (event.type !== "pathAvailable") return;
      for (const session of this.#of(event.pathName)) session.handleStream();
    });
  }

  /** The viewer with this secret, if it watches this path from this address. */
  find(secret: string, pathName: string, ip: string): HlsSession | undefined {
    const session = this.#bySecret.get(secret);
    const isHis = session?.pathName === pathName &&
      session.options.request.ip === ip;
    return isHis ? session : undefined;
  }

  /** Lets a viewer in. @throws {PathError | AuthenticationError | HttpError} */
  async open(
    options: Omit<HlsSessionOptions, "context" | "onClosed">,
  ): Promise<HlsSession> {
    if (this.#bySecret.size >= MAX_SESSIONS) {
      throw new HttpError(503, "too many sessions");
    }
    const session: HlsSession = new HlsSession({
      ...options,
      context: this.#context,
      onClosed: () => void this.#bySecret.delete(session.secret),
    });
    await session.open();
    if (!session.isClosed) this.#bySecret.set(session.secret, session);
    return session;
  }

  /** The one session of all delivery networks on a path; `open` makes it. @throws {PathError} */
  async ofCdn(
    pathName: string,
    open: () => Promise<HlsSession>,
  ): Promise<HlsSession> {
    const before = this.#ofCdn.get(pathName);
    const known = await before;
    if (known && this.#bySecret.get(known.secret) === known) return known;
    // Somebody else found out at the same time.
    if (this.#ofCdn.get(pathName) !== before) {
      return await this.ofCdn(pathName, open);
    }
    const opening = open();
    this.#ofCdn.set(pathName, opening);
    try {
      return await opening;
    } catch (error) {
      if (this.#ofCdn.get(pathName) === opening) this.#ofCdn.delete(pathName);
      throw error;
    }
  }

  /** Ends those who have left. */
  tick(nowMs: number): void {
    for (const session of [...this.#bySecret.values()]) session.tick(nowMs);
  }

  /** Ends all viewers of a path. */
  closePath(pathName: string, reason: string): void {
    this.#ofCdn.delete(pathName);
    for (const session of this.#of(pathName)) session.close(reason);
  }

  /** Ends all. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listening[Symbol.dispose]();
    await Promise.all(
      Array.from(
        this.#bySecret.values(),
        (session) => session[Symbol.asyncDispose](),
      ),
    );
  }

  #of(pathName: string): HlsSession[] {
    return [...this.#bySecret.values()].filter((session) =>
      session.pathName === pathName
    );
  }
}
