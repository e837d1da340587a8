import { timingSafeEqual } from "#base/crypto.ts";
import { AuthenticationError } from "#base/access.ts";
import { HttpError } from "#http/http_error.ts";
import type { HlsContext } from "./context.ts";
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
import { isEntry, MANIFEST, placeOf } from "./file_place.ts";
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
    const place = placeOf(urlPath);
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
      return new Response(null, {
        status: 302,
        headers: {
          Location: `${fileName}?${query}${end}${CHECK_COOKIE}=1`,
          "Set-Cookie": `${CHECK_COOKIE}=1; ${COOKIE_ATTRIBUTES}`,
        },
      });
    }
    const own = { pathName, query: ownQuery(query) };
    const session = this.#findSession(asked) ??
      await this.#open(request, own, false);
    const keepsCookies = cookieOf(cookies, CHECK_COOKIE) === "1";
    const addition = keepsCookies
      ? ""
      : `${SESSION_PARAMETER}=${session.secret}`;
    const text = await this.#entryText(
      asked,
      session,
      uriEnd(query, addition),
    );
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
    { pathName, fileName, request }: FileRequest,
    session: HlsSession,
    end: string,
  ): Promise<string> {
    const { muxers } = this.#parts;
    const muxer = muxers.need(pathName, request.var.remoteAddress);
    muxer.handleRequest();
    for (;;) {
      const engine = await muxer.engine();
      const window = engine?.playlists.renditions[0]?.window;
      if (engine === undefined || window === undefined) {
        session.close("the muxer has ended");
        throw new HttpError(500, "muxer is not available");
      }
      if (await engine.playlists.awaitContent(window)) {
        muxer.handleRequest();
        if (fileName === MANIFEST) {
          await engine.playlists.awaitAll();
          const text = muxer.dashManifest();
          if (text === undefined) throw new HttpError(404, NO_MANIFEST);
          return this.#sent(muxer, withUriEnds(text, escapedUriEnd(end)));
        }
        const text = engine.playlists.multivariantPlaylist(engine.summary);
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
    const engine = await muxer?.engine();
    if (!muxer || !engine) throw new HttpError(500, "muxer is not available");
    const { response, sentBytes } = await serveFile(engine, {
      request: request.req.raw,
      fileName,
      query,
      isCdn,
    });
    muxer.outboundBytes += sentBytes;
    session.handleRequest(sentBytes);
    return response;
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

function entryResponse(
  fileName: string,
  text: string,
  cacheControl: string,
): Response {
  return fileName === MANIFEST
    ? manifestResponse(text)
    : playlistResponse(text, cacheControl);
}
