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
  readonly headerName: string;
  /** Name of a segment's file, `$Number$` in the place of its number. */
  readonly nameTemplate: string;
  readonly firstNumber: number;
  readonly segments: readonly {
    readonly startSeconds: number;
    readonly durationSeconds: number;
  }[];
}

/** A time without discontinuities. */
export interface DashPeriod {
  /** Wall clock of time 0 of its files, since time 0 of the manifest. */
  readonly startSeconds: number;
  readonly runs: readonly DashRun[];
}

/** A live manifest. */
export interface DashManifest {
  /** Wall clock of time 0, milliseconds since the epoch; so is the next one. */
  readonly startWallMs: number;
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

function periodLines({ startSeconds, runs }: DashPeriod): string[] {
  const period = attributes({
    id: `${Math.round(startSeconds * 1_000)}`,
    start: durationText(startSeconds),
  });
  return [`<Period${period}>`, ...runs.flatMap(runLines), "</Period>"];
}

function runLines(run: DashRun, index: number): string[] {
  const { mimeType, codec, resolution, segments } = run;
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
    startNumber: `${run.firstNumber}`,
  });
  const times = segments.map(({ startSeconds }) => ticksOf(startSeconds));
  const last = segments.at(-1);
  if (last) times.push(ticksOf(last.startSeconds + last.durationSeconds));
  return [
    `<AdaptationSet${
      attributes({ id: `${index}`, mimeType, segmentAlignment: "true" })
    }>`,
    `<Representation${representation}>`,
    `<SegmentTemplate${template}>`,
    "<SegmentTimeline>",
    ...segments.map((_, i) =>
      `<S${
        attributes({ t: `${times[i]!}`, d: `${times[i + 1]! - times[i]!}` })
      }/>`
    ),
    "</SegmentTimeline>",
    "</SegmentTemplate>",
    "</Representation>",
    "</AdaptationSet>",
  ];
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

function ticksOf(seconds: number): number {
  return Math.round(seconds * TIMESCALE_HZ);
}
