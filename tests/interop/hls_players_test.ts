import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { assert } from "#test/assert.ts";
import { clip } from "#test/clips.ts";
import { type FrameHash, readFrames } from "#test/framemd5.ts";
import { freeTcpPort } from "#test/ports.ts";
import { runProcess } from "#test/processes.ts";
import { interopTest, PYTHON, unprivilegedUser } from "#test/programs.ts";
import { startWeir } from "#test/weir_process.ts";
import { valueOf } from "./check_frames.ts";

const VARIANTS = ["mpegts", "fmp4", "lowLatency"] as const;

/** A player comes at any picture: what it shows is a run of the clip, which begins again and again. */
const ROUNDS = 3;

const PICTURES = 125;
const SOUND_BUFFERS = 100;

/** VLC ends after so many seconds, counted from when it begins to wait for media. */
const VLC_SECONDS = 6;
const MIN_PICTURES = 100;

/** Pictures that a player has no time for where everything else runs at the same time. */
const MAX_LEFT_OUT = 5;

const MIN_VLC_SOUND_MS = 3_000;

/** What VLC gives up when it is ended has holes: pictures that others are shown before. */
const MAX_CUT_PICTURES = 4;

const GST_PLAYER = fileURLToPath(new URL("gst_player.py", import.meta.url));

const TIMEOUT_MS = 60_000;

/** Pictures that a player showed. */
type Player = (url: string, folder: string) => Promise<readonly string[]>;

const PLAYERS: readonly {
  readonly name: string;
  readonly play: Player;
  readonly variants: readonly (typeof VARIANTS[number])[];
}[] = [
  { name: "VLC", play: playVlc, variants: VARIANTS },
  {
    name: "GStreamer playbin3, which has hlsdemux2",
    play: (url) => playGstreamer(url, { element: "playbin3", pace: "clock" }),
    variants: VARIANTS,
  },
  {
    // This demuxer takes the times of MP4 for those since the oldest segment: played in time, it would wait for long.
    name: "GStreamer playbin, which has hlsdemux",
    play: (url) => playGstreamer(url, { element: "playbin", pace: "at-once" }),
    // It does not know gaps, with which a low-latency playlist begins.
    variants: ["mpegts", "fmp4"],
  },
];

interopTest({
  name: "VLC and GStreamer play HLS of every variant, picture by picture",
  needs: ["ffmpeg", "gstreamer", "gstreamerServer", "vlc"],
  fn: async (t) => {
    const file = await clip("short_groups");
    const { frames } = await readFrames(file, {
      outputArgs: "-map 0:v -c:v rawvideo".split(" "),
    });
    const published = Array.from({ length: ROUNDS }, () => frames).flat();
    await using opened = new AsyncDisposableStack();
    const folder = await Deno.makeTempDir({ prefix: "weir_players_" });
    opened.defer(() => Deno.remove(folder, { recursive: true }));
    const { uid = null, gid = null } = unprivilegedUser();
    await Deno.chown(folder, uid, gid);
    const rows = await Promise.all(VARIANTS.map(async (variant) => {
      const host = `127.0.0.1:${freeTcpPort()}`;
      const weir = opened.use(
        await startWeir({
          config: `
hls: yes
hlsAddress: ${host}
hlsVariant: ${variant}
paths: {cam: {source: "${pathToFileURL(file)}"}}
`,
        }),
      );
      await weir.waitForLog(/\[path cam\] stream is available/);
      const url = `http://${host}/cam/index.m3u8`;
      return PLAYERS.filter(({ variants }) => variants.includes(variant))
        .map(({ name, play }) => ({
          name: `${name}, ${variant}`,
          shown: play(url, join(folder, variant)),
        }));
    }));
    const players = rows.flat();
    const outcomes = await Promise.allSettled(
      players.map(({ shown }) => shown),
    );
    for (const [i, { name }] of players.entries()) {
      await t.step(name, () => checkPictures(published, valueOf(outcomes[i]!)));
    }
  },
});

/** Checks that pictures are those published, in order; one is shown again where the next one is late. */
function checkPictures(
  published: readonly FrameHash[],
  shown: readonly string[],
): void {
  const pictures = shown.filter((hash, i) => hash !== shown[i - 1]);
  const hashes = published.map(({ hash }) => hash);
  const first = hashes.indexOf(pictures[0]!);
  let at = first;
  for (const [i, hash] of pictures.entries()) {
    at = hashes.indexOf(hash, at);
    assert(at >= first, `picture ${i} of ${pictures.length} is out of order`);
  }
  const leftOut = at - first + 1 - pictures.length;
  assert(leftOut <= MAX_LEFT_OUT, `${leftOut} pictures were left out`);
  assert(pictures.length >= MIN_PICTURES, `only ${pictures.length} pictures`);
}

async function playVlc(
  url: string,
  folder: string,
): Promise<readonly string[]> {
  const user = unprivilegedUser();
  await Deno.mkdir(folder);
  await Deno.chown(folder, user.uid ?? null, user.gid ?? null);
  const video = join(folder, "pictures.y4m");
  const audio = join(folder, "sound.wav");
  const { code, stderr } = await runProcess("cvlc", [
    ..."--intf=dummy --play-and-exit --no-osd --no-video-title-show".split(" "),
    ..."--no-drop-late-frames --no-skip-frames".split(" "),
    ..."--no-avcodec-hurry-up --vout=yuv --yuv-chroma=I420 --yuv-yuv4mpeg2 --aout=afile"
      .split(" "),
    ...[`--yuv-file=${video}`, `--audiofile-file=${audio}`],
    ...[`--run-time=${VLC_SECONDS}`, url],
  ], { ...user, env: { HOME: folder }, cwd: folder, timeoutMs: TIMEOUT_MS });
  assert(code === 0, stderr);
  const [shown, heard] = await Promise.all([
    readFrames(video, { inputArgs: ["-f", "yuv4mpegpipe"] }),
    readFrames(audio, { outputArgs: ["-map", "0:a", "-c", "copy"] }),
  ]);
  const heardMs = heard.frames.at(-1)!.ptsMs - heard.frames[0]!.ptsMs;
  assert(heardMs >= MIN_VLC_SOUND_MS, `only ${heardMs} ms of sound`);
  return shown.frames.slice(0, -MAX_CUT_PICTURES).map(({ hash }) => hash);
}

/** Plays until there were enough pictures and sound. */
async function playGstreamer(
  url: string,
  { element, pace }: {
    readonly element: "playbin" | "playbin3";
    readonly pace: "clock" | "at-once";
  },
): Promise<readonly string[]> {
  const { code, stdout, stderr } = await runProcess(PYTHON, [
    ...[GST_PLAYER, element, url, pace, `${PICTURES}`, `${SOUND_BUFFERS}`],
  ], { timeoutMs: TIMEOUT_MS });
  assert(code === 0, stderr);
  return stdout.trim().split("\n");
}
