import { withDeadline } from "#base/abort.ts";
import type { Publication } from "#core/publication.ts";
import type { Track } from "#core/track.ts";
import { connectTcp, type TcpConnection } from "#platform/tcp.ts";
import { connectTls } from "#platform/tls.ts";
import type { PullRequest, PullSource } from "#sources/pull_source.ts";
import {
  ORIGIN_SCHEMES,
  originText,
  parseOrigin,
  redirectedOrigin,
  type RtmpOrigin,
} from "./origin.ts";
import { PullSession } from "./pull_session.ts";

/** Redirects and reconnect requests that are followed one after the other. */
const MAX_MOVES = 5;

/** They do not count any more once a session has lasted this long. */
const CALM_MS = 10_000;

/** The name, and then the answer to the challenge. */
const MAX_CHALLENGES = 2;

/** Opens a connection to an origin; tests give their own. */
export type ConnectOrigin = (
  origin: RtmpOrigin,
  request: PullRequest,
) => Promise<TcpConnection>;

/** Pulls streams from other servers over RTMP. */
export const rtmpSource: PullSource = rtmpSourceOver(connect);

/** A source that gets its connections from `connect`. */
export function rtmpSourceOver(connect: ConnectOrigin): PullSource {
  return {
    label: "RTMP source",
    type: "rtmpSource",
    schemes: ORIGIN_SCHEMES,
    pull: async (request) => {
      using pull = new Pull(request, connect);
      await pull.run();
    },
  };
}

/** One attempt to pull a stream, over as many connections as the origin wants. */
class Pull implements Disposable {
  #request: PullRequest;
  #connect: ConnectOrigin;
  #publication: Publication | undefined;

  constructor(request: PullRequest, connect: ConnectOrigin) {
    this.#request = request;
    this.#connect = connect;
  }

  async run(): Promise<void> {
    const { url, clock, logger } = this.#request;
    let origin = parseOrigin(url);
    let authentication = "";
    let moves = 0;
    let challenges = 0;
    for (;;) {
      const startedAtMs = clock.monotonicMs();
      const connection = await this.#connect(origin, this.#request);
      const session = new PullSession({
        request: this.#request,
        origin,
        connection,
        authentication,
        startedAtMs,
        attach: (tracks) => this.#attach(tracks),
      });
      const outcome = await session.run();
      if (outcome.kind === "ended") return;
      if (outcome.kind === "challenged") {
        if (++challenges > MAX_CHALLENGES) {
          throw new Error(
            `Cannot pull ${
              originText(origin)
            }: the origin asks for user and password again and again`,
          );
        }
        authentication = outcome.query;
        continue;
      }
      const isCalm = clock.monotonicMs() - startedAtMs > CALM_MS;
      moves = isCalm ? 1 : moves + 1;
      if (moves > MAX_MOVES) {
        throw new Error(
          `Cannot pull ${originText(origin)}: over ${MAX_MOVES} redirects`,
        );
      }
      origin = redirectedOrigin(origin, outcome.location);
      authentication = "";
      challenges = 0;
      const what = outcome.isReconnect ? "asked to reconnect" : "redirected";
      logger.info(`${what} to ${originText(origin)}`);
    }
  }

  [Symbol.dispose](): void {
    this.#publication?.[Symbol.dispose]();
  }

  /** The stream goes on after a reconnect if its tracks are the same. */
  #attach(tracks: readonly Track[]): Publication {
    this.#request.signal.throwIfAborted();
    if (this.#publication === undefined) {
      this.#publication = this.#request.attach(tracks);
      return this.#publication;
    }
    if (!isSameLayout(this.#publication.tracks, tracks)) {
      throw new Error("the stream has other tracks after the reconnect");
    }
    this.#publication.setTracks(tracks);
    return this.#publication;
  }
}

function isSameLayout(a: readonly Track[], b: readonly Track[]): boolean {
  return a.length === b.length &&
    a.every((track, i) =>
      track.id === b[i]!.id && track.kind === b[i]!.kind &&
      track.clockRateHz === b[i]!.clockRateHz
    );
}

function connect(
  { scheme, hostname, port }: RtmpOrigin,
  { clock, limits, settings, signal }: PullRequest,
): Promise<TcpConnection> {
  const { readTimeoutMs } = limits;
  const { sourceFingerprint } = settings;
  return withDeadline(
    (signal) => {
      const target = { hostname, port, signal };
      if (scheme === "rtmp") return connectTcp(target);
      return connectTls(
        sourceFingerprint === ""
          ? target
          : { ...target, fingerprint: sourceFingerprint },
      );
    },
    {
      clock,
      timeoutMs: readTimeoutMs,
      signal,
      message: `Cannot connect to ${hostname}:${port}: no answer within ${
        readTimeoutMs / 1_000
      } s (readTimeout)`,
    },
  );
}
