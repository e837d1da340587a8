import { join } from "node:path";
import { assert, assertEquals } from "#test/assert.ts";
import { clip, type ClipName } from "#test/clips.ts";
import {
  BARE_VIDEO_FILTERS,
  compareFrames,
  readFrames,
} from "#test/framemd5.ts";
import { interopTest } from "#test/programs.ts";
import {
  recordedFiles,
  recordedFrames,
  seenByMediabunny,
} from "#test/recorded.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { startPublisher, type Way } from "./ffmpeg_peer.ts";

/** Timestamps of FLV are whole milliseconds, and those of a file begin at one of its track's ticks. */
const TOLERANCE_MS = 1.5;

/** Over RTSP ffmpeg collects frames of sound in packets, and does not send what it holds at the end. */
const COLLECTED_FRAMES = 5;

/** A clip that is published and recorded. */
interface Case {
  readonly clip: ClipName;
  readonly way: Way;
  /** Files that a recording of it has where each lasts two seconds at least. */
  readonly files: number;
}

const FORMATS = ["fmp4", "mpegts"] as const;

const CASES: readonly Case[] = [
  { clip: "short_groups", way: "RTSP/TCP", files: 3 },
  { clip: "bframes_aac", way: "RTMP", files: 2 },
];

/** How ffmpeg prints the frames of each track of a file. */
const TRACKS: readonly ((path: string) => readonly string[])[] = [
  () => ["-map", "0:v", "-c", "copy", "-bsf:v", BARE_VIDEO_FILTERS.h264],
  (path) => [
    ...["-map", "0:a", "-c", "copy"],
    ...path.endsWith(".ts") ? ["-bsf:a", "aac_adtstoasc"] : [],
  ],
];

for (const one of CASES) {
  interopTest({
    name:
      `files of ${one.clip} over ${one.way} follow each other, sound and pictures in sync`,
    needs: ["ffmpeg"],
    fn: async () => {
      const folder = await Deno.makeTempDir({ prefix: "weir_rec_" });
      try {
        await using weir = await startWeir({ config: configOf(folder) });
        await Promise.all(FORMATS.map((format) => publish(weir, one, format)));
        assertEquals(await weir.stop(), 0);
        for (const format of FORMATS) {
          await checkRecording(join(folder, format), one, format);
        }
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

function configOf(folder: string): string {
  return `
logLevel: debug
pathDefaults:
  record: yes
  recordSegmentDuration: 2s
  recordPartDuration: 500ms
  recordPath: ${folder}/%path/%Y-%m-%d_%H-%M-%S-%f
paths:
  fmp4:
  mpegts:
    recordFormat: mpegts
`;
}

async function publish(
  weir: WeirProcess,
  { clip: name, way }: Case,
  path: string,
): Promise<void> {
  await using publisher = startPublisher(weir, {
    ...{ way, path },
    file: await clip(name),
  });
  assertEquals((await publisher.ended).code, 0, publisher.stderr);
  await weir.waitForLog(new RegExp(`path ${path}\\] stream is not available`));
}

async function checkRecording(
  folder: string,
  { clip: name, way, files: fileCount }: Case,
  format: (typeof FORMATS)[number],
): Promise<void> {
  const files = await recordedFiles(folder);
  assertEquals(files.length, fileCount);
  for (const [i, { box, durationMs }] of files.entries()) {
    if (format === "mpegts") continue;
    assertEquals(box?.segmentNumber, BigInt(i));
    assertEquals(box?.streamId, files[0]!.box?.streamId);
    assert(durationMs > 0, `${durationMs}`);
  }
  const source = await clip(name);
  const shifts: number[] = [];
  const seen = format === "fmp4"
    ? await Promise.all(files.map(({ path }) => seenByMediabunny(path)))
    : undefined;
  for (const [i, args] of TRACKS.entries()) {
    const sent = await readFrames(source, { outputArgs: args(source) });
    const got = await recordedFrames(files, args);
    const run = compareFrames(sent.frames, got, { toleranceMs: TOLERANCE_MS });
    assertEquals(run.firstFrame, 0);
    const lost = sent.frames.length - run.frames;
    const held = i === 1 && way !== "RTMP" ? COLLECTED_FRAMES : 0;
    assert(lost <= held, `${lost} frames are missing`);
    const counts = seen?.map(({ sampleCounts }) => sampleCounts[i] ?? 0);
    if (counts) assertEquals(counts.reduce((a, b) => a + b), run.frames);
    shifts.push(run.shiftMs);
  }
  const apartMs = Math.abs(shifts[0]! - shifts[1]!);
  assert(apartMs <= 2 * TOLERANCE_MS + 1, `${apartMs} ms out of sync`);
}
