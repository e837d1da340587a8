import { Buffer } from "node:buffer";
import { join } from "node:path";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { clip } from "#test/clips.ts";
import { compareFrames, type FrameHash, readFrames } from "#test/framemd5.ts";
import { freeTcpPort } from "#test/ports.ts";
import { runProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import {
  type RecordedFile,
  recordedFiles,
  recordedFrames,
  seenByMediabunny,
} from "#test/recorded.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { FFMPEG_RTP_PAYLOAD_BYTES, framesOf } from "./check_frames.ts";
import { CODEC_MATRIX } from "./codec_matrix.ts";
import { outputArgsOf } from "./codec_matrix_checks.ts";
import { rowOf } from "./codec_matrix_peers.ts";
import type { MatrixRow } from "./codec_matrix_row.ts";

const FORMATS = ["fmp4", "mpegts"] as const;
type Format = (typeof FORMATS)[number];

/** What a file of a recording has, in ffmpeg's names; undefined if the codec is not recorded in that format. */
type Stored = Readonly<Record<Format, readonly string[] | undefined>>;

const BOTH = (...codecs: readonly string[]): Stored => ({
  fmp4: codecs,
  mpegts: codecs,
});
const FMP4_ONLY = (...codecs: readonly string[]): Stored => ({
  fmp4: codecs,
  mpegts: undefined,
});
const NEITHER: Stored = { fmp4: undefined, mpegts: undefined };

/** Every line of the codec matrix, by its name. MP4 has one name for MPEG audio, and one layout of samples. */
const STORED: Readonly<Record<string, Stored>> = {
  "h264, aac": BOTH("h264", "aac"),
  "h264, opus": BOTH("h264", "opus"),
  "h265, aac": BOTH("hevc", "aac"),
  "h265, opus": BOTH("hevc", "opus"),
  "av1": FMP4_ONLY("av1"),
  "vp9": FMP4_ONLY("vp9"),
  "vp8": NEITHER,
  "mpeg4Video": BOTH("mpeg4"),
  "MPEG-1": BOTH("mpeg1video"),
  "MPEG-2": BOTH("mpeg2video"),
  "mjpeg": FMP4_ONLY("mjpeg"),
  "H263-1998": NEITHER,
  "LATM": BOTH("aac"),
  "opus": BOTH("opus"),
  "MP3": BOTH("mp3"),
  "MP2": { fmp4: ["mp3"], mpegts: ["mp2"] },
  "ac3": BOTH("ac3"),
  "flac": FMP4_ONLY("flac"),
  "vorbis": NEITHER,
  "speex": NEITHER,
  "µ-law": FMP4_ONLY("pcm_s16be"),
  "A-law": FMP4_ONLY("pcm_s16be"),
  "g722": NEITHER,
  "AAL2-G726-32": NEITHER,
  "AAL2-G726-40": NEITHER,
  "G726-16": NEITHER,
  "G726-24": NEITHER,
  "L16": FMP4_ONLY("pcm_s16be"),
  "L16, 44,100 Hz": FMP4_ONLY("pcm_s16be"),
  "L24": FMP4_ONLY("pcm_s24be"),
  "L8": FMP4_ONLY("pcm_s16be"),
  "mpegTs": NEITHER,
  "klv": { fmp4: undefined, mpegts: ["klv"] },
};

/** What mediabunny knows; in MPEG-TS it does not know all of them. */
const SEEN_IN_MPEGTS = ["h264", "hevc", "aac", "mp3", "mp2", "ac3"];

/** Times of RTP and MP4 are rounded to ticks; those of a file begin at one of its first track's. */
const TOLERANCE_MS = 1.5;

/** GStreamer begins behind what the encoder puts before the first sample. */
const AC3_PRIMING_MS = 6;

/** Pictures that are shown before the key frame of a file: who has not read the file before cannot decode them. */
const MAX_LEADING = 3;

/** Headers tell when the last picture is decoded, others when the last one has been shown. */
const MAX_REORDERING_MS = 250;

/** A second of sound at most is on its way when GStreamer ends its connection. */
const MIN_PART = 0.8;

const CODED_ARGS = ["-map", "0", "-c", "copy"];

/** Files that ffmpeg reads at the same time. */
const READERS = 3;

/** How ffmpeg reads a file, an address or the clip. */
type ArgsOf = (url: string) => readonly string[];

interface Case {
  readonly name: string;
  readonly row: MatrixRow;
  readonly path: string;
  readonly format: Format;
  readonly stored: readonly string[] | undefined;
}

/** The lines of the matrix, one for each name, in both formats. */
function allCases(): Case[] {
  const cases = new Map<string, Case>();
  for (const row of Object.values(CODEC_MATRIX).flat()) {
    const { name } = rowOf(row);
    for (const format of FORMATS) {
      const path = `${format}/${name.replaceAll(/\W+/g, "_")}`;
      if (cases.has(path)) continue;
      const stored = STORED[name];
      assert(stored !== undefined, `${name} is in the table`);
      cases.set(path, { name, row, path, format, stored: stored[format] });
    }
  }
  return [...cases.values()];
}

interopTest({
  name: "every codec is recorded as it was sent, and played as it was recorded",
  needs: ["ffmpeg", "ffmpeg9", "ffprobe", "gstreamer"],
  fn: async (t) => {
    const folder = await Deno.makeTempDir({ prefix: "weir_rec_" });
    await using opened = new AsyncDisposableStack();
    opened.defer(() => Deno.remove(folder, { recursive: true }));
    const address = `127.0.0.1:${freeTcpPort()}`;
    const weir = opened.use(
      await startWeir({ config: configOf(folder, address) }),
    );
    const cases = allCases();
    await Promise.all(cases.map((one) => publish(weir, one)));
    const outcomes = await settledAll(cases, async (one) => {
      if (one.stored === undefined) checkSkipped(weir, one);
      else {
        await checkFiles(join(folder, one.path), one);
        if (one.format === "fmp4") await checkPlayback(address, folder, one);
      }
    });
    for (const [i, { name, format }] of cases.entries()) {
      await t.step(`${name} in ${format}`, () => {
        const outcome = outcomes[i]!;
        if (outcome.status === "rejected") throw outcome.reason;
      });
    }
    assertEquals(await weir.stop(), 0);
  },
});

function configOf(folder: string, playbackAddress: string): string {
  return `
logLevel: debug
playback: yes
playbackAddress: ${playbackAddress}
pathDefaults:
  record: yes
  recordSegmentDuration: 3s
  recordPartDuration: 500ms
  recordPath: ${folder}/%path/%Y-%m-%d_%H-%M-%S-%f
paths:
  "~^fmp4/":
  "~^mpegts/":
    recordFormat: mpegts
`;
}

/** Publishes the clip to its end; everything that came is on the disk then. */
async function publish(weir: WeirProcess, { row, path }: Case): Promise<void> {
  const [publisher] = rowOf(row).publishers;
  await using process = publisher!.start(weir, path, await clip(row.clip));
  await process.ended;
  await weir.waitForLog(new RegExp(`path ${path}\\] stream is not available`));
}

function checkSkipped({ log }: WeirProcess, { path }: Case): void {
  const own = log.filter((line) => line.includes(`[path ${path}]`)).join("\n");
  assert(/WAR .* skipping track 1 \(/.test(own), own);
  assertIncludes(own, "no supported tracks found, skipping recording");
}

/** Runs some at a time. */
async function settledAll<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<PromiseSettledResult<void>[]> {
  const outcomes: PromiseSettledResult<void>[] = [];
  let next = 0;
  const run = async () => {
    while (next < items.length) {
      const at = next++;
      const [outcome] = await Promise.allSettled([work(items[at]!)]);
      outcomes[at] = outcome;
    }
  };
  await Promise.all(Array.from({ length: READERS }, run));
  return outcomes;
}

async function checkFiles(folder: string, one: Case): Promise<void> {
  const files = await recordedFiles(folder);
  assert(files.length >= 2, `${files.length} files`);
  for (const [i, file] of files.entries()) {
    const counts = await probe(file.path, one.stored!);
    if (one.format === "fmp4") {
      assertEquals(file.box?.segmentNumber, BigInt(i));
      assertEquals(file.box?.streamId, files[0]!.box?.streamId);
    }
    await checkWithMediabunny(file, one, counts);
  }
  await checkMedia(one, {
    frames: (args) =>
      Promise.all(files.map((file) => recordedFrames([file], args))),
    bytes: (args) => decodedBytes(files.map(({ path }) => path), args),
  });
}

/** Packets of each track, as ffprobe counts them. */
async function probe(
  path: string,
  codecs: readonly string[],
): Promise<readonly number[]> {
  const { stdout, stderr } = await runProcess("ffprobe", [
    ..."-v error -count_packets -of json -show_entries".split(" "),
    ...["stream=codec_name,nb_read_packets", path],
  ]);
  assertEquals(stderr, "");
  const { streams } = JSON.parse(stdout) as {
    readonly streams: readonly {
      readonly codec_name: string;
      readonly nb_read_packets: string;
    }[];
  };
  assertEquals(streams.map(({ codec_name }) => codec_name), codecs);
  return streams.map(({ nb_read_packets }) => Number(nb_read_packets));
}

async function checkWithMediabunny(
  { path, durationMs }: RecordedFile,
  { format, stored }: Case,
  packetCounts: readonly number[],
): Promise<void> {
  const isSeen = format === "fmp4" ||
    stored!.every((codec) => SEEN_IN_MPEGTS.includes(codec));
  if (!isSeen) return;
  const seen = await seenByMediabunny(path);
  // ffmpeg takes samples together as it likes.
  if (!stored![0]!.startsWith("pcm")) {
    assertEquals(seen.sampleCounts, packetCounts, path);
  }
  if (format === "mpegts") return;
  const apartMs = Math.abs(seen.durationMs - durationMs);
  assert(apartMs < MAX_REORDERING_MS, `${path}: ${apartMs} ms apart`);
}

async function checkPlayback(
  address: string,
  folder: string,
  one: Case,
): Promise<void> {
  const { path } = one;
  const files = await recordedFiles(join(folder, path));
  const recorded = await recordedFrames(files, () => CODED_ARGS);
  const origin = `http://${address}`;
  const list = await fetch(`${origin}/list?path=${path}`);
  const [entry, ...others] = await list.json() as { readonly url: string }[];
  assertEquals(others, []);
  for (
    const url of [
      entry!.url,
      `${entry!.url}&format=mp4`,
      `${origin}/hls/${path}/index.m3u8`,
    ]
  ) {
    await checkPlayed(url, one, recorded).catch((cause) => {
      throw new Error(`${url}: ${cause.message}`, { cause });
    });
  }
}

/** What is played has the frames of the files, with their times. */
async function checkPlayed(
  url: string,
  { row }: Case,
  recorded: readonly FrameHash[],
): Promise<void> {
  const sent = await sentOf(row);
  if ("bytes" in sent) {
    return checkRun(sent.bytes, await decodedBytes([url], argsOf(row)));
  }
  const { frames } = await readFrames(url, { outputArgs: CODED_ARGS });
  for (const stream of new Set(recorded.map((one) => one.streamIndex))) {
    const run = compareFrames(recorded, frames, {
      ...{ publishedStream: stream, readStream: stream },
      toleranceMs: TOLERANCE_MS,
    });
    assertEquals(run.frames, framesOf(recorded, stream).length);
  }
}

/** What was recorded, however it is read. */
interface Readable {
  /** Frames of what is read on its own, in the time of the whole. */
  readonly frames: (args: ArgsOf) => Promise<readonly (readonly FrameHash[])[]>;
  readonly bytes: (args: ArgsOf) => Promise<Uint8Array>;
}

/** Checks that everything is there from the first picture or sound on, and nothing else. */
async function checkMedia(
  { name, row }: Case,
  { frames, bytes }: Readable,
): Promise<void> {
  const args = argsOf(row);
  const sent = await sentOf(row);
  if ("bytes" in sent) return checkRun(sent.bytes, await bytes(args));
  const got = await frames(args);
  for (const stream of new Set(sent.frames.map((one) => one.streamIndex))) {
    checkStream({ name, sent: framesOf(sent.frames, stream), got, stream });
  }
}

/** With what ffmpeg prints the frames of a line, or writes its samples or data. */
function argsOf({ comparison, tracks, clip: name }: MatrixRow): ArgsOf {
  const isAac = tracks.some(({ codec }) => codec === "aac");
  switch (comparison.kind) {
    case "bytes":
    case "samples":
      return () =>
        name === "klv"
          ? "-map 0:d -c copy -f data".split(" ")
          : "-map 0:a -c:a pcm_s32le -f s32le".split(" ");
    default:
      return (url) => [
        ...outputArgsOf(comparison)!,
        ...isAac && url.endsWith(".ts") ? ["-bsf:a", "aac_adtstoasc"] : [],
      ];
  }
}

type Sent =
  | { readonly frames: readonly FrameHash[] }
  | { readonly bytes: Uint8Array };

const sentByRow = new Map<MatrixRow, Promise<Sent>>();

function sentOf(row: MatrixRow): Promise<Sent> {
  const known = sentByRow.get(row) ?? readSent(row);
  sentByRow.set(row, known);
  return known;
}

async function readSent(row: MatrixRow): Promise<Sent> {
  const source = await clip(row.clip);
  const { comparison, inputArgs } = row;
  if (row.clip === "klv") return { bytes: await Deno.readFile(source) };
  // GStreamer is told by elements what the clip is.
  const input = (row.clip === "l8" ? "-f u8 -ar 8000 -ac 1" : inputArgs)
    ?.split(" ") ?? [];
  const args = argsOf(row);
  if (comparison.kind === "samples" || comparison.kind === "bytes") {
    return { bytes: await decodedBytes([source], args, input) };
  }
  return await readFrames(source, {
    inputArgs: input,
    outputArgs: args(source),
  });
}

function checkStream({ name, sent, got, stream }: {
  readonly name: string;
  readonly sent: readonly FrameHash[];
  readonly got: readonly (readonly FrameHash[])[];
  readonly stream: number;
}): void {
  const toleranceMs = name === "ac3" ? AC3_PRIMING_MS : TOLERANCE_MS;
  let reached = 0;
  let firstShiftMs: number | undefined;
  for (const frames of got) {
    const { firstFrame, frames: count, shiftMs } = compareFrames(sent, frames, {
      ...{ publishedStream: stream, readStream: stream, toleranceMs },
    });
    const leading = firstFrame - reached;
    assert(
      leading >= 0 && leading <= (reached === 0 ? 0 : MAX_LEADING),
      `frame ${firstFrame} of ${sent.length} follows frame ${reached}`,
    );
    firstShiftMs ??= shiftMs;
    const offMs = Math.abs(shiftMs - firstShiftMs);
    assert(offMs <= toleranceMs, `a file is ${offMs} ms off`);
    reached = firstFrame + count;
  }
  const missingBytes = sent.slice(reached)
    .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  assert(
    missingBytes <= FFMPEG_RTP_PAYLOAD_BYTES,
    `the last ${sent.length - reached} frames are missing`,
  );
}

function checkRun(sent: Uint8Array, got: Uint8Array): void {
  const from = Buffer.from(sent).indexOf(got);
  assert(from >= 0, "the bytes are not a run of those published");
  assert(
    got.length >= sent.length * MIN_PART,
    `${got.length} bytes of ${sent.length}`,
  );
}

/** What ffmpeg makes of files that follow each other. */
async function decodedBytes(
  urls: readonly string[],
  args: ArgsOf,
  inputArgs: readonly string[] = [],
): Promise<Uint8Array> {
  const folder = await Deno.makeTempDir({ prefix: "weir_rec_" });
  try {
    const parts: Uint8Array[] = [];
    for (const url of urls) {
      const file = join(folder, "bytes");
      const { code, stderr } = await runProcess("ffmpeg", [
        ..."-nostdin -v error -y".split(" "),
        ...[...inputArgs, "-i", url, ...args(url), file],
      ]);
      assertEquals([code, stderr], [0, ""]);
      parts.push(await Deno.readFile(file));
    }
    return Buffer.concat(parts);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
