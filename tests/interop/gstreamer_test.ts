import { clip } from "#test/clips.ts";
import { compareFrames, type FrameHash, readFrames } from "#test/framemd5.ts";
import { runProcess, startProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { assert, assertEquals } from "#test/assert.ts";
import {
  type Comparison,
  framesOf,
  toleranceMs,
  valueOf,
} from "./check_frames.ts";
import {
  addressOf,
  complaintsOf,
  mediaArgs,
  readPath,
  startPublisher,
  STREAM,
  waitUntilAvailable,
  type Way,
  WAYS,
} from "./ffmpeg_peer.ts";

const READ_TIMEOUT_MS = 40_000;

/** rtspsrc gives up if a packet of the medium that nobody wants comes before the other is linked. */
const MAX_TRIES = 3;

/** Times of GStreamer are whole nanoseconds. */
const NANOSECOND_ROUNDING_MS = 1e-5;

/** What decoders and parsers still hold when the server ends the connection, which is an error to rtspsrc. */
const MAX_HELD_FRAMES = 8;

/**
 * rtspsrc takes over what the first sender reports say when media has begun
 * to flow: the times before are its own.
 */
const MAX_UNSYNCED_FRAMES = 25;

/**
 * The sinks send no sender report in the first seconds: the place of a track
 * follows from its arrival, and media that comes meanwhile waits this long.
 */
const MAX_SYNC_ERROR_MS = 200;
const MAX_LATE_AUDIO_MS = 400;

/**
 * With the first sender reports a track moves, by as much as its arrival was
 * off, and again by a few milliseconds with the second ones, if they come
 * before the end; behind that, times are those of a wall clock, rounded.
 */
const MAX_MOVES = 2;

/**
 * Pictures that ffmpeg reads of what GStreamer publishes, all but the last:
 * rtspclientsink does not always end with its file.
 */
const READ_PICTURES = 140;
const MIN_AUDIO_FRAMES = 200;
const READ_AUDIO_STREAM = 1;
const READ_ARGS = [
  ..."-map 0:v -map 0:a -c:v rawvideo -enc_time_base:v -1".split(" "),
  ...["-c:a", "copy", "-frames:v", `${READ_PICTURES}`],
];

/** An AAC frame at 48 kHz. */
const AAC_FRAME_MS = 1_024 / 48;

/** What one GStreamer process reads. */
type Medium = typeof STREAM.pictures | typeof STREAM.codedAudio;

const MEDIA: readonly Medium[] = [STREAM.pictures, STREAM.codedAudio];

const PAIRS = WAYS.flatMap((publishWay) =>
  WAYS.map((readWay) => ({ publishWay, readWay, path: pathOf(publishWay) }))
);

interopTest({
  name: "rtspsrc and rtmp2src get every picture and audio frame",
  needs: ["ffmpeg", "gstreamer"],
  fn: async (t) => {
    const file = await clip("bframes_aac");
    const { frames: published } = await readFrames(file, {
      outputArgs: mediaArgs("h264"),
    });
    await using weir = await startWeir();
    await using publishers = new AsyncDisposableStack();
    for (const way of WAYS) {
      const path = pathOf(way);
      publishers.use(startPublisher(weir, { way, path, file }));
    }
    const readers = PAIRS.flatMap((pair) =>
      MEDIA.map((medium) => ({ ...pair, medium }))
    );
    const readings = await Promise.allSettled(readers.map(async (reader) => {
      await waitUntilAvailable(weir, reader.path);
      return await readWithGstreamer(weir, reader, reader.medium);
    }));
    for (const [i, { publishWay, readWay, medium }] of readers.entries()) {
      const what = medium === STREAM.pictures ? "pictures" : "audio";
      await t.step(`${publishWay} by ffmpeg to ${readWay}: ${what}`, () => {
        const read = valueOf(readings[i]!);
        checkGstreamerFrames({ publishWay, readWay, published, read }, medium);
      });
    }
  },
});

interopTest({
  name: "rtspclientsink and rtmp2sink publish: ffmpeg reads every picture",
  needs: ["ffmpeg", "gstreamer"],
  fn: async (t) => {
    const file = await clip("bframes_aac");
    const { frames: published } = await readFrames(file, {
      outputArgs: mediaArgs("h264"),
    });
    await using weir = await startWeir();
    await using publishers = new AsyncDisposableStack();
    for (const way of WAYS) {
      const address = addressOf(weir, way, pathOf(way));
      publishers.use(
        startProcess("gst-launch-1.0", publishArgs(way, file, address)),
      );
    }
    const readings = await Promise.allSettled(PAIRS.map(async (pair) => {
      await waitUntilAvailable(weir, pair.path);
      return await readPath(weir, {
        way: pair.readWay,
        path: pair.path,
        outputArgs: READ_ARGS,
      });
    }));
    for (const [i, { publishWay, readWay }] of PAIRS.entries()) {
      await t.step(`${publishWay} by GStreamer to ${readWay}`, () => {
        const reading = valueOf(readings[i]!);
        assertEquals(complaintsOf(reading), [], "messages of the reader");
        const read = reading.frames;
        const pictures = compareFrames(published, read, {
          publishedStream: STREAM.pictures,
          toleranceMs: publishWay === "RTMP"
            ? toleranceMs("RTMP")
            : MAX_SYNC_ERROR_MS,
        });
        const moves = countMoves(published, read, toleranceMs("RTMP"));
        assert(moves <= MAX_MOVES, `pictures moved ${moves} times`);
        assertEquals(
          [pictures.firstFrame, pictures.frames],
          [0, READ_PICTURES],
          "first picture and number of pictures",
        );
        const sent = framesOf(published, STREAM.codedAudio);
        const got = framesOf(read, READ_AUDIO_STREAM);
        const audio = compareFrames(published, read, {
          publishedStream: STREAM.codedAudio,
          readStream: READ_AUDIO_STREAM,
          toleranceMs: publishWay === "RTMP"
            ? toleranceMs("RTMP")
            : MAX_SYNC_ERROR_MS,
          // Below zero GStreamer has no time: the first frame stands at zero.
          skipFrames: got[0]!.hash === sent[0]!.hash ? 1 : 0,
          minFrames: MIN_AUDIO_FRAMES,
        });
        const lateMs = sent[audio.firstFrame]!.ptsMs;
        assert(lateMs <= MAX_LATE_AUDIO_MS, `audio begins ${lateMs} ms late`);
        const errorMs = Math.abs(pictures.shiftMs - audio.shiftMs);
        const limitMs = publishWay === "RTMP" ? 2 : MAX_SYNC_ERROR_MS;
        assert(errorMs <= limitMs, `out of sync by ${errorMs} ms`);
      });
    }
  },
});

/** How often the pictures read, which are the first ones published, move against them. */
function countMoves(
  published: readonly FrameHash[],
  read: readonly FrameHash[],
  limitMs: number,
): number {
  const sent = framesOf(published, STREAM.pictures);
  const shiftsMs = framesOf(read, STREAM.pictures)
    .map(({ ptsMs }, i) => ptsMs - sent[i]!.ptsMs);
  return shiftsMs.filter((shiftMs, i) =>
    i > 0 && Math.abs(shiftMs - shiftsMs[i - 1]!) > limitMs
  ).length;
}

function checkGstreamerFrames(comparison: Comparison, medium: Medium): void {
  const { published, read, publishWay, readWay } = comparison;
  const streams = { publishedStream: medium, readStream: medium };
  const run = compareFrames(published, read, {
    ...streams,
    toleranceMs: Infinity,
  });
  const sent = framesOf(published, medium);
  assert(run.firstFrame <= (medium === STREAM.pictures ? 0 : 1));
  const held = sent.length - run.firstFrame - run.frames;
  assert(held <= MAX_HELD_FRAMES, `the last ${held} frames are missing`);
  compareFrames(published, read, {
    ...streams,
    toleranceMs: toleranceMs(publishWay, readWay) + NANOSECOND_ROUNDING_MS,
    skipFrames: readWay === "RTMP" ? 0 : MAX_UNSYNCED_FRAMES,
  });
}

function pathOf(publishWay: Way): string {
  return `gstreamer/${WAYS.indexOf(publishWay)}`;
}

/** Arguments that publish a file in real time. */
function publishArgs(way: Way, file: string, address: string): string[] {
  const input = [
    ...["filesrc", `location=${file}`, "!", "qtdemux", "name=file"],
    ..."file.video_0 ! queue ! h264parse ! sink.".split(" "),
    ..."file.audio_0 ! queue ! aacparse ! sink.".split(" "),
  ];
  return way === "RTMP"
    ? [
      ...input,
      ..."flvmux name=sink streamable=true ! rtmp2sink sync=true".split(" "),
      `location=${address}`,
    ]
    : [
      ...input,
      ...["rtspclientsink", "name=sink", `location=${address}`],
      `protocols=${transportOf(way)}`,
    ];
}

/** Reads one medium with GStreamer and hashes what comes: pictures from its own decoder, audio as it is coded. */
async function readWithGstreamer(
  weir: WeirProcess,
  { readWay, path }: { readonly readWay: Way; readonly path: string },
  stream: Medium,
): Promise<FrameHash[]> {
  const isPicture = stream === STREAM.pictures;
  const [wanted, other] = isPicture ? ["video", "audio"] : ["audio", "video"];
  const source = readWay === "RTMP"
    ? [
      ...["rtmp2src", `location=${weir.rtmpUrl(path)}`],
      ..."! flvdemux name=in".split(" "),
      ...`in.${other} ! queue ! fakesink in.${wanted} ! queue`.split(" "),
    ]
    : [
      ...["rtspsrc", `location=${weir.rtspUrl(path)}`],
      ...[`protocols=${transportOf(readWay)}`, "buffer-mode=none"],
      ...["!", `application/x-rtp,media=${wanted}`],
      ...["!", isPicture ? "rtph264depay" : "rtpmp4gdepay"],
    ];
  const decoder = isPicture
    ? "! h264parse ! avdec_h264 max-threads=1 ! video/x-raw,format=I420"
    : "! aacparse";
  const args = [
    "--quiet",
    ...source,
    ...decoder.split(" "),
    ..."! checksumsink hash=md5 async=false".split(" "),
  ];
  for (let tries = 1;; tries++) {
    const result = await runProcess("gst-launch-1.0", args, {
      timeoutMs: READ_TIMEOUT_MS,
    });
    const frames = parseChecksums(result.stdout, stream);
    if (frames.length > 0) return frames;
    const hasLostRace = result.stderr.includes("reason not-linked");
    if (!hasLostRace || tries === MAX_TRIES) {
      throw new Error(`Cannot read ${path}: GStreamer says:\n${result.stderr}`);
    }
  }
}

/**
 * Parses what `checksumsink` prints.
 *
 * rtpmp4gdepay gives the first frame of a packet a time: the others follow it.
 */
function parseChecksums(text: string, streamIndex: Medium): FrameHash[] {
  let ptsMs = 0;
  return text.trim().split("\n").flatMap((line) => {
    const match = /^(\d+):(\d+):(\d+\.\d+) ([0-9a-f]{32})$/.exec(line);
    if (match === null) return [];
    const [hours, minutes, seconds] = match.slice(1, 4).map(Number);
    const hasTime = minutes! < 60;
    ptsMs = hasTime
      ? ((hours! * 60 + minutes!) * 60 + seconds!) * 1_000
      : ptsMs + AAC_FRAME_MS;
    return [{
      ...{ streamIndex, dtsMs: ptsMs, ptsMs, hash: match[4]! },
      ...{ dtsTicks: 0, ptsTicks: 0, durationTicks: 0, sizeBytes: 0 },
    }];
  });
}

function transportOf(way: "RTSP/TCP" | "RTSP/UDP"): string {
  return way === "RTSP/TCP" ? "tcp" : "udp";
}
