import { Buffer } from "node:buffer";
import { assert, assertEquals } from "#test/assert.ts";
import { clip, type ClipName } from "#test/clips.ts";
import { ffmpeg9 } from "#test/ffmpeg9.ts";
import { compareFrames, readFrames } from "#test/framemd5.ts";
import { freeTcpPort } from "#test/ports.ts";
import { runProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { valueOf } from "./check_frames.ts";
import {
  complaintsOf,
  startPublisher,
  waitUntilAvailable,
  type Way,
} from "./ffmpeg_peer.ts";

const SUFFIXES = ["flv", "ts", "mp4"] as const;

type Suffix = typeof SUFFIXES[number];

/** What of a clip must arrive as it was sent. */
type Medium = "pictures" | "sound" | "samples";

/** A clip that is published, and how it can be read. */
interface Row {
  readonly clip: ClipName;
  readonly medium: Medium;
  readonly way: Way;
  /** Only a newer ffmpeg publishes it. */
  readonly isNew?: boolean;
  readonly inputArgs?: string;
  readonly outputArgs?: string;
  readonly suffixes: readonly Suffix[];
}

const PICTURES = { medium: "pictures", way: "RTSP/TCP" } as const;
const SOUND = { medium: "sound", way: "RTSP/TCP" } as const;

const ROWS: readonly Row[] = [
  { clip: "h265_opus", ...PICTURES, suffixes: SUFFIXES },
  {
    clip: "vp9",
    ...PICTURES,
    outputArgs: "-strict experimental",
    suffixes: ["flv", "mp4"],
  },
  {
    clip: "av1",
    ...PICTURES,
    way: "RTMP",
    isNew: true,
    suffixes: ["flv", "mp4"],
  },
  { clip: "mpeg4_video", ...PICTURES, suffixes: ["ts", "mp4"] },
  { clip: "aac", ...SOUND, suffixes: SUFFIXES },
  { clip: "opus", ...SOUND, suffixes: SUFFIXES },
  { clip: "mp3", ...SOUND, suffixes: SUFFIXES },
  { clip: "ac3", ...SOUND, way: "RTMP", isNew: true, suffixes: SUFFIXES },
  {
    clip: "flac",
    ...SOUND,
    way: "RTMP",
    isNew: true,
    suffixes: ["flv", "mp4"],
  },
  {
    clip: "g711_mu",
    medium: "samples",
    way: "RTSP/TCP",
    inputArgs: "-f mulaw -ar 8000",
    suffixes: ["flv", "mp4"],
  },
  {
    clip: "l16_44100",
    medium: "samples",
    way: "RTSP/TCP",
    inputArgs: "-f s16be -ar 44100 -ac 2",
    suffixes: ["flv", "mp4"],
  },
];

/** Two times are rounded to whole milliseconds: the publisher's and FLV's. */
const TOLERANCE_MS = 2 + 1e-6;

/** Part of a clip that must be read, however long a reader takes to start: nothing is kept of sound alone. */
const MIN_PART = 0.1;

/** Frames of sound that the publisher collects for a packet, and does not send at its end. */
const MAX_HELD_FRAMES = 8;
const MAX_HELD_BYTES = 16_384;

const READ_TIMEOUT_MS = 60_000;

interopTest({
  name: "ffmpeg reads every codec of FLV, MPEG-TS and MP4 over HTTP",
  needs: ["ffmpeg", "ffmpeg9"],
  fn: async (t) => {
    const host = `127.0.0.1:${freeTcpPort()}`;
    await using weir = await startWeir({
      config: `hls: yes\nhlsAddress: ${host}`,
    });
    await weir.waitForLog(/\[HLS\] started with listener/);
    const outcomes = await Promise.all(
      ROWS.map((row) => readRow(weir, `http://${host}`, row)),
    );
    for (const [i, { clip: name }] of ROWS.entries()) {
      for (const [j, suffix] of SUFFIXES.entries()) {
        await t.step(`${name}.${suffix}`, () => valueOf(outcomes[i]![j]!));
      }
    }
  },
});

/** Publishes a clip and reads it in every container, at once. */
async function readRow(
  weir: WeirProcess,
  base: string,
  row: Row,
): Promise<PromiseSettledResult<void>[]> {
  const { clip: name, way, isNew, inputArgs, outputArgs } = row;
  const file = await clip(name);
  await using _publisher = startPublisher(weir, {
    way,
    path: name,
    file,
    ...isNew && { executable: ffmpeg9()! },
    inputArgs: inputArgs?.split(" ") ?? [],
    outputArgs: outputArgs?.split(" ") ?? [],
  });
  await waitUntilAvailable(weir, name);
  return await Promise.allSettled(SUFFIXES.map(async (suffix) => {
    const response = await fetch(`${base}/${name}.${suffix}`);
    if (!row.suffixes.includes(suffix)) {
      return await checkRefused(response, suffix);
    }
    // Programs come too late to a short clip where many start at the same time: they read what was sent.
    const sent = await Deno.makeTempFile({ suffix: `_${name}.${suffix}` });
    try {
      await Deno.writeFile(sent, response.body!);
      if (row.medium === "samples") await checkSamples(sent, file, row);
      else await checkFrames(sent, file, row.medium);
    } finally {
      await Deno.remove(sent);
    }
  }));
}

async function checkRefused(response: Response, suffix: Suffix): Promise<void> {
  const text = await response.text();
  const container = suffix === "ts" ? "mpegts" : suffix;
  assertEquals(response.status, 400, text);
  assert(text.includes(`has no codec that ${container} carries`), text);
}

async function checkFrames(
  sent: string,
  file: string,
  medium: "pictures" | "sound",
): Promise<void> {
  const isSound = medium === "sound";
  const outputArgs = isSound
    ? "-map 0:a -c copy".split(" ")
    : "-map 0:v -c:v rawvideo".split(" ");
  const isAdts = sent.endsWith("aac.ts");
  const read = await readFrames(sent, {
    ...readerOf(sent),
    outputArgs: isAdts
      ? [...outputArgs, "-bsf:a", "aac_adtstoasc"]
      : outputArgs,
    timeoutMs: READ_TIMEOUT_MS,
  });
  const published = await readFrames(file, { outputArgs });
  const { firstFrame, frames } = compareFrames(published.frames, read.frames, {
    toleranceMs: TOLERANCE_MS,
    minFrames: published.frames.length * MIN_PART,
  });
  const missing = published.frames.length - firstFrame - frames;
  assert(
    missing <= (isSound ? MAX_HELD_FRAMES : 0),
    `the last ${missing} frames are missing`,
  );
  assertEquals(complaintsOf(read), []);
}

/** Samples have no frames of their own: they are compared byte by byte. */
async function checkSamples(
  sent: string,
  file: string,
  { inputArgs = "" }: Row,
): Promise<void> {
  const read = await decode(readerOf(sent).executable, ["-i", sent]);
  const published = await decode("ffmpeg", [
    ...inputArgs.split(" "),
    ...["-i", file],
  ]);
  const beginsAt = Buffer.from(published).lastIndexOf(read);
  assert(beginsAt >= 0, "the samples are not a run of those published");
  const missing = published.length - beginsAt - read.length;
  assert(missing <= MAX_HELD_BYTES, `the last ${missing} bytes are missing`);
  assert(read.length > published.length * MIN_PART, `${read.length} bytes`);
}

async function decode(
  executable: string,
  inputArgs: readonly string[],
): Promise<Uint8Array> {
  const folder = await Deno.makeTempDir({ prefix: "weir_samples_" });
  try {
    const file = `${folder}/samples`;
    const { code, stderr } = await runProcess(executable, [
      ..."-nostdin -loglevel warning".split(" "),
      ...inputArgs,
      ..."-c:a pcm_s16le -f s16le".split(" "),
      file,
    ], { timeoutMs: READ_TIMEOUT_MS });
    assertEquals(code, 0, stderr);
    return await Deno.readFile(file);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** FLV of codecs that it did not have once is known to a newer ffmpeg only. */
function readerOf(sent: string): { readonly executable: string } {
  return { executable: sent.endsWith(".flv") ? ffmpeg9()! : "ffmpeg" };
}
