/** The first playlist that a viewer asks for. */
export const INDEX = "index.m3u8";

/** What a viewer of MPEG-DASH asks for. */
export const MANIFEST = "manifest.mpd";

const OUR_FILE =
  /^(?:index\.m3u8|manifest\.mpd|[a-z]+\d*_stream\.m3u8|gap\.mp4|[0-9a-f]{12}_[a-z]+\d*_(?:init|seg\d+|t\d+|part\d+)\.(?:mp4?|ts))$/;

/** A playlist, a segment or a part of a path. */
export interface FilePlace {
  readonly pathName: string;
  readonly fileName: string;
}

/** What the path of a URL names, e.g. `"/live/cam/index.m3u8"`; undefined if it is no file of HLS. Hot path. */
export function placeOf(urlPath: string): FilePlace | undefined {
  const slashAt = urlPath.lastIndexOf("/");
  if (slashAt < 2 || !urlPath.startsWith("/")) return undefined;
  const fileName = urlPath.slice(slashAt + 1);
  if (!OUR_FILE.test(fileName)) return undefined;
  return { pathName: urlPath.slice(1, slashAt), fileName };
}

/** Whether a viewer begins with this file, so that it may have no session yet. */
export function isEntry({ fileName }: FilePlace): boolean {
  return fileName === INDEX || fileName === MANIFEST;
}
