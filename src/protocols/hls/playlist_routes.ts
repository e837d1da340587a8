import { timingSafeEqual } from "#base/crypto.ts";
import { AuthenticationError } from "#base/access.ts";
import { errorText } from "#base/errors.ts";
import { responseOf } from "#http/direct.ts";
import { HttpError } from "#http/http_error.ts";
import type { HlsContext } from "./context.ts";
import { type Dvr, isDvrAsked } from "./dvr/dvr.ts";
import { dvrPlaceOf, isDvrFile } from "./dvr/dvr_place.ts";
import { manifestResponse, playlistResponse } from "./file_response.ts";
import type { Muxers } from "./muxers.ts";
import type { PathMuxer } from "./path_muxer.ts";
import {
  accessRequest,
  type HlsRequest,
  type HlsRoute,
  queryOf,
} from "./routes.ts";
import type { HlsSession } from "./session.ts";
import type { HlsSessions } from "./sessions.ts";
import { INDEX, isEntry, MANIFEST, placeOf } from "./file_place.ts";
import { escapedUriEnd } from "./wire/dash_manifest.ts";
import { serveFile } from "./serve_file.ts";
import {
  cookieOf,
  findSession,
  SESSION_COOKIE,
  SESSION_PARAMETER,
} from "./session_lookup.ts";
import {
  MAX_QUERY_CHARS,
  ownQuery,
  queryValue,
  uriEnd,
  withUriEnds,
} from "./wire/playlist_query.ts";

/** A delivery network has shown the secret. */
const TRUSTED = { kind: "trusted" } as const;

const COOKIE_ATTRIBUTES = "HttpOnly; Secure; SameSite=None; Partitioned";
const NO_MANIFEST = "MPEG-DASH needs hlsVariant fmp4 or lowLatency";

const CHECK_COOKIE = "cookieCheck";

/** What the routes work on. */
export interface PlaylistParts {
  readonly context: HlsContext;
  readonly muxers: Muxers;
  readonly sessions: HlsSessions;
  readonly dvr: Dvr;
}

/** One request for a file of a path. */
interface FileRequest {
  readonly request: HlsRequest;
  readonly pathName: string;
  readonly fileName: string;
  /** As it was sent. */
  readonly query: string;
  readonly cookies: string;
}

/** Serves playlists, segments and parts. */
export function playlistRoute(parts: PlaylistParts): HlsRoute {
  const routes = new PlaylistRoutes(parts);
  return (request, urlPath) => {
    const place = placeOf(urlPath) ?? dvrPlaceOf(urlPath);
    return place && routes.serve(request, place.pathName, place.fileName);
  };
}

class PlaylistRoutes {
  #parts: PlaylistParts;

  constructor(parts: PlaylistParts) {
    this.#parts = parts;
  }

  async serve(
    request: HlsRequest,
    pathName: string,
    fileName: string,
  ): Promise<Response> {
    const query = queryOf(request);
    if (query.length > MAX_QUERY_CHARS) {
      throw new HttpError(
        400,
        `Cannot take the query: it has ${query.length} characters, ${MAX_QUERY_CHARS} are allowed`,
      );
    }
    const asked: FileRequest = {
      request,
      pathName,
      fileName,
      query,
      cookies: request.req.raw.headers.get("Cookie") ?? "",
    };
    if (isEntry(asked)) {
      return this.#isCdn(request)
        ? await this.#serveCdnEntry(asked)
        : await this.#serveEntry(asked);
    }
    return await this.#serveFile(asked);
  }

  /** The first request of a viewer: finds out whether it keeps cookies, then lets it in. */
  async #serveEntry(asked: FileRequest): Promise<Response> {
    const { request, pathName, fileName, query, cookies } = asked;
    if (queryValue(query, CHECK_COOKIE) !== "1") {
      const end = query === "" ? "" : `&`;
      const response = redirect(`${fileName}?${query}${end}${CHECK_COOKIE}=1`);
      response.headers.append(
        "Set-Cookie",
        `${CHECK_COOKIE}=1; ${COOKIE_ATTRIBUTES}`,
      );
      return response;
    }
    const own = { pathName, query: ownQuery(query) };
    const { dvr } = this.#parts;
    if (reachesBack(asked)) await dvr.authorize(request, own);
    const known = this.#findSession(asked);
    const session = known ?? await this.#open(request, own, false);
    if (reachesBack(asked)) dvr.admit(session);
    const keepsCookies = cookieOf(cookies, CHECK_COOKIE) === "1";
    const addition = keepsCookies
      ? ""
      : `${SESSION_PARAMETER}=${session.secret}`;
    if (fileName === MANIFEST && !known && !keepsCookies) {
      // It is asked for again and again, each time by the same viewer.
      const end = `${uriEnd(query, addition)}&${CHECK_COOKIE}=1`;
      return redirect(`${fileName}${end}`, 301);
    }
    const text = await this.#entryText(asked, session, uriEnd(query, addition))
      .catch((error) => {
        if (!known) session.close(errorText(error));
        throw error;
      });
    session.handleRequest(text.length);
    const response = entryResponse(fileName, text, "private, no-cache");
    if (keepsCookies) {
      response.headers.append(
        "Set-Cookie",
        `${SESSION_COOKIE}=${session.secret}; ${COOKIE_ATTRIBUTES}`,
      );
    }
    return response;
  }

  async #serveCdnEntry(asked: FileRequest): Promise<Response> {
    const { request, pathName, query } = asked;
    const session = await this.#cdnSession(request, pathName, query);
    const text = await this.#entryText(asked, session, uriEnd(query));
    session.handleRequest(text.length);
    return entryResponse(asked.fileName, text, "public, max-age=30");
  }

  async #entryText(
    asked: FileRequest,
    session: HlsSession,
    end: string,
  ): Promise<string> {
    const { pathName, fileName, request } = asked;
    const { muxers, dvr } = this.#parts;
    const muxer = muxers.need(pathName, request.var.remoteAddress);
    muxer.handleRequest();
    for (;;) {
      const engine = await muxer.engine();
      if (engine === undefined) {
        session.close("the muxer has ended");
        throw new HttpError(
          500,
          `muxer is not available: ${muxer.closeReason}`,
        );
      }
      if (await engine.playlists.awaitContent()) {
        muxer.handleRequest();
        if (fileName === MANIFEST) {
          const text = muxer.dashManifest();
          if (text === undefined) throw new HttpError(404, NO_MANIFEST);
          return this.#sent(muxer, withUriEnds(text, escapedUriEnd(end)));
        }
        const text = reachesBack(asked)
          ? await dvr.index(muxer, engine, request.var)
          : engine.playlists.multivariantPlaylist(engine.summary);
        return this.#sent(muxer, withUriEnds(text, end));
      }
    }
  }

  async #serveFile(asked: FileRequest): Promise<Response> {
    const { request, pathName, fileName, query } = asked;
    const isCdn = this.#isCdn(request);
    const session = isCdn
      ? await this.#cdnSession(request, pathName, query)
      : this.#findSession(asked);
    if (!session) {
      throw new AuthenticationError("there is no such session", true);
    }
    session.handleRequest(0);
    const muxer = this.#parts.muxers.find(pathName);
    muxer?.handleRequest();
    if (muxer && isDvrFile(fileName)) {
      const { dvr } = this.#parts;
      const part = { request, fileName, query, isCdn };
      return await dvr.serve(muxer, session, part);
    }
    const engine = await muxer?.engine();
    if (!muxer || !engine) throw new HttpError(500, "muxer is not available");
    const range = request.req.raw.headers.get("Range") ?? undefined;
    const { promise, resolve } = Promise.withResolvers<Response>();
    serveFile(engine, { fileName, query, range, isCdn }, (head, body) => {
      muxer.outboundBytes += body.length;
      session.handleRequest(body.length);
      resolve(responseOf(head, body));
    });
    return await promise;
  }

  async #cdnSession(
    request: HlsRequest,
    pathName: string,
    query: string,
  ): Promise<HlsSession> {
    const { sessions } = this.#parts;
    return await sessions.ofCdn(
      pathName,
      () => this.#open(request, { pathName, query }, true),
    );
  }

  async #open(
    request: HlsRequest,
    asked: { readonly pathName: string; readonly query: string },
    isCdn: boolean,
  ): Promise<HlsSession> {
    const id = crypto.randomUUID();
    const access = accessRequest(request, { ...asked, sessionId: id });
    return await this.#parts.sessions.open({
      id,
      request: isCdn ? { ...access, credentials: TRUSTED } : access,
      remoteAddress: request.var.remoteAddress,
      isCdn,
    });
  }

  #findSession(
    { request, pathName, query, cookies }: FileRequest,
  ): HlsSession | undefined {
    const { ip } = request.var;
    return findSession(this.#parts.sessions, { pathName, query, cookies, ip });
  }

  #isCdn(request: HlsRequest): boolean {
    const secret = this.#parts.context.config.hlsCDNSecret.reveal();
    if (secret === "") return false;
    const header = request.req.raw.headers.get("Authorization") ?? "";
    const encoder = new TextEncoder();
    return timingSafeEqual(
      encoder.encode(header),
      encoder.encode(`Bearer ${secret}`),
    );
  }

  #sent(muxer: PathMuxer, text: string): string {
    muxer.outboundBytes += text.length;
    return text;
  }
}

function redirect(location: string, status = 302): Response {
  const headers = { Location: location, "Cache-Control": "no-store" };
  return new Response(null, { status, headers });
}

function reachesBack({ fileName, query }: FileRequest): boolean {
  return fileName === INDEX && isDvrAsked(query);
}

function entryResponse(
  fileName: string,
  text: string,
  cacheControl: string,
): Response {
  return fileName === MANIFEST
    ? manifestResponse(text)
    : playlistResponse(text, cacheControl);
}
