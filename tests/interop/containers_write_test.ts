import { join } from "node:path";
import type { CodecName } from "#codecs/codec.ts";
import { assertEquals } from "#test/assert.ts";
import { clip, type ClipName } from "#test/clips.ts";
import { ffmpeg9 } from "#test/ffmpeg9.ts";
import {
  compareFrames,
  type FrameReading,
  readFrames,
} from "#test/framemd5.ts";
import { runProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import {
  type ContainerMedia,
  fragmentedFile,
  mediaOfMp4,
  mediaOfPcm,
  mediaOfTs,
  progressiveFile,
  transportStream,
} from "./container_media.ts";

/** Times are rounded to the clock of the track, and of the movie where a track begins later. */
const TOLERANCE_MS = 1;

/** How files are written, by the name of what is written. */
const FORMS: Readonly<
  Record<string, (media: ContainerMedia) => Uint8Array>
> = {
  "fragmented.mp4": (media) => fragmentedFile(media),
  "one_part.mp4": (media) => fragmentedFile(media, { partSeconds: 1_000 }),
  // Playlists begin ten seconds above 0.
  "later.mp4": (media) => fragmentedFile(media, { originSeconds: -10 }),
  "header_first.mp4": (media) => progressiveFile(media),
  "header_last.mp4": (media) => progressiveFile(media, { isMovieFirst: false }),
  "stream.mpegts": (media) => transportStream(media),
};

/** MPEG-TS carries no track of these. */
const NOT_IN_TS: readonly CodecName[] = ["av1", "vp9", "flac", "mjpeg"];

const CLIPS: readonly ClipName[] = [
  ...["bframes_aac", "h265_aac", "h265_opus", "parameter_change"] as const,
  ...["ts_h264_aac", "ts_h265_opus", "ts_mpeg2_mp2"] as const,
  ...["ts_mpeg1_mp3", "ts_mpeg4_ac3", "mpeg4_video", "mjpeg"] as const,
  ...["av1", "vp9", "opus", "flac", "mp3", "ac3"] as const,
];

for (const name of CLIPS) {
  interopTest({
    name: `ffmpeg reads the frames of ${name} in every file that is written`,
    needs: ["ffmpeg"],
    fn: (t) =>
      inFolder(async (folder) => {
        await checkForms(t, await clip(name), folder);
      }),
  });
}

interopTest({
  name:
    "ffmpeg reads the frames of GStreamer's MPEG-TS in every file that is written",
  needs: ["ffmpeg", "gstreamer"],
  fn: (t) =>
    inFolder(async (folder) => {
      const path = join(folder, "source.mpegts");
      const pipeline = "videotestsrc num-buffers=75 ! " +
        "video/x-raw,format=I420 ! x264enc bframes=2 b-adapt=false ! " +
        "h264parse ! mux. audiotestsrc num-buffers=120 ! avenc_aac ! " +
        `aacparse ! mux. mpegtsmux name=mux ! filesink location=${path}`;
      const result = await runProcess(
        "gst-launch-1.0",
        ["--quiet", ...pipeline.split(" ")],
      );
      assertEquals(result.code, 0, result.stderr);
      await checkForms(t, path, folder);
    }),
});

async function checkForms(
  t: Deno.TestContext,
  path: string,
  folder: string,
): Promise<void> {
  const media = await mediaOf(path, folder);
  const original = await readBoth(path, media);
  const isInTs = !media.tracks.some(({ codec }) =>
    NOT_IN_TS.includes(codec.codec)
  );
  for (const [form, write] of Object.entries(FORMS)) {
    if (form.endsWith(".mpegts") && !isInTs) continue;
    await t.step(form, async () => {
      const out = join(folder, form);
      await Deno.writeFile(out, write(media));
      checkFrames(media, original, await readBoth(out, media));
    });
  }
}

async function inFolder(
  fn: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "weir_containers_" });
  try {
    await fn(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

interopTest({
  name: "ffmpeg reads LATM in MPEG-TS that was read from it",
  needs: ["ffmpeg"],
  fn: async () => {
    const path = await clip("ts_h264_latm");
    const media = mediaOfTs(await Deno.readFile(path));
    await inFolder(async (folder) => {
      for (const latm of ["keep", "adts"] as const) {
        const out = join(folder, `${latm}.mpegts`);
        await Deno.writeFile(out, transportStream(media, latm));
        const [original, found] = await Promise.all(
          [path, out].map((one) => readFrames(one, { outputArgs: ALL })),
        );
        assertEquals(found!.messages, []);
        for (const [i] of media.tracks.entries()) {
          const { frames, firstFrame } = compareFrames(
            original!.frames,
            found!.frames,
            { publishedStream: i, readStream: i, toleranceMs: TOLERANCE_MS },
          );
          assertEquals(firstFrame, 0);
          const sent = original!.frames.filter(({ streamIndex }) =>
            streamIndex === i
          );
          assertEquals(frames, sent.length);
        }
      }
    });
  },
});

interopTest({
  name: "ffmpeg reads KLV in MPEG-TS beside pictures",
  needs: ["ffmpeg", "ffprobe"],
  fn: async () => {
    const { steps, tracks } = mediaOfTs(
      await Deno.readFile(await clip("ts_h264_aac")),
    );
    const klv = {
      id: 9,
      kind: "data",
      codec: { codec: "klv" },
      clockRateHz: 90_000,
    } as const;
    const bytes = await Deno.readFile(await clip("klv"));
    const unitBytes = 2_000;
    const video = steps.filter(({ track }) => track.kind === "video");
    const units = video.map(({ unit }, i) => ({
      ...unit,
      trackId: klv.id,
      isRandomAccess: true,
      ptsTicks: unit.dtsTicks,
      origin: {
        kind: "payload",
        parts: [bytes.subarray(i * unitBytes, (i + 1) * unitBytes)],
      } as const,
    }));
    const media = {
      tracks: [...tracks, klv],
      steps: [
        ...steps,
        ...units.map((unit) => ({ unit, track: klv })),
      ].sort((a, b) =>
        a.unit.dtsTicks / a.track.clockRateHz -
        b.unit.dtsTicks / b.track.clockRateHz
      ),
    };
    await inFolder(async (folder) => {
      const out = join(folder, "klv.mpegts");
      await Deno.writeFile(out, transportStream(media));
      const copied = join(folder, "klv.raw");
      const args =
        `-nostdin -loglevel error -i ${out} -map 0:d -c copy -f data`;
      const result = await runProcess("ffmpeg", [...args.split(" "), copied]);
      assertEquals([result.code, result.stderr], [0, ""]);
      const found = await Deno.readFile(copied);
      assertEquals(found.toHex() === bytes.toHex(), true);
      const codec = await runProcess("ffprobe", [
        ..."-loglevel error -select_streams d -of csv=p=0".split(" "),
        ...`-show_entries stream=codec_name ${out}`.split(" "),
      ]);
      assertEquals(codec.stdout.trim().split(/\s+/)[0], "klv");
    });
  },
});

const GSTREAMER_FORMS = [
  ["fragmented.mp4", "bframes_aac", "qtdemux ! h264parse ! avdec_h264"],
  ["header_first.mp4", "bframes_aac", "qtdemux ! h264parse ! avdec_h264"],
  ["stream.mpegts", "bframes_aac", "tsdemux ! h264parse ! avdec_h264"],
  ["fragmented.mp4", "h265_aac", "qtdemux ! h265parse ! avdec_h265"],
  ["stream.mpegts", "h265_aac", "tsdemux ! h265parse ! avdec_h265"],
  [
    "stream.mpegts",
    "ts_mpeg2_mp2",
    "tsdemux ! mpegvideoparse ! avdec_mpeg2video",
  ],
] as const;

for (const [form, name, elements] of GSTREAMER_FORMS) {
  interopTest({
    name: `GStreamer reads the pictures of ${name} in ${form}`,
    needs: ["ffmpeg", "gstreamer"],
    fn: async () => {
      await inFolder(async (folder) => {
        const path = await clip(name);
        const written = join(folder, form);
        await Deno.writeFile(
          written,
          FORMS[form]!(await mediaOf(path, folder)),
        );
        const raw = join(folder, "raw");
        const pipeline = `filesrc location=${written} ! ${elements} ! ` +
          `filesink location=${raw}`;
        const result = await runProcess(
          "gst-launch-1.0",
          ["--quiet", ...pipeline.split(" ")],
        );
        assertEquals([result.code, result.stderr], [0, ""]);
        const wanted = join(folder, "wanted");
        const decoded = await runProcess("ffmpeg", [
          ...["-nostdin", "-loglevel", "error", "-i", path, "-map", "0:v"],
          ..."-fps_mode passthrough -f rawvideo".split(" "),
          wanted,
        ]);
        assertEquals([decoded.code, decoded.stderr], [0, ""]);
        const files = await Promise.all(
          [raw, wanted].map((file) => Deno.readFile(file)),
        );
        assertEquals(files[0]!.length, files[1]!.length);
        assertEquals(files[0]!.every((byte, i) => byte === files[1]![i]), true);
      });
    },
  });
}

const PCM = [
  {
    clip: "l16",
    codec: {
      codec: "lpcm",
      bitDepth: 16,
      sampleRateHz: 48_000,
      channelCount: 2,
    },
    frameBytes: 4,
    input: "-f s16be -ar 48000 -ac 2",
    output: "pcm_s16be",
  },
  {
    clip: "l24",
    codec: {
      codec: "lpcm",
      bitDepth: 24,
      sampleRateHz: 48_000,
      channelCount: 2,
    },
    frameBytes: 6,
    input: "-f s24be -ar 48000 -ac 2",
    output: "pcm_s24be",
  },
  {
    clip: "l8",
    codec: { codec: "lpcm", bitDepth: 8, sampleRateHz: 8_000, channelCount: 1 },
    frameBytes: 1,
    input: "-f u8 -ar 8000 -ac 1",
    output: "pcm_s16be",
  },
  {
    clip: "g711_mu",
    codec: { codec: "g711", law: "mu", sampleRateHz: 8_000, channelCount: 1 },
    frameBytes: 1,
    input: "-f mulaw -ar 8000 -ac 1",
    output: "pcm_s16be",
  },
  {
    clip: "g711_a",
    codec: { codec: "g711", law: "a", sampleRateHz: 8_000, channelCount: 1 },
    frameBytes: 1,
    input: "-f alaw -ar 8000 -ac 1",
    output: "pcm_s16be",
  },
] as const;

for (const { clip: name, codec, frameBytes, input, output } of PCM) {
  interopTest({
    name: `ffmpeg 9 reads the samples of ${name} in MP4`,
    needs: ["ffmpeg9"],
    fn: async () => {
      await inFolder(async (folder) => {
        const path = await clip(name);
        const bytes = await Deno.readFile(path);
        const media = mediaOfPcm(bytes, codec, frameBytes);
        const sums = await Promise.all(
          [
            [...input.split(" "), "-i", path],
            ...await Promise.all(
              [fragmentedFile(media), progressiveFile(media)].map(
                async (file, i) => {
                  const out = join(folder, `${i}.mp4`);
                  await Deno.writeFile(out, file);
                  return ["-i", out];
                },
              ),
            ),
          ].map((args) => md5Of(args, output)),
        );
        assertEquals(sums, [sums[0]!, sums[0]!, sums[0]!]);
      });
    },
  });
}

async function md5Of(
  inputArgs: readonly string[],
  codec: string,
): Promise<string> {
  const args = ["-nostdin", "-loglevel", "error", ...inputArgs];
  const result = await runProcess(ffmpeg9()!, [
    ...args,
    ...["-c:a", codec, "-f", "md5", "-"],
  ]);
  assertEquals([result.code, result.stderr], [0, ""]);
  return result.stdout.trim();
}

async function mediaOf(path: string, folder: string): Promise<ContainerMedia> {
  if (path.endsWith(".mpegts")) return mediaOfTs(await Deno.readFile(path));
  let file = path;
  if (!/\.(mp4|mov)$/.test(path)) {
    file = join(folder, "source.mp4");
    const args = "-nostdin -loglevel error -i".split(" ");
    const result = await runProcess("ffmpeg", [
      ...args,
      path,
      ..."-c copy -strict -2".split(" "),
      file,
    ]);
    assertEquals([result.code, result.stderr], [0, ""]);
  }
  return await mediaOfMp4(await Deno.readFile(file));
}

const ALL = ["-map", "0"];

/** Pictures are decoded; sound is compared as it is coded, since decoders need what an edit list hides. */
function readBoth(
  path: string,
  { tracks }: ContainerMedia,
): Promise<FrameReading> {
  const hasAdts = path.endsWith(".mpegts") &&
    tracks.some(({ codec }) => codec.codec === "aac");
  return readFrames(path, {
    outputArgs: [
      ...ALL,
      ...["-c:a", "copy"],
      ...(hasAdts ? ["-bsf:a", "aac_adtstoasc"] : []),
    ],
  });
}

/** Every frame of every track, all of them moved by the same time. */
function checkFrames(
  { tracks }: ContainerMedia,
  original: FrameReading,
  found: FrameReading,
): void {
  assertEquals(found.messages, []);
  const shifts = tracks.map((_, i) => {
    const { firstFrame, frames, shiftMs } = compareFrames(
      original.frames,
      found.frames,
      { publishedStream: i, readStream: i, toleranceMs: TOLERANCE_MS },
    );
    const sent = original.frames.filter((one) => one.streamIndex === i);
    assertEquals([firstFrame, frames], [0, sent.length]);
    return shiftMs;
  });
  const apartMs = Math.max(...shifts) - Math.min(...shifts);
  assertEquals(apartMs <= TOLERANCE_MS, true, `tracks are ${apartMs} ms apart`);
}
