import type { DirectRequest } from "#http/http_service.ts";
import { isEntry, placeOf } from "./file_place.ts";
import type { HlsEngine } from "./engine/hls_engine.ts";
import type { PathMuxer } from "./path_muxer.ts";
import type { PlaylistParts } from "./playlist_routes.ts";
import { type AskedFile, serveFile } from "./serve_file.ts";
import type { HlsSession } from "./session.ts";
import { findSession } from "./session_lookup.ts";
import { MAX_QUERY_CHARS } from "./wire/playlist_query.ts";

/**
 * Answers viewers who were let in: playlists and parts, many times a second each. Hot path.
 *
 * Output: undefined if it is anything else; the routes answer that.
 */
export function directFiles(
  { muxers, sessions }: PlaylistParts,
): (request: DirectRequest) => Promise<Response> | undefined {
  return ({ raw, path, ip }) => {
    const place = placeOf(path);
    if (place === undefined || isEntry(place)) return undefined;
    const { pathName, fileName } = place;
    const engine = muxers.find(pathName)?.currentEngine;
    if (engine === undefined) return undefined;
    const { url } = raw;
    const queryAt = url.indexOf("?");
    const query = queryAt < 0 ? "" : url.slice(queryAt + 1);
    if (query.length > MAX_QUERY_CHARS) return undefined;
    const cookies = raw.headers.get("Cookie") ?? "";
    const session = findSession(sessions, { pathName, query, cookies, ip });
    if (session === undefined) return undefined;
    const asked = { request: raw, fileName, query, isCdn: false };
    return answer(muxers.find(pathName)!, engine, { session, asked });
  };
}

async function answer(
  muxer: PathMuxer,
  engine: HlsEngine,
  { session, asked }: {
    readonly session: HlsSession;
    readonly asked: AskedFile;
  },
): Promise<Response> {
  muxer.handleRequest();
  session.handleRequest(0);
  const { response, sentBytes } = await serveFile(engine, asked);
  muxer.outboundBytes += sentBytes;
  session.handleRequest(sentBytes);
  return response;
}
