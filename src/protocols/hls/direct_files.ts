import type { DirectRequest } from "#http/direct.ts";
import { once } from "./once.ts";
import { isEntry, placeOf } from "./file_place.ts";
import type { PlaylistParts } from "./playlist_routes.ts";
import { serveFile } from "./serve_file.ts";
import { HlsSession } from "./session.ts";
import { findSession, hasSessionCookie } from "./session_lookup.ts";
import type { HlsSessions } from "./sessions.ts";
import { MAX_QUERY_CHARS } from "./wire/playlist_query.ts";

/**
 * Answers viewers who were let in: playlists and parts, many times a second each. Hot path.
 *
 * Output: false if it is anything else; the routes answer that.
 */
export function directFiles(
  { muxers, sessions }: PlaylistParts,
): (request: DirectRequest) => boolean {
  const lookUp = once(placeOf);
  return (request) => {
    const { query } = request;
    const place = lookUp(request.path);
    if (place === undefined || isEntry(place)) return false;
    const muxer = muxers.find(place.pathName);
    const engine = muxer?.currentEngine;
    if (engine === undefined || query.length > MAX_QUERY_CHARS) return false;
    const session = sessionOf(sessions, request, place.pathName);
    if (session === undefined) return false;
    muxer!.handleRequest();
    const range = request.header("range");
    const asked = { fileName: place.fileName, query, range, isCdn: false };
    serveFile(engine, asked, (head, body) => {
      request.answer(head, body);
      muxer!.outboundBytes += body.length;
      session.handleRequest(body.length);
    });
    return true;
  };
}

/** The session of a viewer; one that keeps cookies is looked up once for each connection. */
function sessionOf(
  sessions: HlsSessions,
  request: DirectRequest,
  pathName: string,
): HlsSession | undefined {
  const { note, query, ip } = request;
  const isKnown = note instanceof HlsSession && !note.isClosed &&
    note.pathName === pathName;
  if (isKnown) return note;
  const cookies = request.header("cookie") ?? "";
  const session = findSession(sessions, { pathName, query, cookies, ip });
  if (hasSessionCookie(cookies)) request.note = session;
  return session;
}
