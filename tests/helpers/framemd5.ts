import { runProcess } from "./processes.ts";

/** One frame or packet, as ffmpeg's `framemd5` output lists it. */
export interface FrameHash {
  readonly streamIndex: number;
  /** Ticks of the stream's time base; so are the next two. */
  readonly dtsTicks: number;
  readonly ptsTicks: number;
  readonly durationTicks: number;
  /** The decoding time in milliseconds, fractions included. */
  readonly dtsMs: number;
  /** The presentation time, likewise. */
  readonly ptsMs: number;
  readonly sizeBytes: number;
  /** MD5 of the frame, in hex. */
  readonly hash: string;
}

/** How {@linkcode readFrames} reads. */
export interface ReadFramesOptions {
  /** The ffmpeg to run, `"ffmpeg"` by default. */
  readonly executable?: string;
  /** Words before the command, such as those of `nsenter`. */
  readonly runner?: readonly string[];
  /** Options before `-i`, such as `["-rtsp_transport", "tcp"]`. */
  readonly inputArgs?: readonly string[];
  /**
   * Options of the output. By default every stream is decoded, so that the
   * hashes are the same whatever the stream was wrapped in.
   */
  readonly outputArgs?: readonly string[];
  readonly timeoutMs?: number;
}

/** What ffmpeg read and what it had to say. */
export interface FrameReading {
  readonly frames: readonly FrameHash[];
  /** Lines of warnings and errors. */
  readonly messages: readonly string[];
}

/**
 * Bitstream filters that make coded video comparable: Annex B without
 * parameter sets and delimiters, which servers may move.
 */
export const BARE_VIDEO_FILTERS = {
  h264: "h264_mp4toannexb,filter_units=remove_types=7-9",
  h265: "hevc_mp4toannexb,filter_units=remove_types=32-35",
} as const;

const READ_TIMEOUT_MS = 40_000;

/**
 * Reads a file or an address to its end with ffmpeg and hashes every frame.
 *
 * @throws {Error} with ffmpeg's output, if it fails or prints no frame.
 */
export async function readFrames(
  url: string,
  options: ReadFramesOptions = {},
): Promise<FrameReading> {
  const { executable = "ffmpeg", runner = [], timeoutMs } = options;
  const { inputArgs = [], outputArgs = [] } = options;
  const [program, ...args] = [
    ...[...runner, executable],
    ..."-nostdin -hide_banner -loglevel warning".split(" "),
    ...inputArgs,
    ...["-i", url],
    ...outputArgs,
    ..."-fps_mode passthrough -copyts -f framemd5 -".split(" "),
  ];
  const result = await runProcess(program!, args, {
    timeoutMs: timeoutMs ?? READ_TIMEOUT_MS,
  });
  const frames = parseFramemd5(result.stdout);
  if (result.code !== 0 || frames.length === 0) {
    throw new Error(`Cannot read ${url}: ffmpeg says:\n${result.stderr}`);
  }
  const messages = result.stderr.split(/[\r\n]+/).filter((line) => line !== "");
  return { frames, messages };
}

/** Parses what `ffmpeg -f framemd5` prints. */
export function parseFramemd5(text: string): FrameHash[] {
  const timeBases = new Map<number, { number: number; per: number }>();
  const frames: FrameHash[] = [];
  for (const line of text.split("\n")) {
    const timeBase = /^#tb (\d+): (\d+)\/(\d+)/.exec(line);
    if (timeBase !== null) {
      const [, stream, number, per] = timeBase.map(Number);
      timeBases.set(stream!, { number: number!, per: per! });
    }
    if (line === "" || line.startsWith("#")) continue;
    const cells = line.split(",").map((cell) => cell.trim());
    const [streamIndex, dtsTicks, ptsTicks, durationTicks, sizeBytes] = cells
      .slice(0, 5).map(Number);
    const base = timeBases.get(streamIndex!);
    if (base === undefined || cells.length < 6) {
      throw new SyntaxError(`Cannot parse framemd5: ${line}`);
    }
    const tickMs = 1_000 * base.number / base.per;
    frames.push({
      streamIndex: streamIndex!,
      dtsTicks: dtsTicks!,
      ptsTicks: ptsTicks!,
      durationTicks: durationTicks!,
      dtsMs: dtsTicks! * tickMs,
      ptsMs: ptsTicks! * tickMs,
      sizeBytes: sizeBytes!,
      hash: cells[5]!,
    });
  }
  return frames;
}

/** What {@linkcode compareFrames} checks, beyond equal frames. */
export interface CompareFramesOptions {
  /** Index of the stream among the published frames, 0 by default. */
  readonly publishedStream?: number;
  /** Index of the stream among the frames read, 0 by default. */
  readonly readStream?: number;
  /** Largest difference of any frame's time shift from the first one's. */
  readonly toleranceMs: number;
  /** Fewest frames that must have been read, 1 by default. */
  readonly minFrames?: number;
  /** Frames to leave out at the start: a decoder without its past. */
  readonly skipFrames?: number;
}

/** Where a reader's frames lie among those published. */
export interface FrameRun {
  /** Index of the first frame read among the published ones. */
  readonly firstFrame: number;
  readonly frames: number;
  /** Time of the first frame as read, minus its time as published. */
  readonly shiftMs: number;
}

/**
 * Checks that what was read of one stream is a run of what was published,
 * without a hole, every time moved by the same amount.
 *
 * @throws {Error} that names the first frame at fault.
 */
export function compareFrames(
  published: readonly FrameHash[],
  read: readonly FrameHash[],
  options: CompareFramesOptions,
): FrameRun {
  const { publishedStream = 0, readStream = 0, toleranceMs } = options;
  const { minFrames = 1, skipFrames = 0 } = options;
  const sent = published.filter((one) => one.streamIndex === publishedStream);
  const got = read.filter((one) => one.streamIndex === readStream)
    .slice(skipFrames);
  if (got.length < minFrames) {
    throw new Error(`Too few frames: ${got.length}, wanted ${minFrames}`);
  }
  const { firstFrame, equalFrames } = longestRun(sent, got);
  if (equalFrames < got.length) {
    throw new Error(
      `Frame ${equalFrames} of ${got.length} read is not the one published ` +
        `after ${equalFrames} equal ones from ${firstFrame} of ${sent.length}`,
    );
  }
  const shiftMs = got[0]!.ptsMs - sent[firstFrame]!.ptsMs;
  for (const [i, frame] of got.entries()) {
    const shift = frame.ptsMs - sent[firstFrame + i]!.ptsMs;
    if (Math.abs(shift - shiftMs) > toleranceMs) {
      throw new Error(
        `Frame ${i} of ${got.length} read is moved by ${shift} ms, ` +
          `the first one by ${shiftMs} ms`,
      );
    }
  }
  return { firstFrame, frames: got.length, shiftMs };
}

/** The place in `sent` from which most of `got` follows, in order. */
function longestRun(
  sent: readonly FrameHash[],
  got: readonly FrameHash[],
): { firstFrame: number; equalFrames: number } {
  let best = { firstFrame: 0, equalFrames: 0 };
  for (let first = 0; first < sent.length; first++) {
    let length = 0;
    while (
      length < got.length && got[length]!.hash === sent[first + length]?.hash
    ) length++;
    if (length > best.equalFrames) {
      best = { firstFrame: first, equalFrames: length };
    }
  }
  return best;
}
