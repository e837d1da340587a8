import { join } from "node:path";
import { clip } from "#test/clips.ts";
import { compareFrames, readFrames } from "#test/framemd5.ts";
import { runProcess, startProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { assertEquals } from "#test/assert.ts";
import { checkPictures, framesOf, toleranceMs } from "./check_frames.ts";
import {
  complaintsOf,
  mediaArgs,
  readPath,
  startPublisher,
  STREAM,
  waitUntilAvailable,
} from "./ffmpeg_peer.ts";

const PATH = "live/cam";
const MEDIA_ARGS = mediaArgs("h264");
const READ_TIMEOUT_MS = 40_000;

/** The path with encryption, as librtmp takes it. */
function encryptedLocation(weir: WeirProcess): string {
  return `location=${weir.rtmpUrl(PATH).replace("rtmp:", "rtmpe:")} live=1`;
}

interopTest({
  name: "librtmp reads over RTMPE: everything, as it was published",
  needs: ["ffmpeg", "gstreamer"],
  fn: async () => {
    const file = await clip("bframes_aac");
    const outputArgs = MEDIA_ARGS;
    const { frames: published } = await readFrames(file, { outputArgs });
    await using weir = await startWeir();
    const way = "RTMP";
    await using _publisher = startPublisher(weir, { way, path: PATH, file });
    await waitUntilAvailable(weir, PATH);
    const folder = await Deno.makeTempDir({ prefix: "weir_rtmpe_" });
    try {
      const flv = join(folder, "read.flv");
      await runProcess("gst-launch-1.0", [
        ...["-q", "rtmpsrc", encryptedLocation(weir)],
        ...["!", "filesink", `location=${flv}`],
      ], { timeoutMs: READ_TIMEOUT_MS });
      const { frames: read } = await readFrames(flv, { outputArgs });
      checkPictures({ published, read, publishWay: way, readWay: way });
      const audio = compareFrames(published, read, {
        publishedStream: STREAM.codedAudio,
        readStream: STREAM.codedAudio,
        toleranceMs: toleranceMs(way, way),
      });
      const sent = framesOf(published, STREAM.codedAudio).length;
      assertEquals(audio.firstFrame + audio.frames, sent, "the last sound");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

interopTest({
  name: "librtmp publishes over RTMPE: ffmpeg reads every picture",
  needs: ["ffmpeg", "gstreamer"],
  fn: async () => {
    const file = await clip("bframes_aac");
    const outputArgs = MEDIA_ARGS;
    const { frames: published } = await readFrames(file, { outputArgs });
    await using weir = await startWeir();
    await using _publisher = startProcess("gst-launch-1.0", [
      ...["filesrc", `location=${file}`, "!", "qtdemux", "name=file"],
      ..."file.video_0 ! queue ! h264parse ! sink.".split(" "),
      ..."file.audio_0 ! queue ! aacparse ! sink.".split(" "),
      ..."flvmux name=sink streamable=true ! rtmpsink sync=true".split(" "),
      encryptedLocation(weir),
    ]);
    await waitUntilAvailable(weir, PATH);
    const way = "RTMP";
    const reading = await readPath(weir, { way, path: PATH, outputArgs });
    assertEquals(complaintsOf(reading), [], "messages of the reader");
    const { frames: read } = reading;
    checkPictures({ published, read, publishWay: way, readWay: way });
  },
});
