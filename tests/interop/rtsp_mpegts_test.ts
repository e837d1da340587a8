import { assert, assertEquals } from "#test/assert.ts";
import { CLIP_SECONDS } from "#test/clip_recipes.ts";
import { clip, type ClipName } from "#test/clips.ts";
import { compareFrames, type FrameHash, readFrames } from "#test/framemd5.ts";
import { type RunningProcess, startProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import {
  checkAudio,
  checkCodedVideo,
  checkPictures,
  checkSync,
  framesOf,
  toleranceMs,
  valueOf,
} from "./check_frames.ts";
import {
  complaintsOf,
  mediaArgs,
  readPath,
  RTSP_WAYS,
  STREAM,
  waitUntilAvailable,
  type Way,
  WAYS,
} from "./ffmpeg_peer.ts";

/** rtspclientsink does not end with its file: so long after its start it has sent everything. */
const PUBLISH_TIMEOUT_MS = (CLIP_SECONDS + 2) * 1_000;

/** ADTS headers of what is published: nothing that is read has them. */
const WITHOUT_ADTS = ["-bsf:a", "aac_adtstoasc"];

/** Decoded pictures with their times, and coded sound. */
const PICTURES_AND_SOUND =
  "-map 0:v -c:v rawvideo -enc_time_base:v -1 -map 0:a -c:a copy".split(" ");
const SOUND = 1;

/** Sound within a transport stream has times of 90 kHz, sound outside of it those of its samples. */
const ROUNDING_MS = 0.1;

function startServer(): Promise<WeirProcess> {
  return startWeir({ config: "paths: {all_others: {rtspDemuxMpegts: yes}}" });
}

/** Publishes a transport stream as one track, in real time. */
function publish(
  weir: WeirProcess,
  { way, path, file }: {
    readonly way: typeof RTSP_WAYS[number];
    readonly path: string;
    readonly file: string;
  },
): RunningProcess {
  const process = startProcess("gst-launch-1.0", [
    ...["--quiet", "filesrc", `location=${file}`, "!"],
    ...["tsparse", "set-timestamps=true", "!"],
    ...["rtspclientsink", `location=${weir.rtspUrl(path)}`],
    `protocols=${way === "RTSP/UDP" ? "udp" : "tcp"}`,
  ]);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const started = waitUntilAvailable(weir, path).then(() => {
    timer = setTimeout(() => process.kill("SIGINT"), PUBLISH_TIMEOUT_MS);
  });
  Promise.allSettled([started, process.ended])
    .then(() => clearTimeout(timer));
  return process;
}

interopTest({
  name:
    "a transport stream that GStreamer publishes is taken apart: every reader gets all of H264 and AAC, in sync",
  needs: ["ffmpeg", "gstreamer"],
  fn: async (t) => {
    const file = await clip("ts_h264_aac");
    const args = mediaArgs("h264");
    const { frames: published } = await readFrames(file, {
      outputArgs: [...args, ...WITHOUT_ADTS],
    });
    await using weir = await startServer();
    const pairs = RTSP_WAYS.flatMap((publishWay) =>
      WAYS.map((readWay) => ({ publishWay, readWay }))
    );
    await using publishers = new AsyncDisposableStack();
    for (const way of RTSP_WAYS) {
      const path = pathOf(way);
      publishers.use(publish(weir, { way, path, file }));
      await waitUntilAvailable(weir, path);
    }
    const outcomes = await Promise.allSettled(
      pairs.map(({ publishWay, readWay }) =>
        readPath(weir, {
          way: readWay,
          path: pathOf(publishWay),
          outputArgs: args,
        })
      ),
    );
    for (const [i, { publishWay, readWay }] of pairs.entries()) {
      await t.step(`${publishWay} > ${readWay}`, () => {
        const reading = valueOf(outcomes[i]!);
        assertEquals(complaintsOf(reading), [], "messages of the reader");
        const read = reading.frames;
        const comparison = { publishWay, readWay, published, read };
        const pictures = checkPictures(comparison);
        checkCodedVideo(comparison);
        checkSync(pictures, checkAudio({ ...comparison, codec: "aac" }));
      });
    }
    checkLog(weir, "2 tracks (H264, MPEG-4 Audio)");
  },
});

/** What else a transport stream may hold, and the ways on which it can be read. */
const CLIPS: readonly {
  readonly clip: ClipName;
  readonly labels: string;
  readonly ways: readonly Way[];
  /** First pictures whose times the reader makes up. */
  readonly guessedPictures?: number;
}[] = [
  {
    clip: "ts_h265_opus",
    labels: "H265, Opus",
    ways: RTSP_WAYS,
  },
  {
    clip: "ts_mpeg2_mp2",
    labels: "MPEG-1/2 Video, MPEG-1/2 Audio",
    ways: RTSP_WAYS,
  },
  {
    clip: "ts_mpeg1_mp3",
    labels: "MPEG-1/2 Video, MPEG-1/2 Audio",
    ways: RTSP_WAYS,
    guessedPictures: 1,
  },
  {
    clip: "ts_mpeg4_ac3",
    labels: "MPEG-4 Video, AC3",
    ways: RTSP_WAYS,
  },
];

interopTest({
  name:
    "transport streams of other codecs are taken apart: every reader gets all pictures and all sound",
  needs: ["ffmpeg", "gstreamer"],
  fn: async (t) => {
    await using weir = await startServer();
    await using publishers = new AsyncDisposableStack();
    const readings = await Promise.all(CLIPS.map(async (row) => {
      const file = await clip(row.clip);
      const outputArgs = PICTURES_AND_SOUND;
      const { frames: published } = await readFrames(file, { outputArgs });
      const path = row.clip;
      publishers.use(publish(weir, { way: "RTSP/TCP", path, file }));
      await waitUntilAvailable(weir, path);
      const outcomes = Promise.allSettled(
        row.ways.map((way) => readPath(weir, { way, path, outputArgs })),
      );
      return { ...row, published, outcomes };
    }));
    for (const row of readings) {
      const outcomes = await row.outcomes;
      for (const [i, readWay] of row.ways.entries()) {
        await t.step(`${row.labels} > ${readWay}`, () => {
          const { frames: read } = valueOf(outcomes[i]!);
          const { published, guessedPictures } = row;
          const comparison = {
            ...{ publishWay: "RTSP/TCP", readWay } as const,
            ...{ published, read },
          };
          checkPictures(comparison, guessedPictures);
          const pictures = compareFrames(published, read, {
            toleranceMs: toleranceMs(readWay),
            skipFrames: guessedPictures ?? 0,
          });
          checkSync(pictures, checkSound(published, read, readWay));
        });
      }
      checkLog(weir, `2 tracks (${row.labels})`);
    }
  },
});

/** Checks that sound arrived without a hole, up to its end. */
function checkSound(
  published: readonly FrameHash[],
  read: readonly FrameHash[],
  readWay: Way,
): ReturnType<typeof compareFrames> {
  const run = compareFrames(published, read, {
    publishedStream: SOUND,
    readStream: SOUND,
    toleranceMs: Math.max(toleranceMs(readWay), ROUNDING_MS),
  });
  const sent = framesOf(published, SOUND);
  assertEquals(run.firstFrame + run.frames, sent.length, "the end of sound");
  const firstPicture = framesOf(published, STREAM.pictures)[0]!;
  const lateMs = sent[run.firstFrame]!.ptsMs - firstPicture.ptsMs;
  assert(lateMs < 50, `sound begins ${lateMs} ms late`);
  return run;
}

/** Checks what was found, and that nothing was wrong with it. */
function checkLog(weir: WeirProcess, tracks: string): void {
  assert(weir.log.some((line) => line.includes(tracks)), weir.log.join("\n"));
  const faults = weir.log.filter((line) => / (ERR|WAR) /.test(line));
  assertEquals(faults, []);
}

function pathOf(way: Way): string {
  return `over_${way.replace("/", "_").toLowerCase()}`;
}
