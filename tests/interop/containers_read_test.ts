import { createHash } from "node:crypto";
import { join } from "node:path";
import { findWholePart } from "#formats/mp4/file_fragments.ts";
import { openMp4File } from "#formats/mp4/mp4_file.ts";
import { openMp4SampleReader } from "#formats/fmp4/mp4_codecs.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { clip, type ClipName } from "#test/clips.ts";
import { type FrameHash, readFrames } from "#test/framemd5.ts";
import { runProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { BytesInput } from "../formats/mp4/bytes_input.ts";

/** One rounding of a time in ffmpeg's output. */
const TOLERANCE_MS = 0.1;

/** A sample as our reader gives it. */
interface FoundSample {
  readonly ptsMs: number;
  readonly dtsMs: number;
  readonly durationMs: number;
  readonly hash: string;
}

/** Every track in the order of the file, with its codec's name. */
async function samplesOf(
  path: string,
): Promise<{ readonly codec: string; readonly samples: FoundSample[] }[]> {
  const file = await openMp4File(new BytesInput(await Deno.readFile(path)));
  return await Promise.all(file.movie.tracks.map(async (track) => {
    const reader = openMp4SampleReader(track.entry!);
    const ms = (ticks: number) => ticks * 1_000 / track.timescaleHz;
    const samples: FoundSample[] = [];
    for await (
      const sample of file.samples({
        trackNumbers: [track.number],
        decodesInTime: true,
      })
    ) {
      const bytes = await file.read(sample);
      const payload = reader!.read(bytes, sample.isSync);
      assert(payload !== undefined, "the sample holds media");
      samples.push({
        ptsMs: ms(sample.ptsTicks + track.editOffsetTicks),
        dtsMs: ms(sample.dtsTicks + track.editOffsetTicks),
        durationMs: ms(sample.durationTicks),
        hash: createHash("md5").update(bytes).digest("hex"),
      });
    }
    return { codec: reader!.codec!.codec, samples };
  }));
}

/** What ffmpeg reads of the file, as it is coded. */
async function packetsOf(path: string): Promise<readonly FrameHash[]> {
  const { frames } = await readFrames(path, {
    inputArgs: ["-ignore_editlist", "0"],
    outputArgs: ["-map", "0", "-c", "copy"],
  });
  return frames;
}

async function checkFile(
  path: string,
  codecs: readonly string[],
  maxShiftMs = 1,
): Promise<void> {
  const tracks = await samplesOf(path);
  assertEquals(tracks.map(({ codec }) => codec), [...codecs]);
  const packets = await packetsOf(path);
  for (const [i, { samples }] of tracks.entries()) {
    const wanted = packets.filter(({ streamIndex }) => streamIndex === i);
    // ffmpeg leaves out what an edit list hides wholly.
    const hidden = samples.length - wanted.length;
    assert(hidden >= 0 && hidden <= 2, `${hidden} samples more than ffmpeg's`);
    const shown = samples.slice(hidden);
    assertEquals(
      shown.map(({ hash }) => hash),
      wanted.map(({ hash }) => hash),
    );
    const shiftMs = shown[0]!.ptsMs - wanted[0]!.ptsMs;
    assert(
      Math.abs(shiftMs) < maxShiftMs,
      `track ${i} is moved by ${shiftMs} ms`,
    );
    for (const [j, { ptsMs, dtsMs }] of shown.entries()) {
      const offMs = Math.max(
        Math.abs(ptsMs - wanted[j]!.ptsMs - shiftMs),
        Math.abs(dtsMs - wanted[j]!.dtsMs - shiftMs),
      );
      assert(
        offMs <= TOLERANCE_MS,
        `sample ${j} of ${i} is off by ${offMs} ms`,
      );
    }
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

/** How ffmpeg can write MP4. */
const FFMPEG_FORMS: Readonly<Record<string, string>> = {
  "header last": "",
  "header first": "-movflags +faststart",
  "without edit lists": "-use_editlist 0",
  "negative offsets": "-movflags +negative_cts_offsets",
  "fragments at key frames, base of each track in the file":
    "-movflags +frag_keyframe+empty_moov",
  "fragments at key frames, base is the fragment":
    "-movflags +frag_keyframe+empty_moov+default_base_moof",
  "fragments of each frame": "-movflags +frag_every_frame+empty_moov",
  "CMAF": "-movflags +cmaf+frag_keyframe",
  "DASH with an index": "-movflags +dash+global_sidx+frag_keyframe",
  "fragments of 200 ms": "-movflags +empty_moov -frag_duration 200000",
};

const FFMPEG_CLIPS: readonly (readonly [ClipName, readonly string[]])[] = [
  ["bframes_aac", ["h264", "aac"]],
  ["h265_opus", ["h265", "opus"]],
];

for (const [name, codecs] of FFMPEG_CLIPS) {
  interopTest({
    name: `Mp4File gives the samples and times of ffmpeg's demuxer: ${name}`,
    needs: ["ffmpeg"],
    fn: async (t) => {
      const source = await clip(name);
      await inFolder(async (folder) => {
        for (const [form, args] of Object.entries(FFMPEG_FORMS)) {
          await t.step(form, async () => {
            const out = join(folder, "out.mp4");
            const result = await runProcess("ffmpeg", [
              ..."-nostdin -loglevel error -y -i".split(" "),
              source,
              ..."-map 0 -c copy".split(" "),
              ...args.split(" ").filter((one) => one !== ""),
              out,
            ]);
            assertEquals([result.code, result.stderr], [0, ""]);
            // Of fragments with negative offsets ffmpeg shows all later, instead of decoding earlier.
            const maxShiftMs = form === "CMAF" ? 81 : 1;
            await checkFile(out, codecs, maxShiftMs);
          });
        }
      });
    },
  });
}

const SINGLE_CLIPS: readonly (readonly [ClipName, string, string])[] = [
  ["av1", "av1", "mp4"],
  ["vp9", "vp9", "mp4"],
  ["mpeg4_video", "mpeg4Video", "mp4"],
  ["mpeg1_video", "mpeg12Video", "mp4"],
  ["mpeg2_video", "mpeg12Video", "mp4"],
  ["mjpeg", "mjpeg", "mp4"],
  ["mjpeg", "mjpeg", "mov"],
  ["opus", "opus", "mp4"],
  ["flac", "flac", "mp4"],
  ["mp3", "mpegAudio", "mp4"],
  ["mp2", "mpegAudio", "mp4"],
  ["mp3", "mpegAudio", "mov"],
  ["ac3", "ac3", "mp4"],
  ["aac", "aac", "mov"],
];

for (const [name, codec, format] of SINGLE_CLIPS) {
  interopTest({
    name: `Mp4File gives the samples of ffmpeg's demuxer: ${name} in ${format}`,
    needs: ["ffmpeg"],
    fn: () =>
      inFolder(async (folder) => {
        const source = await clip(name);
        for (const flags of ["", "-movflags +frag_keyframe+delay_moov"]) {
          const out = join(folder, `out.${format}`);
          const result = await runProcess("ffmpeg", [
            ..."-nostdin -loglevel error -y -i".split(" "),
            source,
            ..."-map 0 -c copy -strict -2".split(" "),
            ...flags.split(" ").filter((one) => one !== ""),
            ...["-f", format, out],
          ]);
          assertEquals([result.code, result.stderr], [0, ""]);
          await checkFile(out, [codec]);
        }
      }),
  });
}

const PCM = [
  ["l16", "-f s16be -ar 48000 -ac 2", "pcm_s16be", "lpcm"],
  ["l16", "-f s16be -ar 48000 -ac 2", "pcm_s16le", "lpcm"],
  ["l24", "-f s24be -ar 48000 -ac 2", "pcm_s24be", "lpcm"],
  ["l24", "-f s24be -ar 48000 -ac 2", "pcm_s24le", "lpcm"],
  ["g711_mu", "-f mulaw -ar 8000 -ac 1", "pcm_mulaw", "g711"],
  ["g711_a", "-f alaw -ar 8000 -ac 1", "pcm_alaw", "g711"],
] as const;

for (const [name, input, encoder, codec] of PCM) {
  interopTest({
    name:
      `Mp4File gives the samples of ${encoder} in a QuickTime file, in groups`,
    needs: ["ffmpeg"],
    fn: () =>
      inFolder(async (folder) => {
        const source = await clip(name);
        const out = join(folder, "out.mov");
        const result = await runProcess("ffmpeg", [
          ..."-nostdin -loglevel error".split(" "),
          ...input.split(" "),
          ...["-i", source, "-c:a", encoder, out],
        ]);
        assertEquals([result.code, result.stderr], [0, ""]);
        const bytes = await Deno.readFile(out);
        const file = await openMp4File(new BytesInput(bytes));
        const [track] = file.movie.tracks;
        const reader = openMp4SampleReader(track!.entry!)!;
        assertEquals(reader.codec?.codec, codec);
        let samples = 0;
        let text = "";
        for await (const sample of file.samples()) {
          samples++;
          const payload = reader.read(await file.read(sample), true);
          text += payload!.parts[0]!.toHex();
        }
        assertEquals(text === (await Deno.readFile(source)).toHex(), true);
        assert(samples < 1_000, `${samples} units`);
      }),
  });
}

const GSTREAMER = [
  {
    name: "H264 with B-frames and AAC, header last",
    pipeline: "videotestsrc num-buffers=75 ! x264enc bframes=2 b-adapt=false " +
      "! h264parse ! mux. audiotestsrc num-buffers=120 ! avenc_aac ! aacparse " +
      "! mux. mp4mux name=mux",
    codecs: ["h264", "aac"],
  },
  {
    name: "H265 and Opus in fragments",
    pipeline: "videotestsrc num-buffers=75 ! video/x-raw,format=I420 ! " +
      "x265enc speed-preset=ultrafast ! h265parse ! mux. " +
      "audiotestsrc num-buffers=120 ! audioconvert ! audioresample ! opusenc " +
      "! opusparse ! mux. mp4mux fragment-duration=500 name=mux",
    codecs: ["h265", "opus"],
  },
  {
    name: "H264 and MP3, header first, in place",
    pipeline: "videotestsrc num-buffers=75 ! x264enc tune=zerolatency " +
      "! h264parse ! mux. audiotestsrc num-buffers=120 ! lamemp3enc ! " +
      "mpegaudioparse ! mux. mp4mux faststart=true name=mux",
    codecs: ["h264", "mpegAudio"],
  },
  {
    name: "Motion JPEG and linear PCM in QuickTime",
    pipeline: "videotestsrc num-buffers=50 ! jpegenc ! mux. " +
      "audiotestsrc num-buffers=50 ! audio/x-raw,format=S16BE,rate=48000 " +
      "! mux. qtmux name=mux",
    codecs: ["mjpeg", "lpcm"],
  },
  {
    name: "AC-3",
    pipeline: "audiotestsrc num-buffers=75 ! avenc_ac3 ! ac3parse ! " +
      "mp4mux",
    codecs: ["ac3"],
  },
  {
    name: "AV1 in fragments",
    pipeline: "videotestsrc num-buffers=25 ! video/x-raw,format=I420 ! " +
      "av1enc cpu-used=8 usage-profile=realtime ! av1parse ! " +
      "mp4mux fragment-duration=300",
    codecs: ["av1"],
  },
] as const;

for (const { name, pipeline, codecs } of GSTREAMER) {
  interopTest({
    name: `Mp4File reads what GStreamer writes: ${name}`,
    needs: ["ffmpeg", "gstreamer"],
    fn: () =>
      inFolder(async (folder) => {
        const out = join(folder, "out.mp4");
        const args = `${pipeline} ! filesink location=${out}`;
        const result = await runProcess(
          "gst-launch-1.0",
          ["--quiet", ...args.split(/\s+/)],
        );
        assertEquals(result.code, 0, result.stderr);
        if (codecs.some((codec) => codec === "lpcm")) {
          const tracks = await samplesOf(out);
          assertEquals(tracks.map(({ codec }) => codec), [...codecs]);
          assertEquals(tracks[0]!.samples.length, 50);
        } else await checkFile(out, codecs);
      }),
  });
}

interopTest({
  name: "findWholePart() finds how much of ffmpeg's fragments is there",
  needs: ["ffmpeg"],
  fn: () =>
    inFolder(async (folder) => {
      const source = await clip("bframes_aac");
      const out = join(folder, "out.mp4");
      const args = "-map 0 -c copy -movflags +empty_moov+default_base_moof " +
        "-frag_duration 500000";
      const result = await runProcess("ffmpeg", [
        ...["-nostdin", "-loglevel", "error", "-i", source],
        ...args.split(" "),
        out,
      ]);
      assertEquals([result.code, result.stderr], [0, ""]);
      const bytes = await Deno.readFile(out);
      const whole = await wholeOf(bytes);
      assert(whole.fragmentCount >= 10, `${whole.fragmentCount} fragments`);
      assert(Math.abs(whole.endSeconds - 6) < 0.2, `${whole.endSeconds} s`);
      const cut = await wholeOf(bytes.subarray(0, whole.endBytes - 1));
      assertEquals(cut.fragmentCount, whole.fragmentCount - 1);
      const repaired = join(folder, "repaired.mp4");
      await Deno.writeFile(repaired, bytes.subarray(0, cut.endBytes));
      assertEquals((await readFrames(repaired)).messages, []);
    }),
});

async function wholeOf(bytes: Uint8Array) {
  const input = new BytesInput(bytes);
  const { movie, headerEndBytes } = await openMp4File(input);
  return await findWholePart(input, movie, headerEndBytes);
}
