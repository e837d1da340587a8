import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProcess } from "./processes.ts";

/** Pictures per second of every clip. */
export const CLIP_FRAMES_PER_SECOND = 25;

/** Length of every clip but `long_gop`, in seconds. */
export const CLIP_SECONDS = 6;

/**
 * Length of the first group of pictures, in seconds: a reader that starts
 * within it is given the clip from its first picture on.
 */
export const FIRST_GROUP_SECONDS = 4;

/** Length of `long_gop`, all of it one group of pictures, in seconds. */
export const LONG_GROUP_SECONDS = 10;

/**
 * How to make a clip. Each list of `parts` is one run of ffmpeg; the outputs
 * are joined byte by byte.
 */
interface ClipRecipe {
  readonly extension: "mp4" | "mov" | "mpegts";
  readonly parts: readonly (readonly string[])[];
}

const CACHE_FOLDER = fileURLToPath(
  new URL("../../.cache/clips", import.meta.url),
);

/** Time of a first picture: what is decoded before it has a time above zero. */
const LEAD_SECONDS = 1;

const ENCODE_TIMEOUT_MS = 120_000;

/** Output options that keep versions and dates out of the files. */
const DETERMINISTIC = ["-fflags", "+bitexact", "-flags", "+bitexact"];

const AAC = ["-c:a", "aac", "-b:a", "96k"];
const OPUS = ["-c:a", "libopus", "-b:a", "64k"];

const RECIPES = {
  /** H264 with three B-frames that are references themselves, AAC. */
  bframes_aac: mp4(video(), h264(), sweep(), AAC),
  h264_opus: mp4(video(), h264(), sweep(), OPUS),
  h265_aac: mp4(video(), h265(), sweep(), AAC),
  h265_opus: mp4(video(), h265(), sweep(), OPUS),
  /** A key frame every second. */
  short_groups: mp4(video(), h264(1), sweep(), AAC),
  /** One key frame, ten seconds. */
  long_gop: mp4(
    video({ seconds: LONG_GROUP_SECONDS }),
    h264(LONG_GROUP_SECONDS),
    sweep({ seconds: LONG_GROUP_SECONDS }),
    AAC,
  ),
  /** 640x360, then 320x180 with its own parameter sets for the second group. */
  parameter_change: {
    extension: "mpegts",
    parts: [
      resolutionPart("640x360", 0, FIRST_GROUP_SECONDS),
      resolutionPart("320x180", FIRST_GROUP_SECONDS, CLIP_SECONDS),
    ],
  },
  /** G.711 mu-law, one channel, no video. */
  g711: {
    extension: "mov",
    parts: [[
      ...sweep({ sampleRateHz: 8_000, channels: 1 }),
      ...["-c:a", "pcm_mulaw", "-f", "mov"],
    ]],
  },
} as const satisfies Record<string, ClipRecipe>;

/** Name of a clip, see {@linkcode clip}. */
export type ClipName = keyof typeof RECIPES;

const made = new Map<ClipName, Promise<string>>();

/**
 * Path of a test clip: 6 s, 640x360 at 25 pictures per second and 48 kHz
 * stereo unless its name says otherwise.
 *
 * It is made by ffmpeg once and kept in a cache, under a hash of how it is made.
 */
export function clip(name: ClipName): Promise<string> {
  let path = made.get(name);
  if (path === undefined) {
    path = makeClip(name, RECIPES[name]);
    made.set(name, path);
  }
  return path;
}

async function makeClip(name: string, recipe: ClipRecipe): Promise<string> {
  const hash = await hashOf(JSON.stringify(recipe));
  const path = join(CACHE_FOLDER, `${name}-${hash}.${recipe.extension}`);
  if (await exists(path)) return path;
  await Deno.mkdir(CACHE_FOLDER, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: CACHE_FOLDER });
  try {
    const whole = join(folder, "whole");
    for (const [i, args] of recipe.parts.entries()) {
      const part = join(folder, `part${i}`);
      await encode([...args, part]);
      await Deno.writeFile(whole, await Deno.readFile(part), { append: true });
    }
    await Deno.rename(whole, path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return path;
}

async function encode(args: readonly string[]): Promise<void> {
  const result = await runProcess(
    "ffmpeg",
    ["-nostdin", "-hide_banner", "-loglevel", "warning", "-y", ...args],
    { timeoutMs: ENCODE_TIMEOUT_MS },
  );
  if (result.code !== 0) {
    throw new Error(`Cannot make a clip: ffmpeg says:\n${result.stderr}`);
  }
}

function mp4(...args: readonly (readonly string[])[]): ClipRecipe {
  return {
    extension: "mp4",
    parts: [[...inputsFirst(args), ...DETERMINISTIC, "-f", "mp4"]],
  };
}

/** ffmpeg takes every input before the first option of the output. */
function inputsFirst(args: readonly (readonly string[])[]): string[] {
  const isInput = (one: readonly string[]) => one.includes("-i");
  return [
    ...args.filter(isInput),
    ...args.filter((one) => !isInput(one)),
  ].flat();
}

function resolutionPart(
  size: string,
  startSeconds: number,
  endSeconds: number,
): string[] {
  return [
    ...video({ size, seconds: endSeconds - startSeconds }),
    ...h264(),
    ...DETERMINISTIC,
    ...["-output_ts_offset", `${startSeconds + LEAD_SECONDS}`],
    ...["-mpegts_flags", "+initial_discontinuity"],
    ...["-f", "mpegts"],
  ];
}

function video(
  { size = "640x360", seconds = CLIP_SECONDS }: {
    readonly size?: string;
    readonly seconds?: number;
  } = {},
): string[] {
  const source = `testsrc2=s=${size}:r=${CLIP_FRAMES_PER_SECOND}:d=${seconds}`;
  return ["-f", "lavfi", "-i", source];
}

/** A rising tone, so that no two audio frames are alike. */
function sweep(
  { sampleRateHz = 48_000, channels = 2, seconds = CLIP_SECONDS }: {
    readonly sampleRateHz?: number;
    readonly channels?: number;
    readonly seconds?: number;
  } = {},
): string[] {
  const tone = "0.3*sin(2*PI*(200+90*t)*t)";
  const tones = Array.from({ length: channels }, () => tone).join("|");
  const source = `aevalsrc=exprs=${tones}:s=${sampleRateHz}:d=${seconds}`;
  return ["-f", "lavfi", "-i", source];
}

function h264(groupSeconds = FIRST_GROUP_SECONDS): string[] {
  return [
    ..."-c:v libx264 -threads 1 -preset veryfast -pix_fmt yuv420p".split(" "),
    ..."-b:v 1M -bf 3 -sc_threshold 0".split(" "),
    ...["-x264-params", "b-pyramid=normal:b-adapt=0"],
    ...["-g", `${groupSeconds * CLIP_FRAMES_PER_SECOND}`],
  ];
}

function h265(): string[] {
  return [
    ..."-c:v libx265 -preset ultrafast -pix_fmt yuv420p -tag:v hvc1".split(" "),
    ..."-b:v 1M -bf 3".split(" "),
    ...["-g", `${FIRST_GROUP_SECONDS * CLIP_FRAMES_PER_SECOND}`],
    "-x265-params",
    "log-level=warning:pools=1:frame-threads=1:scenecut=0:info=0",
  ];
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function hashOf(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(digest).toHex().slice(0, 16);
}
