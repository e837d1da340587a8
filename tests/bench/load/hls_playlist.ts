/** What a viewer takes from a media playlist. */
export interface PlaylistNews {
  /** All parts that are listed. */
  readonly parts: readonly string[];
  /** The part that comes next, as it is asked for in a blocking request. */
  readonly nextMsn: number;
  readonly nextPart: number;
  /** Where that part will be. */
  readonly hint: string | undefined;
}

const SEGMENT = "\n#EXTINF:";

/** Reads a low-latency media playlist or a delta update of it. Spec: RFC 8216bis §4.4. */
export function readPlaylist(text: string): PlaylistNews {
  const lastSegmentAt = text.lastIndexOf(SEGMENT);
  return {
    parts: partsOf(text),
    nextMsn: numberOf(text, "#EXT-X-MEDIA-SEQUENCE:") +
      numberOf(text, "#EXT-X-SKIP:SKIPPED-SEGMENTS=") +
      text.split(SEGMENT).length - 1,
    nextPart: partsOf(text.slice(Math.max(0, lastSegmentAt))).length,
    hint: /^#EXT-X-PRELOAD-HINT:.*URI="([^"]+)"/m.exec(text)?.[1],
  };
}

/** The first line of a playlist that is an address. */
export function firstUri(text: string): string | undefined {
  return /^[^#\s].*$/m.exec(text)?.[0];
}

/** Number in the name of a part; every server counts them from one part to the next. */
export function partNumber(uri: string): number {
  return Number(/_part(\d+)\.mp4/.exec(uri)?.[1]);
}

function partsOf(text: string): string[] {
  return [...text.matchAll(/^#EXT-X-PART:.*URI="([^"]+)"/gm)]
    .map(([, uri]) => uri!);
}

/** Number behind a tag, 0 if the tag is not there. */
function numberOf(text: string, tag: string): number {
  const at = text.indexOf(tag);
  return at < 0 ? 0 : parseInt(text.slice(at + tag.length));
}
