import type { FilePlace } from "#protocols/hls/file_place.ts";

/** The media playlist that reaches back. */
export const DVR_PLAYLIST = "dvr.m3u8";

const PLACE = /^\/(.+)\/(dvr\.m3u8|dvr_[0-9a-f]{12}_(?:init)?\d{1,15}\.mp4)$/;

/** What the path of a URL names, e.g. `"/live/cam/dvr.m3u8"`; undefined if it is nothing of the past. */
export function dvrPlaceOf(urlPath: string): FilePlace | undefined {
  const [, pathName, fileName] = PLACE.exec(urlPath) ?? [];
  return pathName !== undefined && fileName !== undefined
    ? { pathName, fileName }
    : undefined;
}

/** Whether a file is one of {@linkcode dvrPlaceOf}. */
export function isDvrFile(fileName: string): boolean {
  return dvrPlaceOf(`/path/${fileName}`) !== undefined;
}
