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
  readonly formats: readonly ("fmp4" | "mpegts")[];
  readonly video?: keyof typeof BARE_VIDEO_FILTERS | "copy" | "pictures";
  readonly audio?: "aac" | "copy";
  /** Files that a recording of it has where each lasts two seconds at least: key frames are four seconds apart. */
  readonly files?: number;
  /** Options of the publisher's output. */
  readonly publishArgs?: readonly string[];
}

const BOTH = ["fmp4", "mpegts"] as const;

const CASES: readonly Case[] = [
  {
    clip: "short_groups",
    way: "RTSP/TCP",
    formats: BOTH,
    video: "h264",
    audio: "aac",
    files: 3,
  },
  {
    clip: "bframes_aac",
    way: "RTMP",
    formats: BOTH,
    video: "h264",
    audio: "aac",
    files: 2,
  },
  {
    clip: "h265_opus",
    way: "RTSP/UDP",
    formats: BOTH,
    video: "h265",
    audio: "copy",
    files: 2,
  },
  {
    clip: "vp9",
    way: "RTSP/TCP",
    formats: ["fmp4"],
    video: "copy",
    publishArgs: ["-strict", "experimental"],
  },
  // Headers of pictures are made anew behind RTP.
  { clip: "mjpeg", way: "RTSP/TCP", formats: ["fmp4"], video: "pictures" },
  { clip: "mp3", way: "RTSP/TCP", formats: BOTH, audio: "copy" },
  { clip: "aac", way: "RTMP", formats: BOTH, audio: "aac" },
];

for (const one of CASES) {
  interopTest({
    name: `a recording of ${one.clip} over ${one.way} has every frame`,
    needs: ["ffmpeg"],
    fn: async () => {
      const folder = await Deno.makeTempDir({ prefix: "weir_rec_" });
      try {
        await using weir = await startWeir({ config: configOf(folder) });
        await Promise.all(
          one.formats.map((format) => publish(weir, one, format)),
        );
        assertEquals(await weir.stop(), 0);
        for (const format of one.formats) {
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
  { clip: name, way, publishArgs = [] }: Case,
  path: string,
): Promise<void> {
  await using publisher = startPublisher(weir, {
    way,
    path,
    file: await clip(name),
    outputArgs: publishArgs,
  });
  assertEquals((await publisher.ended).code, 0, publisher.stderr);
  await weir.waitForLog(new RegExp(`path ${path}\\] stream is not available`));
}

async function checkRecording(
  folder: string,
  { clip: name, way, video, audio, files: fileCount }: Case,
  format: "fmp4" | "mpegts",
): Promise<void> {
  const files = await recordedFiles(folder);
  if (fileCount !== undefined) assertEquals(files.length, fileCount);
  for (const [i, { box, durationMs }] of files.entries()) {
    if (format === "mpegts") continue;
    assertEquals(box?.segmentNumber, BigInt(i));
    assertEquals(box?.streamId, files[0]!.box?.streamId);
    assert(durationMs > 0, `${durationMs}`);
  }
  const source = await clip(name);
  const shifts: number[] = [];
  const seen = format === "fmp4" && video !== "pictures"
    ? await Promise.all(files.map(({ path }) => seenByMediabunny(path)))
    : undefined;
  for (const { args, isSound } of trackArgs(video, audio)) {
    const sent = await readFrames(source, { outputArgs: args(source) });
    const got = await recordedFrames(files, args);
    const run = compareFrames(sent.frames, got, { toleranceMs: TOLERANCE_MS });
    assertEquals(run.firstFrame, 0);
    const lost = sent.frames.length - run.frames;
    const held = isSound && way !== "RTMP" ? COLLECTED_FRAMES : 0;
    assert(lost <= held, `${lost} frames are missing`);
    const counts = seen?.map(({ sampleCounts }) =>
      sampleCounts[shifts.length] ?? 0
    );
    if (counts) assertEquals(counts.reduce((a, b) => a + b), run.frames);
    shifts.push(run.shiftMs);
  }
  if (shifts.length === 2) {
    const apartMs = Math.abs(shifts[0]! - shifts[1]!);
    assert(apartMs <= 2 * TOLERANCE_MS + 1, `${apartMs} ms out of sync`);
  }
}

interface TrackArgs {
  readonly isSound: boolean;
  readonly args: (path: string) => readonly string[];
}

/** How ffmpeg prints the frames of each track of a file. */
function trackArgs(video: Case["video"], audio: Case["audio"]): TrackArgs[] {
  const args: TrackArgs[] = [];
  if (video !== undefined) {
    const codec = video === "pictures"
      ? ["-c", "rawvideo"]
      : video === "copy"
      ? ["-c", "copy"]
      : ["-c", "copy", "-bsf:v", BARE_VIDEO_FILTERS[video]];
    args.push({ isSound: false, args: () => ["-map", "0:v", ...codec] });
  }
  if (audio !== undefined) {
    args.push({
      isSound: true,
      args: (path) => [
        ...["-map", "0:a", "-c", "copy"],
        ...audio === "aac" && path.endsWith(".ts")
          ? ["-bsf:a", "aac_adtstoasc"]
          : [],
      ],
    });
  }
  return args;
}
