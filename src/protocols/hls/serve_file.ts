import type { HlsEngine } from "./engine/hls_engine.ts";
import { GAP_URI, type PlaylistWindow } from "./engine/playlist_window.ts";
import {
  type Answer,
  answerFile,
  EMPTY,
  OWN_PLAYLIST,
  sharedPlaylist,
} from "./file_answer.ts";
import { once } from "./once.ts";
import { parseDirectives, uriEnd } from "./wire/playlist_query.ts";

/** Segments that a viewer may ask for beyond the one that is under way. */
const MAX_MSN_AHEAD = 1;

/** Also what players get that do not know what a gap is: they find no media, and go on with the next segment. */
const NOTHING = new Uint8Array();

const directivesOf = once(parseDirectives);
const uriEndOf = once((query) => uriEnd(query));

/** A request for a playlist, a segment or a part of a stream. */
export interface AskedFile {
  readonly fileName: string;
  /** Of the URL, as it was sent. */
  readonly query: string;
  /** The field Range; undefined if everything is asked for. */
  readonly range: string | undefined;
  readonly isCdn: boolean;
}

/** Answers with a file of a stream, now or when there is what a viewer asks for before it comes. Hot path. */
export function serveFile(
  engine: HlsEngine,
  asked: AskedFile,
  answer: Answer,
): void {
  const { fileName, isCdn, range } = asked;
  if (fileName.endsWith(".m3u8")) {
    const window = engine.playlists.find(fileName);
    if (window) servePlaylist(engine, window, asked, answer);
    else answer(EMPTY[404], NOTHING);
    return;
  }
  findFile(engine, fileName, (bytes) => {
    if (bytes === undefined) return answer(EMPTY[404], NOTHING);
    const type = contentType(fileName, engine);
    answerFile(range, bytes, { type, isCdn, answer });
  });
}

function servePlaylist(
  { playlists }: HlsEngine,
  window: PlaylistWindow,
  { query, isCdn }: AskedFile,
  answer: Answer,
): void {
  const { hasParts, targets } = playlists;
  const directives = hasParts
    ? directivesOf(query)
    : { position: undefined, isDelta: false };
  if (directives === undefined) return answer(EMPTY[400], NOTHING);
  const { position, isDelta } = directives;
  if (position && position.msn > window.nextMsn + MAX_MSN_AHEAD) {
    return answer(EMPTY[400], NOTHING);
  }
  const send = (isThere: boolean) => {
    if (!isThere) return answer(EMPTY[500], NOTHING);
    const end = uriEndOf(query);
    const text = playlists.mediaPlaylist(window, { isDelta, uriEnd: end });
    if (!isCdn) return answer(OWN_PLAYLIST, text);
    const kept = hasParts
      ? "no-cache"
      : `public, max-age=${targets.durationSeconds}`;
    answer(sharedPlaylist(kept), text);
  };
  playlists.whenContent(window, (hasContent) => {
    if (!hasContent || !position) send(hasContent);
    else window.whenPosition(position.msn, position.part, send);
  });
}

function findFile(
  { playlists }: HlsEngine,
  fileName: string,
  then: (bytes: Uint8Array | undefined) => void,
): void {
  if (fileName === GAP_URI) return then(NOTHING);
  const name = fileName.endsWith(".mp") ? `${fileName}4` : fileName;
  const rendition = playlists.renditions.find(({ window }) =>
    name.includes(`_${window.options.id}_`)
  );
  if (rendition === undefined) then(undefined);
  else rendition.window.whenFile(name, then);
}

function contentType(fileName: string, { playlists }: HlsEngine): string {
  if (fileName.endsWith(".ts")) return "video/mp2t";
  const isAudioOnly = playlists.renditions[0]?.kind === "audio";
  return isAudioOnly ? "audio/mp4" : "video/mp4";
}
