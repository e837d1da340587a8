import { attributeList, quoted } from "./attribute_list.ts";

/** Stands behind every URI of a playlist until it is known what each viewer's URIs end in. */
export const URI_END = "\0";

/** Digits behind the point of durations in seconds. */
const DURATION_DIGITS = 5;

/** A partial segment. */
export interface PlaylistPart {
  readonly uri: string;
  readonly durationSeconds: number;
  /** A decoder may start at its first sample. */
  readonly isIndependent: boolean;
}

/** What stands in front of a segment's media. */
export interface SegmentHead {
  /** Header of its file; undefined where segments need none. */
  readonly mapUri: string | undefined;
  /** What came before has nothing to do with it. */
  readonly hasDiscontinuity: boolean;
  /** Milliseconds since the epoch; undefined if it is not told. */
  readonly startWallMs: number | undefined;
}

/** A media segment. */
export interface PlaylistSegment extends SegmentHead {
  readonly uri: string;
  readonly durationSeconds: number;
  /** There is no media in this time. */
  readonly isGap: boolean;
  /** Empty where its parts are not listed any more. */
  readonly parts: readonly PlaylistPart[];
}

/** How far another rendition is. */
export interface RenditionReport {
  readonly uri: string;
  readonly lastMsn: number;
  /** Undefined where it has no parts. */
  readonly lastPart: number | undefined;
}

/** What a low-latency playlist has beside. */
export interface LowLatencyTail {
  readonly partTargetSeconds: number;
  /** The segment that is not complete yet. */
  readonly openSegment:
    | SegmentHead & { readonly parts: readonly PlaylistPart[] }
    | undefined;
  /** The part that comes next. */
  readonly nextPartUri: string;
  readonly reports: readonly RenditionReport[];
}

/** A live media playlist. */
export interface MediaPlaylist {
  readonly version: number;
  readonly targetDurationSeconds: number;
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  readonly segments: readonly PlaylistSegment[];
  readonly lowLatency: LowLatencyTail | undefined;
}

/** How many target durations from the end a delta update may leave out. Spec: RFC 8216bis §4.4.3.8. */
const SKIP_UNTIL_TARGETS = 6;

/** How many part targets a viewer stays behind. */
const HOLD_BACK_PART_TARGETS = 2.5;

/** Playlists of MPEG-TS have this version, and the tag that was dropped later. */
const OLD_VERSION = 3;

/**
 * Serializes a playlist, {@linkcode URI_END} behind each URI.
 *
 * Input: `isDelta` leaves out what a viewer has already, if that is old enough.
 * Spec: RFC 8216bis §4.4.
 */
export function serializeMediaPlaylist(
  playlist: MediaPlaylist,
  isDelta = false,
): string {
  const { segments, lowLatency } = playlist;
  const skipped = isDelta && lowLatency ? skippedSegments(playlist) : 0;
  const lines = headLines(playlist);
  let map = segments[skipped - 1]?.mapUri;
  if (skipped > 0) {
    lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`);
  }
  const pushHead = (head: SegmentHead) => {
    if (head.hasDiscontinuity) lines.push("#EXT-X-DISCONTINUITY");
    if (head.mapUri !== undefined && head.mapUri !== map) {
      lines.push(
        `#EXT-X-MAP:${attributeList({ URI: quotedUri(head.mapUri) })}`,
      );
      map = head.mapUri;
    }
    if (head.startWallMs !== undefined) {
      const date = new Date(head.startWallMs).toISOString();
      lines.push(`#EXT-X-PROGRAM-DATE-TIME:${date}`);
    }
  };
  for (const segment of segments.slice(skipped)) {
    pushHead(segment);
    if (segment.isGap) lines.push("#EXT-X-GAP");
    for (const part of segment.parts) lines.push(partLine(part));
    lines.push(
      `#EXTINF:${seconds(segment.durationSeconds)},`,
      segment.uri + URI_END,
    );
  }
  if (lowLatency) {
    const { openSegment, nextPartUri, reports } = lowLatency;
    if (openSegment && openSegment.parts.length > 0) {
      pushHead(openSegment);
      for (const part of openSegment.parts) lines.push(partLine(part));
    }
    const hint = { TYPE: "PART", URI: quotedUri(nextPartUri) };
    lines.push(`#EXT-X-PRELOAD-HINT:${attributeList(hint)}`);
    for (const report of reports) lines.push(reportLine(report));
  }
  lines.push("");
  return lines.join("\n");
}

function headLines(playlist: MediaPlaylist): string[] {
  const { version, targetDurationSeconds, lowLatency } = playlist;
  const lines = ["#EXTM3U", `#EXT-X-VERSION:${version}`];
  if (version <= OLD_VERSION) lines.push("#EXT-X-ALLOW-CACHE:NO");
  lines.push(`#EXT-X-TARGETDURATION:${targetDurationSeconds}`);
  if (lowLatency) {
    const { partTargetSeconds } = lowLatency;
    const control = {
      "CAN-BLOCK-RELOAD": "YES",
      "PART-HOLD-BACK": seconds(HOLD_BACK_PART_TARGETS * partTargetSeconds),
      "CAN-SKIP-UNTIL": seconds(SKIP_UNTIL_TARGETS * targetDurationSeconds),
    };
    lines.push(
      `#EXT-X-SERVER-CONTROL:${attributeList(control)}`,
      `#EXT-X-PART-INF:PART-TARGET=${seconds(partTargetSeconds)}`,
    );
  }
  lines.push(`#EXT-X-MEDIA-SEQUENCE:${playlist.mediaSequence}`);
  if (playlist.discontinuitySequence > 0) {
    lines.push(
      `#EXT-X-DISCONTINUITY-SEQUENCE:${playlist.discontinuitySequence}`,
    );
  }
  return lines;
}

/** Segments that lie so far back that a delta update leaves them out; those at the end count first. */
function skippedSegments(playlist: MediaPlaylist): number {
  const { segments, lowLatency, targetDurationSeconds } = playlist;
  let secondsBehind = 0;
  for (const { durationSeconds } of lowLatency?.openSegment?.parts ?? []) {
    secondsBehind += durationSeconds;
  }
  for (let i = segments.length - 1; i >= 0; i--) {
    if (secondsBehind >= SKIP_UNTIL_TARGETS * targetDurationSeconds) {
      return i + 1;
    }
    secondsBehind += segments[i]!.durationSeconds;
  }
  return 0;
}

function partLine(
  { uri, durationSeconds, isIndependent }: PlaylistPart,
): string {
  const attributes = {
    DURATION: seconds(durationSeconds),
    URI: quotedUri(uri),
    ...isIndependent && { INDEPENDENT: "YES" },
  };
  return `#EXT-X-PART:${attributeList(attributes)}`;
}

function reportLine({ uri, lastMsn, lastPart }: RenditionReport): string {
  const attributes = {
    URI: quotedUri(uri),
    "LAST-MSN": `${lastMsn}`,
    ...lastPart !== undefined && { "LAST-PART": `${lastPart}` },
  };
  return `#EXT-X-RENDITION-REPORT:${attributeList(attributes)}`;
}

function quotedUri(uri: string): string {
  return quoted(uri + URI_END);
}

function seconds(value: number): string {
  return value.toFixed(DURATION_DIGITS);
}
