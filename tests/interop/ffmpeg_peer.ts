import {
  BARE_VIDEO_FILTERS,
  type FrameReading,
  readFrames,
} from "#test/framemd5.ts";
import { type RunningProcess, startProcess } from "#test/processes.ts";
import type { WeirProcess } from "#test/weir_process.ts";

/** Ways of a stream between a peer and the server. */
export const WAYS = ["RTSP/TCP", "RTSP/UDP", "RTMP"] as const;

/** One of {@linkcode WAYS}. */
export type Way = typeof WAYS[number];

/** The ways of RTSP. */
export const RTSP_WAYS = ["RTSP/TCP", "RTSP/UDP"] as const;

/** What a file is published with. */
export interface PublishOptions {
  /** The ffmpeg to run, `"ffmpeg"` by default. */
  readonly executable?: string;
  /** Words before the command, such as those of `nsenter`. */
  readonly runner?: readonly string[];
  readonly way: Way;
  readonly path: string;
  readonly file: string;
  /** Options of the input. */
  readonly inputArgs?: readonly string[];
  /** Options of the output, behind `-c copy`. */
  readonly outputArgs?: readonly string[];
}

/** What a stream is read with. */
export interface ReadOptions {
  /** The ffmpeg to run, `"ffmpeg"` by default. */
  readonly executable?: string;
  readonly way: Way;
  readonly path: string;
  /** Options of the input, beside those of the way. */
  readonly inputArgs?: readonly string[];
  /** Options of the output. */
  readonly outputArgs: readonly string[];
}

/** Position of each kind of frames in what {@linkcode mediaArgs} make ffmpeg print. */
export const STREAM = { pictures: 0, codedVideo: 1, codedAudio: 2 } as const;

/** Lines of ffmpeg 5.1 that say nothing about the stream, and why they are there. */
const HARMLESS_MESSAGES = [
  // The end of an RTMP connection is an input error to its RTMP client.
  /^rtmps?:\/\/\S+: Input\/output error$/,
  /^ {4}Last message repeated \d+ times$/,
  // Another process has taken the port that it tried first.
  /^\[udp @ \S+\] bind failed: Address already in use$/,
  // Some sound does not say where its channels belong.
  /^Guessed Channel Layout for Input Stream #0\.0 : (mono|stereo)$/,
  /RTP\/VP9 support is still experimental$/,
  // Its RTSP client gives the first coded picture no presentation time.
  /Timestamps are unset in a packet for stream 1\./,
];

/** Address of a path. */
export function addressOf(
  weir: Pick<WeirProcess, "rtspUrl" | "rtmpUrl">,
  way: Way,
  path: string,
): string {
  return way === "RTMP" ? weir.rtmpUrl(path) : weir.rtspUrl(path);
}

/** Publishes a file in real time, as it is coded; the process ends with the file. */
export function startPublisher(
  weir: WeirProcess,
  { path, ...options }: PublishOptions,
): RunningProcess {
  return publishTo(addressOf(weir, options.way, path), options);
}

/** The same to any server. */
export function publishTo(
  address: string,
  options: Omit<PublishOptions, "path">,
): RunningProcess {
  const { executable = "ffmpeg", runner = [], way, file } = options;
  const { inputArgs = [], outputArgs = [] } = options;
  const format = way === "RTMP"
    ? ["-f", "flv"]
    : ["-f", "rtsp", ...transportArgs(way)];
  const [program, ...args] = [
    ...[...runner, executable],
    ..."-nostdin -hide_banner -loglevel warning -progress pipe:1 -re"
      .split(" "),
    ...[...inputArgs, "-i", file],
    ...["-c", "copy", ...outputArgs, ...format, address],
  ];
  return startProcess(program!, args);
}

/** Waits until somebody publishes to a path. */
export async function waitUntilAvailable(
  weir: WeirProcess,
  path: string,
): Promise<void> {
  await weir.waitForLog(
    new RegExp(`\\[path ${path}\\] stream is available and online`),
  );
}

/** Reads a path until its publisher ends. */
export function readPath(
  weir: Pick<WeirProcess, "rtspUrl" | "rtmpUrl">,
  { way, path, inputArgs = [], ...options }: ReadOptions,
): Promise<FrameReading> {
  const wayArgs = way === "RTMP" ? [] : transportArgs(way);
  return readFrames(addressOf(weir, way, path), {
    ...options,
    inputArgs: [...wayArgs, ...inputArgs],
  });
}

/** What of a reader's messages is about the stream. */
export function complaintsOf({ messages }: FrameReading): string[] {
  return messages.filter((line) =>
    !HARMLESS_MESSAGES.some((pattern) => pattern.test(line))
  );
}

/**
 * Output options that print, in the order of {@linkcode STREAM}, the decoded
 * pictures with the times they were sent with, the coded video without
 * parameter sets, and the coded audio.
 */
export function mediaArgs(codec: keyof typeof BARE_VIDEO_FILTERS): string[] {
  return [
    ..."-map 0:v -map 0:v -map 0:a".split(" "),
    ..."-c:v:0 rawvideo -enc_time_base:v:0 -1 -c:v:1 copy".split(" "),
    ...["-bsf:v:1", BARE_VIDEO_FILTERS[codec]],
    ...["-c:a", "copy"],
  ];
}

function transportArgs(way: (typeof RTSP_WAYS)[number]): string[] {
  return ["-rtsp_transport", way === "RTSP/TCP" ? "tcp" : "udp"];
}
