import { createLogger } from "#base/log.ts";
import type { RecordedSegment } from "#recording/playback/recorded_segment.ts";
import { describeSegments } from "#recording/playback/segment_range.ts";
import {
  openRecordedSpan,
  type SpanOptions,
  type SpanSample,
} from "#recording/playback/span_samples.ts";
import { segmentNames, segmentsOf } from "#recording/segment_files.ts";
import {
  type MadeRecording,
  PLAIN_TRACKS,
  plainSamples,
  playableFile,
  writeRecording,
} from "./made_recording.ts";

/** Wall clock at which recordings of tests begin, if they do not say otherwise. */
export const START_US = 1_772_366_400e6;

/** A folder with recordings of one path. */
export interface RecordedFolder extends AsyncDisposable {
  readonly recordPath: string;
  readonly lines: readonly string[];
  /** What is said of all segments that are there. */
  segments(): Promise<RecordedSegment[]>;
  /** Says what to read: four seconds without a break, if it does not say otherwise. */
  span(changes?: Partial<SpanOptions>): Promise<SpanOptions>;
}

/** Writes recordings of the path `cam`: four seconds in two segments, if they do not say otherwise. */
export async function recordedFolder(
  ...recordings: readonly Partial<MadeRecording>[]
): Promise<RecordedFolder> {
  const folder = await Deno.makeTempDir();
  const recordPath = `${folder}/%path/%s-%f`;
  for (const changes of recordings) {
    await writeRecording({
      recordPath,
      pathName: "cam",
      startUs: START_US,
      tracks: PLAIN_TRACKS,
      samples: plainSamples(4),
      cutSeconds: [0, 2],
      streamByte: 7,
      ...changes,
    });
  }
  const lines: string[] = [];
  const logger = createLogger(
    (level, text) => lines.push(`${level}: ${text}`),
    "debug",
  );
  const segments = async () => {
    const names = segmentNames({ recordPath, recordFormat: "fmp4" });
    const files = (await segmentsOf("cam", names))
      .map(({ file, startUs }) => playableFile(file, startUs));
    return await describeSegments(files, logger);
  };
  return {
    recordPath,
    lines,
    segments,
    span: async (changes = {}) => ({
      segments: await segments(),
      startUs: START_US,
      durationUs: 4e6,
      skipsGaps: false,
      logger,
      ...changes,
    }),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** All samples of one track of a span: `dts+duration text`, with `*` for key frames, times in milliseconds. */
export async function spanTexts(
  options: SpanOptions,
  trackNumber: number,
): Promise<string[]> {
  using span = await openRecordedSpan(options);
  const texts: string[] = [];
  const track = span.tracks.find(({ number }) => number === trackNumber)!;
  const ms = (ticks: number) => ticks * 1_000 / track.clockRateHz;
  for await (const sample of span.samples()) {
    if (sample.trackNumber !== trackNumber) continue;
    const { dtsTicks, durationTicks, isSync } = sample;
    const text = await sampleText(sample);
    texts.push(
      `${ms(dtsTicks)}+${ms(durationTicks)} ${text}${isSync ? "*" : ""}`,
    );
  }
  return texts;
}

/** What a sample says that it is. */
export async function sampleText(sample: SpanSample): Promise<string> {
  return new TextDecoder().decode(await sample.read());
}
