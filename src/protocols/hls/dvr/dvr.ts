import { pause } from "#base/abort.ts";
import { errorText } from "#base/errors.ts";
import { HttpError } from "#http/http_error.ts";
import { PlatformError } from "#platform/errors.ts";
import type { HlsContext } from "#protocols/hls/context.ts";
import type { HlsEngine } from "#protocols/hls/engine/hls_engine.ts";
import { playlistResponse } from "#protocols/hls/file_response.ts";
import type { PathMuxer } from "#protocols/hls/path_muxer.ts";
import { accessRequest, type HlsRequest } from "#protocols/hls/routes.ts";
import type { HlsSession } from "#protocols/hls/session.ts";
import { serializeMultivariantPlaylist } from "#protocols/hls/wire/multivariant_playlist.ts";
import {
  parseDirectives,
  queryValue,
  uriEnd,
} from "#protocols/hls/wire/playlist_query.ts";
import { DVR_PLAYLIST } from "./dvr_place.ts";
import { PathPast, REFRESH_MS } from "./path_past.ts";
import type { RecordedPast } from "./recorded_past.ts";

/** How long a viewer waits for the first chunk of a recording that has just begun. */
const FIRST_CHUNK_MS = 15_000;

/** A viewer's answers are its own; those to a delivery network may be kept. */
const OWN = "private, no-cache";

/** A playlist that nobody has asked for so long, longer than sessions last, begins anew: there may be days to catch up. */
const FORGOTTEN_MS = 300_000;

/** A request for something of the past of a path. */
export interface DvrRequest {
  readonly request: HlsRequest;
  readonly fileName: string;
  /** As it was sent. */
  readonly query: string;
  readonly isCdn: boolean;
}

/** What was recorded of a path, and when somebody asked for it last. */
interface AskedPast {
  readonly past: Promise<PathPast>;
  askedAtMs: number;
}

/** Live playlists that reach back into what was recorded of their paths. */
export class Dvr implements AsyncDisposable {
  #context: HlsContext;
  #past: Promise<RecordedPast> | undefined;
  /** The numbers of a playlist hold as long as the sessions of its path, which end with its muxer. */
  #paths = new WeakMap<PathMuxer, AskedPast>();
  #admitted = new WeakSet<HlsSession>();

  /** Loads nothing before somebody reaches back. */
  constructor(context: HlsContext) {
    this.#context = context;
  }

  /**
   * Lets a request reach back, which needs the permission to play recordings.
   *
   * @throws {AuthenticationError} if it has none.
   * @throws {HttpError} if nobody may.
   */
  async authorize(
    request: HlsRequest,
    asked: { readonly pathName: string; readonly query: string },
  ): Promise<void> {
    this.#checkWindow();
    await this.#context.ports.authenticator.authenticate({
      ...accessRequest(request, { ...asked, sessionId: "" }),
      action: "playback",
    });
  }

  /** A session was authorized. */
  admit(session: HlsSession): void {
    this.#admitted.add(session);
  }

  /** The first playlist, `URI_END` behind each URI; waits for something to list. @throws {HttpError} if there is nothing. */
  async index(
    muxer: PathMuxer,
    { playlists, summary }: HlsEngine,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<string> {
    this.#checkWindow();
    const { clock } = this.#context.ports;
    const deadlineMs = clock.monotonicMs() + FIRST_CHUNK_MS;
    const past = await this.#pastOf(muxer);
    for (;;) {
      await this.#refresh(past);
      if (!past.playlist.isEmpty) break;
      const { pathName } = muxer.options;
      const mayCome = past.isGrowing && clock.monotonicMs() < deadlineMs;
      if (!mayCome || signal.aborted || muxer.isClosed) {
        throw new HttpError(
          404,
          `Cannot reach back: nothing of path '${pathName}' was recorded in the time of hlsDvrWindow; set record: yes to record it`,
        );
      }
      await pause(clock, REFRESH_MS, signal);
    }
    return serializeMultivariantPlaylist({
      ...playlists.describe(summary),
      uri: DVR_PLAYLIST,
      // Recordings have all tracks in one file.
      audio: [],
    });
  }

  /** Answers with a playlist, a header or a chunk. Input: `session` is the one that asks. */
  async serve(
    muxer: PathMuxer,
    session: HlsSession,
    asked: DvrRequest,
  ): Promise<Response> {
    this.#checkWindow();
    const { fileName, query, isCdn } = asked;
    if (!isCdn && !this.#admitted.has(session)) {
      throw new HttpError(
        403,
        "Cannot reach back: the session did not begin with index.m3u8?dvr=1",
      );
    }
    const past = await this.#pastOf(muxer);
    const count = (sentBytes: number) => {
      muxer.outboundBytes += sentBytes;
      session.handleRequest(sentBytes);
    };
    if (fileName === DVR_PLAYLIST) {
      await this.#refresh(past);
      if (past.playlist.isEmpty) return new Response(null, { status: 404 });
      const isDelta = parseDirectives(query)?.isDelta ?? false;
      const text = past.playlist.text(isDelta, uriEnd(query));
      count(text.length);
      return playlistResponse(text, isCdn ? "public, max-age=2" : OWN);
    }
    const file = past.playlist.find(fileName);
    const body = file && await file.chunk[file.kind](count);
    if (body === undefined) return new Response(null, { status: 404 });
    return new Response(body, {
      headers: {
        "Content-Type": "video/mp4",
        "Cache-Control": isCdn ? "public, max-age=3600" : OWN,
        "Accept-Ranges": "none",
      },
    });
  }

  /** Ends the answers that are under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#past)?.[Symbol.asyncDispose]();
  }

  #pastOf(muxer: PathMuxer): Promise<PathPast> {
    const askedAtMs = this.#context.ports.clock.monotonicMs();
    const known = this.#paths.get(muxer);
    if (known && askedAtMs - known.askedAtMs < FORGOTTEN_MS) {
      known.askedAtMs = askedAtMs;
      return known.past;
    }
    const past = this.#open(muxer);
    this.#paths.set(muxer, { past, askedAtMs });
    return past;
  }

  async #open({ options: { pathName } }: PathMuxer): Promise<PathPast> {
    const { ports, config, loadPast } = this.#context;
    this.#past ??= loadPast(ports);
    const past = await this.#past;
    const windowMs = config.hlsDvrWindowMs;
    return new PathPast({ past, pathName, windowMs, ports });
  }

  /** @throws {HttpError} */
  async #refresh(past: PathPast): Promise<void> {
    try {
      await past.refresh();
    } catch (cause) {
      if (cause instanceof HttpError && cause.status === 400) {
        const message =
          `Cannot reach back: ${cause.message}; recordFormat: fmp4 is needed`;
        throw new HttpError(400, message, { cause });
      }
      if (!(cause instanceof PlatformError)) throw cause;
      this.#context.ports.logger.warn(errorText(cause));
      throw new HttpError(500, "Cannot read the recordings", { cause });
    }
  }

  #checkWindow(): void {
    if (this.#context.config.hlsDvrWindowMs > 0) return;
    throw new HttpError(
      400,
      "Cannot reach back: hlsDvrWindow is 0; set it to how far, for example 2h",
    );
  }
}

/** Whether a viewer asks to reach back. */
export function isDvrAsked(query: string): boolean {
  return queryValue(query, "dvr") === "1";
}
