import { join } from "node:path";
import { assert, assertEquals } from "#test/assert.ts";
import { clip, type ClipName } from "#test/clips.ts";
import {
  compareFrames,
  type FrameReading,
  readFrames,
} from "#test/framemd5.ts";
import { freeTcpPort } from "#test/ports.ts";
import { runProcess } from "#test/processes.ts";
import { interopTest, unprivilegedUser } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { valueOf } from "./check_frames.ts";
import {
  complaintsOf,
  mediaArgs,
  startPublisher,
  STREAM,
  waitUntilAvailable,
} from "./ffmpeg_peer.ts";

/** Two times are rounded to whole milliseconds: the publisher's and FLV's. */
const TOLERANCE_MS = 2 + 1e-6;

/** Of 150 pictures and 282 frames of sound: what comes before the reader is in the cache. */
const MIN_PICTURES = 140;
const MIN_AUDIO_FRAMES = 260;

const READ_TIMEOUT_MS = 40_000;

/** Pictures that a player may still hold, or skip, at both ends. */
const MIN_PLAYED_PICTURES = 100;

const DEMUXERS: Readonly<Record<string, string>> = {
  flv: "flvdemux",
  ts: "tsdemux",
  mp4: "qtdemux",
};

/** GStreamer's own headers are not those that ffmpeg reads. */
const RAW_PICTURES =
  "-f rawvideo -pixel_format yuv420p -video_size 640x360 -framerate 25".split(
    " ",
  );

/** A server and the address of its streams. */
async function openServer(): Promise<{ weir: WeirProcess; host: string }> {
  const host = `127.0.0.1:${freeTcpPort()}`;
  const weir = await startWeir({ config: `hls: yes\nhlsAddress: ${host}` });
  await weir.waitForLog(/\[HLS\] started with listener/);
  return { weir, host };
}

const ROWS = [
  { name: "bframes_aac", codec: "h264", suffixes: ["flv", "mp4", "ts"] },
  { name: "h265_aac", codec: "h265", suffixes: ["mp4", "ts"] },
] as const satisfies readonly {
  readonly name: ClipName;
  [key: string]: unknown;
}[];

interopTest({
  name: "ffmpeg reads FLV, MP4 and MPEG-TS over HTTP, frame for frame",
  needs: ["ffmpeg"],
  fn: async (t) => {
    const { weir, host } = await openServer();
    await using _weir = weir;
    for (const { name, codec, suffixes } of ROWS) {
      const file = await clip(name);
      const published = await readFrames(file, {
        outputArgs: mediaArgs(codec),
      });
      await using _publisher = startPublisher(weir, {
        way: "RTSP/TCP",
        path: name,
        file,
      });
      await waitUntilAvailable(weir, name);
      const outcomes = await Promise.allSettled(
        suffixes.map((suffix) =>
          readFrames(`http://${host}/${name}.${suffix}`, {
            outputArgs: [
              ...mediaArgs(codec),
              ...suffix === "ts" ? ["-bsf:a", "aac_adtstoasc"] : [],
            ],
          })
        ),
      );
      for (const [i, suffix] of suffixes.entries()) {
        await t.step(`${name} as ${suffix}`, () => {
          const reading = valueOf(outcomes[i]!);
          const options = { toleranceMs: TOLERANCE_MS };
          for (const stream of [STREAM.pictures, STREAM.codedVideo]) {
            compareFrames(published.frames, reading.frames, {
              ...options,
              publishedStream: stream,
              readStream: stream,
              minFrames: MIN_PICTURES,
            });
          }
          compareFrames(published.frames, reading.frames, {
            ...options,
            publishedStream: STREAM.codedAudio,
            readStream: STREAM.codedAudio,
            minFrames: MIN_AUDIO_FRAMES,
          });
          assertEquals(complaintsOf(reading), []);
        });
      }
    }
  },
});

interopTest({
  name: "GStreamer and VLC play FLV, MPEG-TS and MP4 over HTTP",
  needs: ["ffmpeg", "gstreamer", "vlc"],
  fn: async (t) => {
    const file = await clip("bframes_aac");
    const { weir, host } = await openServer();
    await using _weir = weir;
    await using opened = new AsyncDisposableStack();
    const folder = await Deno.makeTempDir({ prefix: "weir_web_" });
    opened.defer(() => Deno.remove(folder, { recursive: true }));
    const { uid = null, gid = null } = unprivilegedUser();
    await Deno.chown(folder, uid, gid);
    const published = await readFrames(file, {
      outputArgs: "-map 0:v -c:v rawvideo".split(" "),
    });
    await using _publisher = startPublisher(weir, {
      way: "RTMP",
      path: "cam",
      file,
    });
    await waitUntilAvailable(weir, "cam");
    const players = [
      { name: "GStreamer flv", run: playGstreamer, suffix: "flv" },
      { name: "GStreamer ts", run: playGstreamer, suffix: "ts" },
      { name: "GStreamer mp4", run: playGstreamer, suffix: "mp4" },
      { name: "VLC flv", run: playVlc, suffix: "flv" },
      { name: "VLC ts", run: playVlc, suffix: "ts" },
      { name: "VLC mp4", run: playVlc, suffix: "mp4" },
    ] as const;
    const outcomes = await Promise.allSettled(
      players.map((player, i) =>
        player.run(
          `http://${host}/cam.${player.suffix}`,
          join(folder, `${i}`),
        )
      ),
    );
    for (const [i, { name }] of players.entries()) {
      await t.step(name, () => {
        const { frames } = valueOf(outcomes[i]!);
        // A picture is shown again when the next one is late.
        const pictures = frames.filter(({ hash }, j) =>
          hash !== frames[j - 1]?.hash
        );
        const run = compareFrames(published.frames, pictures, {
          toleranceMs: Infinity,
          minFrames: MIN_PLAYED_PICTURES,
        });
        assert(run.frames >= MIN_PLAYED_PICTURES, name);
      });
    }
  },
});

async function playGstreamer(
  url: string,
  file: string,
): Promise<FrameReading> {
  const demuxer = DEMUXERS[url.split(".").at(-1)!]!;
  const { code, stderr } = await runProcess("gst-launch-1.0", [
    ...["-q", "souphttpsrc", `location=${url}`, "!", demuxer, "!", "queue"],
    ..."! h264parse ! avdec_h264 ! video/x-raw,format=I420 ! filesink"
      .split(" "),
    `location=${file}`,
  ], { timeoutMs: READ_TIMEOUT_MS });
  assertEquals(code, 0, stderr);
  return await readFrames(file, { inputArgs: RAW_PICTURES });
}

async function playVlc(url: string, file: string): Promise<FrameReading> {
  const { code, stderr } = await runProcess("cvlc", [
    ..."--intf=dummy --play-and-exit --no-osd --no-video-title-show".split(" "),
    ..."--no-drop-late-frames --no-skip-frames --no-audio".split(" "),
    ..."--vout=yuv --yuv-chroma=I420 --yuv-yuv4mpeg2".split(" "),
    `--yuv-file=${file}`,
    url,
  ], { timeoutMs: READ_TIMEOUT_MS, ...unprivilegedUser() });
  assertEquals(code, 0, stderr);
  return await readFrames(file, { inputArgs: ["-f", "yuv4mpegpipe"] });
}
