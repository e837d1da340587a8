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

/** Length of `intra_refresh`, in seconds. */
export const REFRESH_SECONDS = 70;

/** How to make a clip. Each list of `parts` is one run of ffmpeg; the outputs are joined byte by byte. */
export interface EncodedClipRecipe {
  /** Name of the container; `"raw"` is coded data alone. */
  readonly extension:
    | "flac"
    | "matroska"
    | "mov"
    | "mp4"
    | "mpegts"
    | "ogg"
    | "raw"
    | "webm";
  readonly parts: readonly (readonly string[])[];
}

/** How to make a clip of metadata, which ffmpeg does not make. */
export interface KlvClipRecipe {
  readonly extension: "raw";
  readonly klvUnits: number;
  readonly klvUnitBytes: number;
}

/** How to make a clip. */
export type ClipRecipe = EncodedClipRecipe | KlvClipRecipe;

/** Sound of a clip: 48 kHz stereo for as long as every clip, unless said otherwise. */
interface Sound {
  readonly sampleRateHz?: number;
  readonly channels?: number;
  readonly seconds?: number;
}

/** Time of a first picture: what is decoded before it has a time above zero. */
const LEAD_SECONDS = 1;

/** Output options that keep versions and dates out of the files. */
const DETERMINISTIC = ["-fflags", "+bitexact", "-flags", "+bitexact"];

const AAC = ["-c:a", "aac", "-b:a", "96k"];
const OPUS = ["-c:a", "libopus", "-b:a", "64k"];

/** Sound of one channel as telephones have it, and as better ones have. */
const NARROW: Sound = { sampleRateHz: 8_000, channels: 1 };
const WIDE: Sound = { sampleRateHz: 16_000, channels: 1 };

/** Every clip, by name. */
export const CLIP_RECIPES = {
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
  /** One key frame; then a column of every picture is coded anew, all of them in two seconds. */
  intra_refresh: mp4(
    video({ size: "160x96", seconds: REFRESH_SECONDS }),
    [
      ..."-c:v libx264 -threads 1 -preset veryfast -pix_fmt yuv420p".split(" "),
      ..."-bf 0 -g 50 -x264-params intra-refresh=1".split(" "),
    ],
  ),
  /** 640x360, then 320x180 with its own parameter sets for the second group. */
  parameter_change: {
    extension: "mpegts",
    parts: [
      resolutionPart("640x360", 0, FIRST_GROUP_SECONDS),
      resolutionPart("320x180", FIRST_GROUP_SECONDS, CLIP_SECONDS),
    ],
  },
  /** H264 of key frames only and AAC. */
  mpegts: container(
    "mpegts",
    video(),
    h264(1 / CLIP_FRAMES_PER_SECOND),
    sweep(),
    AAC,
  ),
  ts_h264_aac: container("mpegts", video(), h264(), sweep(), AAC),
  ts_h264_latm: container(
    "mpegts",
    video(),
    h264(),
    sweep(),
    AAC,
    "-mpegts_flags latm".split(" "),
  ),
  ts_h265_opus: container("mpegts", video(), h265(), sweep(), OPUS),
  ts_mpeg2_mp2: container(
    "mpegts",
    video(),
    mpegVideo("mpeg2video"),
    sweep(),
    "-c:a mp2 -b:a 128k".split(" "),
  ),
  ts_mpeg1_mp3: container(
    "mpegts",
    video(),
    mpegVideo("mpeg1video"),
    sweep(),
    "-c:a libmp3lame -b:a 128k".split(" "),
  ),
  ts_mpeg4_ac3: container(
    "mpegts",
    video(),
    mpegVideo("mpeg4"),
    sweep(),
    "-c:a ac3 -b:a 192k".split(" "),
  ),
  vp8: container("webm", video(), vpx("libvpx")),
  vp9: container("webm", video(), vpx("libvpx-vp9")),
  av1: container("mp4", video(), av1()),
  mpeg4_video: container("mp4", video(), mpegVideo("mpeg4")),
  mpeg1_video: container("mpegts", video(), mpegVideo("mpeg1video")),
  mpeg2_video: container("mpegts", video(), mpegVideo("mpeg2video")),
  /** With the Huffman tables that RTP takes for granted. */
  mjpeg: container(
    "mov",
    video(),
    "-c:v mjpeg -huffman default -q:v 8 -pix_fmt yuvj420p".split(" "),
  ),
  /** Key frames only, in a size that H.263 has. */
  h263: container(
    "matroska",
    video({ size: "352x288" }),
    "-c:v h263p -g 1 -q:v 12".split(" "),
  ),
  aac: container("mp4", sweep(), AAC),
  mp2: container("mp4", sweep(), "-c:a mp2 -b:a 128k".split(" ")),
  mp3: container("mp4", sweep(), "-c:a libmp3lame -b:a 128k".split(" ")),
  ac3: container("mp4", sweep(), "-c:a ac3 -b:a 192k".split(" ")),
  flac: container("flac", sweep(), "-c:a flac".split(" ")),
  vorbis: container("ogg", sweep(), "-c:a libvorbis".split(" ")),
  opus: container("ogg", sweep(), OPUS),
  speex: container("ogg", sweep(WIDE), "-c:a libspeex".split(" ")),
  g711_mu: raw("mulaw", sweep(NARROW), "-c:a pcm_mulaw"),
  g711_a: raw("alaw", sweep(NARROW), "-c:a pcm_alaw"),
  g722: raw("g722", sweep(WIDE), "-c:a g722"),
  /** G.726 with the first sample in the upper bits (`g726`) or in the lower ones (`g726le`). */
  g726_32: raw("g726", sweep(NARROW), "-c:a g726 -b:a 32k"),
  g726_40: raw("g726", sweep(NARROW), "-c:a g726 -b:a 40k"),
  g726le_16: raw("g726le", sweep(NARROW), "-c:a g726le -b:a 16k"),
  g726le_24: raw("g726le", sweep(NARROW), "-c:a g726le -b:a 24k"),
  l8: raw("u8", sweep(NARROW), "-c:a pcm_u8"),
  l16: raw("s16be", sweep(), "-c:a pcm_s16be"),
  l16_44100: raw("s16be", sweep({ sampleRateHz: 44_100 }), "-c:a pcm_s16be"),
  l24: raw("s24be", sweep(), "-c:a pcm_s24be"),
  /** KLV units that take two packets each. */
  klv: { extension: "raw", klvUnits: 150, klvUnitBytes: 2_000 },
} as const satisfies Record<string, ClipRecipe>;

function mp4(...args: readonly (readonly string[])[]): ClipRecipe {
  return container("mp4", ...args);
}

/** A clip that one run of ffmpeg makes. */
function container(
  format: Exclude<EncodedClipRecipe["extension"], "raw">,
  ...args: readonly (readonly string[])[]
): ClipRecipe {
  return {
    extension: format,
    parts: [[...inputsFirst(args), ...DETERMINISTIC, "-f", format]],
  };
}

/** Coded sound alone, in ffmpeg's format of that name. */
function raw(
  format: string,
  sound: readonly string[],
  encoderArgs: string,
): ClipRecipe {
  return {
    extension: "raw",
    parts: [[...sound, ...encoderArgs.split(" "), "-f", format]],
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
  { sampleRateHz = 48_000, channels = 2, seconds = CLIP_SECONDS }: Sound = {},
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

function vpx(encoder: "libvpx" | "libvpx-vp9"): string[] {
  return [
    ...["-c:v", encoder, ..."-deadline realtime -cpu-used 8".split(" ")],
    ..."-threads 1 -b:v 1M".split(" "),
    ...["-g", `${FIRST_GROUP_SECONDS * CLIP_FRAMES_PER_SECOND}`],
  ];
}

function av1(): string[] {
  return [
    ..."-c:v libaom-av1 -usage realtime -cpu-used 8 -threads 1".split(" "),
    ..."-b:v 1M -pix_fmt yuv420p".split(" "),
    ...["-g", `${FIRST_GROUP_SECONDS * CLIP_FRAMES_PER_SECOND}`],
  ];
}

function mpegVideo(encoder: string): string[] {
  return [
    ...["-c:v", encoder, ..."-threads 1 -b:v 1M -bf 2".split(" ")],
    ..."-sc_threshold 1000000000".split(" "),
    ...["-g", `${FIRST_GROUP_SECONDS * CLIP_FRAMES_PER_SECOND}`],
  ];
}
