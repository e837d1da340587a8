import { assert, assertEquals } from "#test/assert.ts";
import {
  BARE_VIDEO_FILTERS,
  compareFrames,
  type FrameHash,
  readFrames,
} from "#test/framemd5.ts";
import type { WeirProcess } from "#test/weir_process.ts";
import { framesOf, toleranceMs } from "./check_frames.ts";
import { complaintsOf, readPath, type Way } from "./ffmpeg_peer.ts";

/** Places of the streams among what is read. */
const VIDEO = 0;
const AUDIO = 1;

/** Decoders are told times in whole ticks of 90 kHz and of the sound's clock. */
const ROUNDING_MS = 0.05;

/** ffmpeg's RTP reader guesses the times of frames of the first packets. */
const GUESSED_FRAMES = 12;

/** Its RTSP client gives the first coded picture no presentation time. */
const UNSET_TIME = /Timestamps are unset in a packet for stream 0\./;

/** Output options that print coded pictures and sound. */
function codedArgs(seconds?: number): string[] {
  return [
    ..."-map 0:v -map 0:a -c copy".split(" "),
    // Sound of a transport stream comes with headers.
    ...["-bsf:v", BARE_VIDEO_FILTERS.h264, "-bsf:a", "aac_adtstoasc"],
    ...seconds === undefined ? [] : ["-t", `${seconds}`],
  ];
}

/** Coded frames of a file that is looped. */
export interface LoopedClip {
  /** Of one round. */
  readonly frames: readonly FrameHash[];
  /** From the start of a round to the start of the next. */
  readonly roundMs: number;
}

/** Reads a file of H264 and AAC, frames that its edit list cuts off left out. */
export async function looped(file: string): Promise<LoopedClip> {
  const { frames } = await readFrames(file, { outputArgs: codedArgs() });
  const heard = frames.filter(({ streamIndex, ptsMs, durationTicks }) =>
    streamIndex === VIDEO || ptsMs >= 0 || durationTicks === 0
  );
  return {
    frames: heard,
    roundMs: Math.max(spanMs(heard, VIDEO), spanMs(heard, AUDIO)),
  };
}

function spanMs(frames: readonly FrameHash[], stream: number): number {
  const times = framesOf(frames, stream).map(({ ptsMs }) => ptsMs)
    .sort((a, b) => a - b);
  return times.at(-1)! - times[0]! + (times[1]! - times[0]!);
}

/** What a reader is to be given, and for how long. */
export interface LoopedReading {
  readonly way: Way;
  readonly path: string;
  readonly seconds: number;
}

/**
 * Reads a path that plays a file again and again, for longer than a round, and checks every frame of pictures and sound:
 * none is missing, times go on over the seam, and both are moved by the same time.
 */
export async function checkLooped(
  server: Pick<WeirProcess, "rtspUrl" | "rtmpUrl">,
  clip: LoopedClip,
  { way, path, seconds }: LoopedReading,
): Promise<void> {
  const reading = await readPath(server, {
    way,
    path,
    outputArgs: codedArgs(seconds),
  });
  const complaints = complaintsOf(reading).filter((line) =>
    !UNSET_TIME.test(line)
  );
  assertEquals(complaints, [], "messages of the reader");
  const { roundMs } = clip;
  const rounds = Math.ceil(1_000 * seconds / roundMs) + 2;
  const published = Array.from(
    { length: rounds },
    (_, round) =>
      clip.frames.map((frame) => ({
        ...frame,
        ptsMs: frame.ptsMs + round * roundMs,
      })),
  ).flat();
  const shiftsMs = [VIDEO, AUDIO].map((stream) => {
    const run = compareFrames(published, reading.frames, {
      publishedStream: stream,
      readStream: stream,
      toleranceMs: toleranceMs(way) + ROUNDING_MS,
      skipFrames: way === "RTMP" ? 0 : GUESSED_FRAMES,
    });
    const roundFrames = framesOf(clip.frames, stream).length;
    assert(run.frames > roundFrames, `only ${run.frames} frames were read`);
    return run.shiftMs;
  });
  const apartMs = Math.abs(shiftsMs[0]! - shiftsMs[1]!);
  // Runs are found by their frames: a whole round apart is the same place.
  const syncErrorMs = Math.min(apartMs, Math.abs(apartMs - roundMs));
  assert(syncErrorMs <= 2, `sound and pictures are ${syncErrorMs} ms apart`);
}
