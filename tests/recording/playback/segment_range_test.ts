import { createLogger } from "#base/log.ts";
import type { RecordedSegment } from "#recording/playback/recorded_segment.ts";
import {
  describeSegments,
  filesInRange,
  recordingsIn,
} from "#recording/playback/segment_range.ts";
import { assert, assertEquals } from "#test/assert.ts";
import {
  PLAIN_TRACKS,
  plainSamples,
  playableFile,
  writeRecording,
} from "./made_recording.ts";

const FILES = [10, 20, 30].map((startUs) =>
  playableFile(`${startUs}.mp4`, startUs)
);

const RANGES: [
  startUs: number | undefined,
  endUs: number | undefined,
  files: number[],
][] = [
  [undefined, undefined, [10, 20, 30]],
  [5, undefined, [10, 20, 30]],
  [10, undefined, [10, 20, 30]],
  [19, undefined, [10, 20, 30]],
  [20, undefined, [20, 30]],
  [99, undefined, [30]],
  [undefined, 20, [10, 20]],
  [undefined, 9, []],
  [12, 15, [10]],
];

Deno.test("filesInRange() begins with the file that may hold the start", () => {
  for (const [startUs, endUs, files] of RANGES) {
    const found = filesInRange(FILES, { startUs, endUs });
    assertEquals(found.map((one) => one.startUs), files);
  }
});

/** A segment of ten microseconds. */
function segment(
  startUs: number,
  segmentNumber: bigint,
  dtsUs: number,
): RecordedSegment {
  const dtsNs = BigInt(dtsUs * 1_000);
  return {
    ...playableFile(`${startUs}.mp4`, startUs),
    sizeBytes: 1,
    durationUs: 10,
    layout: "",
    header: "",
    origin: { streamId: "", segmentNumber, dtsNs },
  };
}

/** The wall clock was set back by a microsecond before the second one; the third one is missing. */
const SEGMENTS = [
  segment(100, 0n, 0),
  segment(109, 1n, 10),
  segment(130, 3n, 30),
];

Deno.test("recordingsIn() joins what follows, and cuts off what is outside", () => {
  const recordings = (startUs?: number, endUs?: number) =>
    recordingsIn(SEGMENTS, { startUs, endUs })
      .map((one) => [one.startUs, one.endUs]);
  assertEquals(recordings(), [[100, 120], [130, 140]]);
  assertEquals(recordings(105), [[105, 120], [130, 140]]);
  assertEquals(recordings(105, 135), [[105, 120], [130, 135]]);
  assertEquals(recordings(120), [[130, 140]]);
  assertEquals(recordings(125, 128), []);
});

Deno.test("describeSegments() leaves out files that cannot be read, and names them", async () => {
  const folder = await Deno.makeTempDir();
  const names = await writeRecording({
    recordPath: `${folder}/%path/%s-%f`,
    pathName: "cam",
    startUs: 1_772_366_400e6,
    tracks: PLAIN_TRACKS,
    samples: plainSamples(3),
    cutSeconds: [0, 1, 2],
    streamByte: 7,
  });
  await Deno.writeTextFile(names[1]!, "this is no film");
  const lines: string[] = [];
  const logger = createLogger(
    (level, text) => lines.push(`${level}: ${text}`),
    "debug",
  );
  const files = names.map(playableFile);
  const found = await describeSegments(files, logger);
  assertEquals(found.map(({ file }) => file), [names[0], names[2]]);
  assertEquals(lines.length, 1);
  assert(
    lines[0]!.startsWith(`warn: skipping segment ${names[1]}: Cannot parse`),
    lines[0]!,
  );
  await Deno.remove(folder, { recursive: true });
});
