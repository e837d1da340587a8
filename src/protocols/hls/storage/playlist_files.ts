import type { HlsEngine } from "#protocols/hls/engine/hls_engine.ts";
import { INDEX } from "#protocols/hls/file_place.ts";
import { withUriEnds } from "#protocols/hls/wire/playlist_query.ts";
import type { PlaylistFile } from "./segment_folder.ts";

/** What servers of files need beside the segments; nothing where viewers must wait for parts. */
export function playlistFiles(
  { playlists, summary }: HlsEngine,
): PlaylistFile[] {
  if (playlists.hasParts) return [];
  const media = playlists.renditions.map(({ window }) => ({
    name: window.playlistName,
    bytes: playlists.mediaPlaylist(window, { isDelta: false, uriEnd: "" }),
  }));
  const index = withUriEnds(playlists.multivariantPlaylist(summary), "");
  const bytes = new TextEncoder().encode(index);
  return [...media, { name: INDEX, bytes }];
}
