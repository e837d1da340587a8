import { CLIP_FRAMES_PER_SECOND } from "#test/clip_recipes.ts";
import { clip } from "#test/clips.ts";
import { compareFrames, readFrames } from "#test/framemd5.ts";
import { interopTest } from "#test/programs.ts";
import { startWeir } from "#test/weir_process.ts";
import { assert, assertEquals } from "#test/assert.ts";
import {
  checkAudio,
  checkCodedVideo,
  checkPictures,
  checkSync,
  framesOf,
  toleranceMs,
  valueOf,
} from "./check_frames.ts";
import {
  addressOf,
  complaintsOf,
  mediaArgs,
  publishTo,
  readPath,
  startPublisher,
  STREAM,
  waitUntilAvailable,
  WAYS,
} from "./ffmpeg_peer.ts";
import { startNginx, startNodeMediaServer } from "./rtmp_servers.ts";

const MEDIA_ARGS = mediaArgs("h264");

/** node-media-server keeps its players when a stream ends: they read so many pictures of it. */
const READ_PICTURES = 140;
const PLAYER_ARGS = [
  ..."-map 0:v -map 0:a -c:v rawvideo -enc_time_base:v -1".split(" "),
  ...["-c:a", "copy", "-frames:v", `${READ_PICTURES}`],
];
const PLAYER_AUDIO_STREAM = 1;
const MIN_AUDIO_FRAMES = 200;

/** A publisher that falls silent without a word is given up after this. */
const SHORT_READ_TIMEOUT = "readTimeout: 2s\n";

interopTest({
  name: "nginx-rtmp pulls a stream: its player gets everything, in sync",
  needs: ["ffmpeg", "nginxRtmp"],
  fn: async (t) => {
    const file = await clip("bframes_aac");
    const { frames: published } = await readFrames(file, {
      outputArgs: MEDIA_ARGS,
    });
    await using weir = await startWeir();
    await using nginx = await startNginx(weir.rtmpUrl("peers"));
    const outcomes = await Promise.allSettled(WAYS.map(async (way, i) => {
      const path = `peers/${i}`;
      await using _publisher = startPublisher(weir, { way, path, file });
      await waitUntilAvailable(weir, path);
      const outputArgs = MEDIA_ARGS;
      return await readFrames(nginx.url(`pulled/${i}`), { outputArgs });
    }));
    for (const [i, publishWay] of WAYS.entries()) {
      await t.step(`${publishWay} by ffmpeg to nginx`, () => {
        const reading = valueOf(outcomes[i]!);
        assertEquals(complaintsOf(reading), [], "messages of the reader");
        const read = reading.frames;
        const comparison = {
          publishWay,
          readWay: "RTMP" as const,
          published,
          read,
        };
        const pictures = checkPictures(comparison);
        checkCodedVideo(comparison);
        const audio = checkAudio({ ...comparison, codec: "aac" });
        checkSync(pictures, audio);
      });
    }
  },
});

interopTest({
  name: "nginx-rtmp pushes a stream: ffmpeg reads everything that it was given",
  needs: ["ffmpeg", "nginxRtmp"],
  fn: async (t) => {
    const file = await clip("short_groups");
    const { frames: published } = await readFrames(file, {
      outputArgs: MEDIA_ARGS,
    });
    await using weir = await startWeir();
    await using nginx = await startNginx(weir.rtmpUrl("peers"));
    await using _publisher = publishTo(nginx.url("pushed/0"), {
      way: "RTMP",
      file,
    });
    await waitUntilAvailable(weir, "peers/0");
    const outcomes = await Promise.allSettled(
      WAYS.map((way) =>
        readPath(weir, { way, path: "peers/0", outputArgs: MEDIA_ARGS })
      ),
    );
    for (const [i, way] of WAYS.entries()) {
      await t.step(`nginx to ${way}`, () => {
        const reading = valueOf(outcomes[i]!);
        assertEquals(complaintsOf(reading), [], "messages of the reader");
        const [pictures, audio] = [STREAM.pictures, STREAM.codedAudio].map(
          (stream) =>
            compareFrames(published, reading.frames, {
              publishedStream: stream,
              readStream: stream,
              toleranceMs: toleranceMs("RTMP"),
            }),
        );
        // nginx sends nothing of the group in which it connects.
        const { firstFrame, frames } = pictures!;
        assertEquals(firstFrame % CLIP_FRAMES_PER_SECOND, 0, "a key frame");
        assert(firstFrame <= published.length / 2, `begins at ${firstFrame}`);
        const count = framesOf(published, STREAM.pictures).length;
        assertEquals(firstFrame + frames, count, "the last picture");
        checkSync(pictures!, audio!);
      });
    }
  },
});

interopTest({
  name: "node-media-server pulls a stream over RTMP: its player gets it",
  needs: ["ffmpeg"],
  fn: async (t) => {
    const file = await clip("bframes_aac");
    const { frames: published } = await readFrames(file, {
      outputArgs: MEDIA_ARGS,
    });
    await using weir = await startWeir();
    await using server = await startNodeMediaServer();
    const outcomes = await Promise.allSettled(WAYS.map(async (way, i) => {
      const path = `peers/${i}`;
      const streamPath = `/pulled/${i}`;
      await using _publisher = startPublisher(weir, { way, path, file });
      await waitUntilAvailable(weir, path);
      await server.process.writeLine(
        `pull ${weir.rtmpUrl(path)} ${streamPath}`,
      );
      await server.process.waitForLine(new RegExp(`^published ${streamPath}`));
      const outputArgs = PLAYER_ARGS;
      return await readFrames(server.url(`pulled/${i}`), { outputArgs });
    }));
    for (const [i, way] of WAYS.entries()) {
      await t.step(`${way} by ffmpeg to node-media-server`, () => {
        const reading = valueOf(outcomes[i]!);
        assertEquals(complaintsOf(reading), [], "messages of the reader");
        const pictures = compareFrames(published, reading.frames, {
          toleranceMs: toleranceMs("RTMP"),
        });
        assertEquals(
          [pictures.firstFrame, pictures.frames],
          [0, READ_PICTURES],
          "first picture and number of pictures",
        );
        const audio = compareFrames(published, reading.frames, {
          publishedStream: STREAM.codedAudio,
          readStream: PLAYER_AUDIO_STREAM,
          toleranceMs: toleranceMs("RTMP"),
          minFrames: MIN_AUDIO_FRAMES,
        });
        checkSync(pictures, audio);
      });
    }
  },
});

interopTest({
  name: "node-media-server pushes a stream: ffmpeg reads everything, in sync",
  needs: ["ffmpeg"],
  fn: async (t) => {
    const file = await clip("bframes_aac");
    const { frames: published } = await readFrames(file, {
      outputArgs: MEDIA_ARGS,
    });
    await using weir = await startWeir({ config: SHORT_READ_TIMEOUT });
    await using server = await startNodeMediaServer();
    await using _publisher = publishTo(server.url("pushed/0"), {
      way: "RTMP",
      file,
    });
    await server.process.waitForLine(/^published \/pushed\/0/);
    const target = addressOf(weir, "RTMP", "peers/0");
    await server.process.writeLine(`push ${target} /pushed/0`);
    await waitUntilAvailable(weir, "peers/0");
    const outcomes = await Promise.allSettled(
      WAYS.map((way) =>
        readPath(weir, { way, path: "peers/0", outputArgs: MEDIA_ARGS })
      ),
    );
    for (const [i, readWay] of WAYS.entries()) {
      await t.step(`node-media-server to ${readWay}`, () => {
        const reading = valueOf(outcomes[i]!);
        assertEquals(complaintsOf(reading), [], "messages of the reader");
        const read = reading.frames;
        const comparison = {
          publishWay: "RTMP" as const,
          readWay,
          published,
          read,
        };
        const pictures = checkPictures(comparison);
        checkCodedVideo(comparison);
        const audio = checkAudio({ ...comparison, codec: "aac" });
        checkSync(pictures, audio);
      });
    }
  },
});
