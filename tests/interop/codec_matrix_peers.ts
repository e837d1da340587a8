import { join } from "node:path";
import { CLIP_SECONDS } from "#test/clip_recipes.ts";
import { ffmpeg9 } from "#test/ffmpeg9.ts";
import {
  type RunningProcess,
  runProcess,
  startProcess,
} from "#test/processes.ts";
import type { WeirProcess } from "#test/weir_process.ts";
import type {
  Comparison,
  FfmpegPeer,
  GstreamerPeer,
  MatrixPeer,
  MatrixRow,
} from "./codec_matrix_row.ts";
import { checkOf, outputArgsOf } from "./codec_matrix_checks.ts";
import type {
  PathReading,
  Publisher,
  Reader,
  Row,
} from "./codec_matrix_run.ts";
import {
  readPath,
  startPublisher,
  waitUntilAvailable,
  type Way,
} from "./ffmpeg_peer.ts";

const READ_TIMEOUT_MS = 40_000;

/** With these ffmpeg 9 tells the server that it takes them. */
const ENHANCED_RTMP_ARGS = [
  ..."-rtmp_enhanced_codecs hvc1,av01,vp09,Opus,fLaC,ac-3".split(" "),
];

/** What ffmpeg 9 says for arguments of 5.1. */
const NEWER_ARGS: Readonly<Record<string, string>> = { "-1": "demux" };

/** rtspclientsink does not always end with its file: so long after its start it has sent everything, on a busy machine too. */
const PUBLISH_TIMEOUT_MS = (CLIP_SECONDS + 6) * 1_000;

/** Makes a row of the table one that can be run. */
export function rowOf(row: MatrixRow): Row {
  const { tracks, clip, comparison, inputArgs } = row;
  const listed = [comparison, ...row.readers.map(comparisonOfFfmpeg)]
    .find((one) => one !== undefined && isOfFrames(one));
  const listArgs = listed && outputArgsOf(listed);
  return {
    harmless: row.harmless ?? [],
    name: tracks.map(({ codec, variant }) => variant ?? codec).join(", "),
    clip,
    inputArgs: splitArgs(inputArgs),
    ...(listArgs === undefined ? {} : { listArgs }),
    publishers: row.publishers.flatMap((peer) => publishersOf(row, peer)),
    readers: row.readers.flatMap((peer) => readersOf(row, peer)),
    isPair: (publishWay, readWay) =>
      row.isEveryPair || publishWay === "RTMP" || publishWay !== readWay,
  };
}

/** What is no frames is compared with the clip itself. */
function isOfFrames({ kind }: Comparison): boolean {
  return kind !== "samples" && kind !== "bytes";
}

function comparisonOfFfmpeg(peer: MatrixPeer): Comparison | undefined {
  return peer.program === "GStreamer" ? undefined : peer.comparison;
}

function publishersOf(row: MatrixRow, peer: MatrixPeer): Publisher[] {
  return peer.ways.map((way) => ({
    name: nameOf(peer, way),
    way,
    start: (weir, path, file) =>
      peer.program === "GStreamer"
        ? publishWithGstreamer(weir, { ...peer, way, path, file })
        : startPublisher(weir, {
          ...{ executable: executableOf(peer), way, path, file },
          inputArgs: splitArgs(row.inputArgs),
          outputArgs: splitArgs(peer.outputArgs),
        }),
  }));
}

function readersOf(row: MatrixRow, peer: MatrixPeer): Reader[] {
  const comparison = comparisonOfFfmpeg(peer) ?? row.comparison;
  return peer.ways.map((way) => ({
    name: nameOf(peer, way),
    way,
    check: checkOf(comparison),
    read: (weir, path) =>
      peer.program === "GStreamer"
        ? readWithGstreamer(weir, { ...peer, way, path })
        : readWithFfmpeg(weir, { peer, way, path, comparison }),
  }));
}

function nameOf({ program }: MatrixPeer, way: Way): string {
  return program === "ffmpeg" ? way : `${way} by ${program}`;
}

/** Publishes a file in real time. */
function publishWithGstreamer(
  weir: WeirProcess,
  { elements, way, path, file }: GstreamerPeer & {
    readonly way: Way;
    readonly path: string;
    readonly file: string;
  },
): RunningProcess {
  const process = startProcess("gst-launch-1.0", [
    ...["--quiet", "filesrc", `location=${file}`, "!"],
    ...elements.split(" "),
    ...["!", "rtspclientsink", `location=${weir.rtspUrl(path)}`],
    `protocols=${transportOf(way)}`,
  ]);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const started = waitUntilAvailable(weir, path).then(() => {
    timer = setTimeout(() => process.kill(), PUBLISH_TIMEOUT_MS);
  });
  Promise.allSettled([started, process.ended])
    .then(() => clearTimeout(timer));
  return process;
}

/** Reads to a file what GStreamer takes out of the packets. */
async function readWithGstreamer(
  weir: WeirProcess,
  { elements, way, path }: GstreamerPeer & {
    readonly way: Way;
    readonly path: string;
  },
): Promise<PathReading> {
  return await withFile(async (file) => {
    // That the server ends the stream is an error to rtspsrc: its result tells nothing.
    await runProcess("gst-launch-1.0", [
      ...["--quiet", "rtspsrc", `location=${weir.rtspUrl(path)}`],
      ...[`protocols=${transportOf(way)}`, "buffer-mode=none", "!"],
      ...elements.split(" "),
      ...["!", "filesink", `location=${file}`, "buffer-mode=unbuffered"],
    ], { timeoutMs: READ_TIMEOUT_MS });
    return { frames: [], messages: [], bytes: await Deno.readFile(file) };
  });
}

async function readWithFfmpeg(
  weir: WeirProcess,
  { peer, way, path, comparison }: {
    readonly peer: FfmpegPeer;
    readonly way: Way;
    readonly path: string;
    readonly comparison: Comparison;
  },
): Promise<PathReading> {
  const isEnhanced = peer.program === "ffmpeg 9" && way === "RTMP";
  const options = {
    executable: executableOf(peer),
    inputArgs: isEnhanced ? ENHANCED_RTMP_ARGS : [],
    ...{ way, path },
  };
  const outputArgs = (outputArgsOf(comparison) ?? [])
    .map((arg) => peer.program === "ffmpeg 9" ? NEWER_ARGS[arg] ?? arg : arg);
  if (comparison.kind !== "samples") {
    return await readPath(weir, { ...options, outputArgs });
  }
  return await withFile(async (file) => {
    const reading = await readPath(weir, {
      ...options,
      outputArgs: [...outputArgs, "-f", comparison.format, file, ...outputArgs],
    });
    return { ...reading, bytes: await Deno.readFile(file) };
  });
}

async function withFile<T>(fn: (file: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "weir_matrix_" });
  try {
    return await fn(join(folder, "read"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A program that is not there is an error of the process that would run it. */
function executableOf({ program }: FfmpegPeer): string {
  return program === "ffmpeg" ? program : ffmpeg9() ?? program;
}

function transportOf(way: Way): string {
  return way === "RTSP/UDP" ? "udp" : "tcp";
}

function splitArgs(text: string | undefined): string[] {
  return text === undefined ? [] : text.split(" ");
}
