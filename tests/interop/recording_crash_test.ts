import { join } from "node:path";
import { assert, assertEquals } from "#test/assert.ts";
import { clip } from "#test/clips.ts";
import {
  BARE_VIDEO_FILTERS,
  compareFrames,
  type FrameHash,
  readFrames,
} from "#test/framemd5.ts";
import { interopTest } from "#test/programs.ts";
import { openRawRtsp } from "#test/raw_rtsp.ts";
import {
  namesIn,
  type RecordedFile,
  recordedFiles,
  seenByMediabunny,
} from "#test/recorded.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";

const PART_MS = 500;
const PICTURE_MS = 40;

/** Headers tell when the last picture is decoded, others when the last one has been shown. */
const MAX_REORDERING_MS = 250;

/** The part that is collected, and one that is on its way to a busy disk. */
const MAX_LOST_MS = 2 * PART_MS;

const FORMATS = ["fmp4", "mpegts"] as const;

const VIDEO_ARGS = [
  ..."-map 0:v -c copy -bsf:v".split(" "),
  BARE_VIDEO_FILTERS.h264,
];

/** What happens right before the server is killed. */
interface Moment {
  readonly name: string;
  /** So many pictures of each path have reached a reader; the clip has 25 a second and as many in a group. */
  readonly pictures?: number;
  /** A line of the log. */
  readonly line?: RegExp;
  /** Files are deleted when they are so old. */
  readonly deleteAfter?: string;
}

/** Segments last a second, parts half of one. */
const MOMENTS: readonly Moment[] = [
  ...[1, 2, 6, 12, 13, 14, 19, 24, 25, 26, 27, 33, 37, 38, 50, 51, 64].map(
    (pictures) => ({ name: `picture ${pictures}`, pictures }),
  ),
  { name: "a file was made", line: /creating segment/ },
  { name: "a file was closed", line: /closing segment/ },
  { name: "a file was deleted", line: /removing /, deleteAfter: "2s" },
];

/** Servers at the same time. */
const SERVERS = 4;

/** A server that was killed, and what its reader of each format had by then. */
interface Killed extends Moment {
  readonly id: string;
  readonly reached: readonly number[];
}

interopTest({
  name:
    "a server that is killed at any moment loses at most a part of its recordings",
  needs: ["ffmpeg"],
  fn: async (t) => {
    const folder = await Deno.makeTempDir({ prefix: "weir_rec_" });
    try {
      const killed: Killed[] = [];
      const file = await clip("short_groups");
      await inParallel(MOMENTS, async (moment, i) => {
        killed.push(await killAt(moment, { id: `k${i}`, folder, file }));
      });
      await repair(folder);
      const published = await readFrames(file, { outputArgs: VIDEO_ARGS });
      const outcomes = new Map<Killed, unknown>();
      await inParallel(killed, async (one) => {
        await checkFiles(folder, one, published.frames)
          .catch((error) => outcomes.set(one, error));
      });
      for (const one of killed) {
        await t.step(`killed when ${one.name}`, () => {
          if (outcomes.has(one)) throw outcomes.get(one);
        });
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

async function inParallel<T>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const waiting = items.entries();
  const run = async () => {
    for (const [i, item] of waiting) await work(item, i);
  };
  await Promise.all(Array.from({ length: SERVERS }, run));
}

/** The paths play a clip from its first picture on, once somebody reads them. */
async function killAt(
  moment: Moment,
  { id, folder, file }: {
    readonly id: string;
    readonly folder: string;
    readonly file: string;
  },
): Promise<Killed> {
  await using weir = await startWeir({
    config: `
logLevel: debug
pathDefaults:
  record: yes
  source: file://${file}
  sourceOnDemand: yes
  recordSegmentDuration: 1s
  recordPartDuration: ${PART_MS}ms
  recordDeleteAfter: ${moment.deleteAfter ?? "1h"}
  recordPath: ${folder}/%path/%Y-%m-%d_%H-%M-%S-%f
paths:
  ${id}-fmp4:
  ${id}-mpegts:
    recordFormat: mpegts
`,
  });
  await using opened = new AsyncDisposableStack();
  const readers = await Promise.all(FORMATS.map(async (format) => {
    const reader = opened.use(await openRawRtsp(weir.rtspPort));
    assertEquals(await reader.play(weir.rtspUrl(`${id}-${format}`)), 200);
    return reader;
  }));
  const { pictures = 0, line } = moment;
  await Promise.all(readers.map((reader) => reader.pictures(pictures)));
  if (line) await weir.waitForLog(line);
  weir.kill("SIGKILL");
  await Promise.all(readers.map((reader) => reader.end()));
  const reached = readers.map(({ receivedPictures }) => receivedPictures);
  return { ...moment, id, reached };
}

/** The first server that repairs is killed while it does. */
async function repair(folder: string): Promise<void> {
  const config = `
logLevel: debug
pathDefaults: {recordPath: "${folder}/%path/%Y-%m-%d_%H-%M-%S-%f"}
paths:
  "~-fmp4$":
  "~-mpegts$":
    recordFormat: mpegts
`;
  await using killed = await startWeir({ config });
  await killed.waitForLog(/repaired|removed/);
  killed.kill("SIGKILL");
  await using weir: WeirProcess = await startWeir({ config });
  await weir.waitForLog(/\[record cleaner\] \d+ files .* in order/);
  assertEquals(await weir.stop(), 0);
}

async function checkFiles(
  folder: string,
  { id, reached, deleteAfter }: Killed,
  published: readonly FrameHash[],
): Promise<void> {
  for (const [i, format] of FORMATS.entries()) {
    const name = `${id}-${format}`;
    const isThere = (await namesIn(folder)).includes(name);
    const files = isThere ? await recordedFiles(join(folder, name)) : [];
    const recorded: FrameHash[] = [];
    for (const file of files) recorded.push(...await readFile(file, format));
    const run = recorded.length === 0
      ? { firstFrame: 0, frames: 0 }
      : compareFrames(published, recorded, { toleranceMs: Infinity });
    if (deleteAfter === undefined) assertEquals(run.firstFrame, 0, name);
    const lost = reached[i]! - run.firstFrame - run.frames;
    const lostMs = lost * PICTURE_MS;
    assert(lostMs <= MAX_LOST_MS, `${name} has lost ${lostMs} ms`);
  }
}

/** The pictures of a file that ffmpeg has nothing to say about, nor mediabunny. */
async function readFile(
  { path, durationMs }: RecordedFile,
  format: (typeof FORMATS)[number],
): Promise<readonly FrameHash[]> {
  const { frames, messages } = await readFrames(path, {
    outputArgs: VIDEO_ARGS,
  });
  assertEquals(messages, [], path);
  const seen = await seenByMediabunny(path);
  const [pictureCount] = seen.sampleCounts;
  assertEquals([seen.types[0], pictureCount], ["video", frames.length], path);
  if (format === "fmp4") {
    const apartMs = Math.abs(seen.durationMs - durationMs);
    assert(apartMs < MAX_REORDERING_MS, `${path}: ${apartMs} ms apart`);
  }
  return frames;
}
