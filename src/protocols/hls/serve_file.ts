import type { HlsEngine } from "./engine/hls_engine.ts";
import { GAP_URI, type PlaylistWindow } from "./engine/playlist_window.ts";
import { fileResponse, playlistResponse } from "./file_response.ts";
import { parseDirectives, uriEnd } from "./wire/playlist_query.ts";

/** Segments that a viewer may ask for beyond the one that is under way. */
const MAX_MSN_AHEAD = 1;

/** Players that do not know what a gap is ask for it: they find no media, and go on with the next segment. */
const NOTHING = new Uint8Array();

/** A viewer's answers are its own; those to a delivery network may be kept. */
const OWN = "private, no-cache";

/** A request for a playlist, a segment or a part of a stream. */
export interface AskedFile {
  readonly request: Request;
  readonly fileName: string;
  /** Of the URL, as it was sent. */
  readonly query: string;
  readonly isCdn: boolean;
}

/** An answer, and how long its body is. */
export interface FileAnswer {
  readonly response: Response;
  readonly sentBytes: number;
}

/** Answers with a file of a stream; waits where a viewer asks for what comes next. */
export async function serveFile(
  engine: HlsEngine,
  asked: AskedFile,
): Promise<FileAnswer> {
  if (asked.fileName.endsWith(".m3u8")) {
    const window = engine.playlists.find(asked.fileName);
    return window ? await servePlaylist(engine, window, asked) : empty(404);
  }
  const { request, fileName, isCdn } = asked;
  const bytes = fileName === GAP_URI
    ? NOTHING
    : await findFile(engine, fileName.replace(/\.mp$/, ".mp4"));
  if (!bytes) return empty(404);
  const response = fileResponse(request, bytes, {
    type: contentType(fileName, engine),
    cacheControl: isCdn ? "public, max-age=3600" : OWN,
  });
  return { response, sentBytes: bytes.length };
}

async function servePlaylist(
  { playlists }: HlsEngine,
  window: PlaylistWindow,
  { query, isCdn }: AskedFile,
): Promise<FileAnswer> {
  const { hasParts, targets } = playlists;
  const directives = hasParts
    ? parseDirectives(query)
    : { position: undefined, isDelta: false };
  if (directives === undefined) return empty(400);
  const { position, isDelta } = directives;
  if (position && position.msn > window.nextMsn + MAX_MSN_AHEAD) {
    return empty(400);
  }
  const isThere = await playlists.awaitContent(window) &&
    (!position || await window.awaitPosition(position.msn, position.part));
  if (!isThere) return empty(500);
  const text = playlists.mediaPlaylist(window, {
    isDelta,
    uriEnd: uriEnd(query),
  });
  const kept = hasParts
    ? "no-cache"
    : `public, max-age=${targets.durationSeconds}`;
  const response = playlistResponse(text, isCdn ? kept : OWN);
  return { response, sentBytes: text.length };
}

async function findFile(
  { playlists }: HlsEngine,
  name: string,
): Promise<Uint8Array | undefined> {
  for (const { window } of playlists.renditions) {
    if (!name.includes(`_${window.options.id}_`)) continue;
    return window.find(name) ?? await window.awaitPart(name);
  }
  return undefined;
}

function contentType(fileName: string, { playlists }: HlsEngine): string {
  if (fileName.endsWith(".ts")) return "video/mp2t";
  const isAudioOnly = playlists.renditions[0]?.kind === "audio";
  return isAudioOnly ? "audio/mp4" : "video/mp4";
}

function empty(status: number): FileAnswer {
  return { response: new Response(null, { status }), sentBytes: 0 };
}
