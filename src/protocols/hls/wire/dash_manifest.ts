import { URI_END } from "./media_playlist.ts";

/** Ticks a second of the times in a manifest. */
const TIMESCALE_HZ = 1_000_000;

/** Target durations that a player stays behind, so that it never waits for a segment. */
const DELAY_TARGETS = 3;

/** Segments that follow each other in one file format, of one track. */
export interface DashRun {
  readonly mimeType: "video/mp4" | "audio/mp4";
  /** As RFC 6381 names it; undefined if it is not known. */
  readonly codec: string | undefined;
  readonly bandwidthBps: number;
  readonly resolution:
    | { readonly width: number; readonly height: number }
    | undefined;
  /** Name of the track. */
  readonly id: string;
  /** One of several of its kind, and not the one to begin with. */
  readonly isAlternate: boolean;
  readonly headerName: string;
  /** Name of a segment's file, `$Time$` in the place of {@linkcode dashTicks} of its start. */
  readonly nameTemplate: string;
  readonly segments: readonly {
    readonly startSeconds: number;
    readonly durationSeconds: number;
  }[];
}

/** A time without discontinuities. */
export interface DashPeriod {
  readonly id: string;
  /** Since time 0 of the manifest. */
  readonly startSeconds: number;
  /** Time in its files at its start. */
  readonly offsetSeconds: number;
  readonly runs: readonly DashRun[];
}

/** A live manifest. */
export interface DashManifest {
  /** Wall clock of time 0, milliseconds since the epoch; so is the next one. */
  readonly startWallMs: number;
  /** What the clock of a player is to say now. */
  readonly nowWallMs: number;
  readonly targetDurationSeconds: number;
  readonly windowSeconds: number;
  readonly periods: readonly DashPeriod[];
}

/** Serializes a manifest, {@linkcode URI_END} behind each URI. Spec: ISO/IEC 23009-1 §5.3. */
export function serializeDashManifest(manifest: DashManifest): string {
  const { targetDurationSeconds: target, windowSeconds, periods } = manifest;
  const root = attributes({
    xmlns: "urn:mpeg:dash:schema:mpd:2011",
    profiles: "urn:mpeg:dash:profile:isoff-live:2011",
    type: "dynamic",
    availabilityStartTime: new Date(manifest.startWallMs).toISOString(),
    publishTime: new Date(manifest.nowWallMs).toISOString(),
    minimumUpdatePeriod: durationText(target),
    minBufferTime: durationText(target),
    timeShiftBufferDepth: durationText(windowSeconds),
    suggestedPresentationDelay: durationText(DELAY_TARGETS * target),
  });
  const timing = attributes({
    schemeIdUri: "urn:mpeg:dash:utc:direct:2014",
    value: new Date(manifest.nowWallMs).toISOString(),
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<MPD${root}>`,
    ...periods.flatMap(periodLines),
    `<UTCTiming${timing}/>`,
    "</MPD>",
    "",
  ].join("\n");
}

function periodLines(period: DashPeriod): string[] {
  const { id, startSeconds, runs } = period;
  return [
    `<Period${attributes({ id, start: durationText(startSeconds) })}>`,
    ...runs.flatMap((run, i) => runLines(run, i, period)),
    "</Period>",
  ];
}

function runLines(
  run: DashRun,
  index: number,
  period: DashPeriod,
): string[] {
  const { mimeType, codec, resolution } = run;
  const set = attributes({
    id: `${index}`,
    contentType: mimeType.replace(/\/.*/, ""),
    mimeType,
    segmentAlignment: "true",
    startWithSAP: "1",
  });
  const role = attributes({
    schemeIdUri: "urn:mpeg:dash:role:2011",
    value: run.isAlternate ? "alternate" : "main",
  });
  const representation = attributes({
    id: run.id,
    mimeType,
    ...codec !== undefined && { codecs: codec },
    bandwidth: `${run.bandwidthBps}`,
    ...resolution &&
      { width: `${resolution.width}`, height: `${resolution.height}` },
  });
  const template = attributes({
    timescale: `${TIMESCALE_HZ}`,
    initialization: run.headerName + URI_END,
    media: run.nameTemplate + URI_END,
    presentationTimeOffset: `${dashTicks(period.offsetSeconds)}`,
  });
  return [
    `<AdaptationSet${set}>`,
    `<Role${role}/>`,
    `<Representation${representation}>`,
    `<SegmentTemplate${template}>`,
    "<SegmentTimeline>",
    ...timelineLines(run, period),
    "</SegmentTimeline>",
    "</SegmentTemplate>",
    "</Representation>",
    "</AdaptationSet>",
  ];
}

/**
 * The segments; in front of those of the first period, as one, what is not available any more.
 *
 * Deviates: GStreamer 1.22 finds its place only in a list that begins at time 0.
 */
function timelineLines(
  { segments }: DashRun,
  { startSeconds, offsetSeconds, runs }: DashPeriod,
): string[] {
  // Sound may begin after the pictures: only those tell what is gone.
  const isGone = startSeconds === 0 &&
    runs[0]!.segments[0]!.startSeconds > offsetSeconds;
  const goneSeconds = segments[0]!.startSeconds - offsetSeconds;
  const gone = { startSeconds: offsetSeconds, durationSeconds: goneSeconds };
  return (isGone ? [gone, ...segments] : segments).map((segment) => {
    const ticks = dashTicks(segment.startSeconds);
    const end = dashTicks(segment.startSeconds + segment.durationSeconds);
    return `<S${attributes({ t: `${ticks}`, d: `${end - ticks}` })}/>`;
  });
}

/** What stands behind the URIs of a manifest, as its text needs it. */
export function escapedUriEnd(end: string): string {
  return end.replaceAll("$", "$$$$").replace(
    /[&<>']/g,
    (character) => `&#${character.charCodeAt(0)};`,
  );
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${value}"`).join("");
}

function durationText(seconds: number): string {
  return `PT${seconds.toFixed(3)}S`;
}

/** A time as manifests have it. */
export function dashTicks(seconds: number): number {
  return Math.round(seconds * TIMESCALE_HZ);
}
