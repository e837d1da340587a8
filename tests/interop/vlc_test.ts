import { join } from "node:path";
import { CLIP_FRAMES_PER_SECOND } from "#test/clip_recipes.ts";
import { clip } from "#test/clips.ts";
import { compareFrames, type FrameHash, readFrames } from "#test/framemd5.ts";
import { runProcess } from "#test/processes.ts";
import { interopTest, unprivilegedUser } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { valueOf } from "./check_frames.ts";
import { startPublisher, waitUntilAvailable, WAYS } from "./ffmpeg_peer.ts";

const READ_TIMEOUT_MS = 40_000;

/** VLC drops what it holds of the audio when the server ends the connection. */
const MIN_AUDIO_MS = 5_000;

/** VLC shows no picture whose time has passed when its window opens. */
const MAX_SKIPPED_PICTURES = CLIP_FRAMES_PER_SECOND;

const PICTURES_ARGS = "-map 0:v -c:v rawvideo".split(" ");

/** VLC as a player that writes what it shows and plays; it draws nothing over it and leaves out nothing. */
const PLAYER_ARGS = [
  ..."--intf=dummy --play-and-exit --no-osd --no-video-title-show".split(" "),
  ..."--no-drop-late-frames --no-skip-frames --no-avcodec-hurry-up".split(" "),
  ..."--vout=yuv --yuv-chroma=I420 --yuv-yuv4mpeg2 --aout=afile".split(" "),
];

interopTest({
  name: "VLC plays the pictures and the sound over RTMP, whoever publishes",
  needs: ["ffmpeg", "vlc"],
  fn: async (t) => {
    const file = await clip("bframes_aac");
    const { frames: published } = await readFrames(file, {
      outputArgs: PICTURES_ARGS,
    });
    await using weir = await startWeir();
    await using opened = new AsyncDisposableStack();
    const folder = await Deno.makeTempDir({ prefix: "weir_vlc_" });
    opened.defer(() => Deno.remove(folder, { recursive: true }));
    const { uid = null, gid = null } = unprivilegedUser();
    await Deno.chown(folder, uid, gid);
    const outcomes = await Promise.allSettled(WAYS.map(async (way, i) => {
      const path = `vlc/${i}`;
      await using _publisher = startPublisher(weir, { way, path, file });
      await waitUntilAvailable(weir, path);
      return await play(weir, path, folder, `${i}`);
    }));
    for (const [i, way] of WAYS.entries()) {
      await t.step(`${way} to VLC`, () => {
        const { shown, audioMs } = valueOf(outcomes[i]!);
        // A picture is shown again when the next one is late.
        const pictures = shown.filter(({ hash }, j) =>
          hash !== shown[j - 1]?.hash
        );
        // The times are VLC's own: it writes a file of constant rate.
        const run = compareFrames(published, pictures, {
          toleranceMs: Infinity,
        });
        const { firstFrame, frames } = run;
        assert(firstFrame <= MAX_SKIPPED_PICTURES, `begins at ${firstFrame}`);
        assertEquals(firstFrame + frames, published.length, "the last picture");
        assert(audioMs > MIN_AUDIO_MS, `only ${audioMs} ms of audio`);
      });
    }
  },
});

/** Plays a path to its end. */
async function play(
  weir: WeirProcess,
  path: string,
  folder: string,
  name: string,
): Promise<{ shown: readonly FrameHash[]; audioMs: number }> {
  const video = join(folder, `${name}.y4m`);
  const audio = join(folder, `${name}.wav`);
  const { code, stderr } = await runProcess("cvlc", [
    ...PLAYER_ARGS,
    ...[`--yuv-file=${video}`, `--audiofile-file=${audio}`],
    weir.rtmpUrl(path),
  ], {
    ...unprivilegedUser(),
    env: { HOME: folder },
    cwd: folder,
    timeoutMs: READ_TIMEOUT_MS,
  });
  if (code !== 0) throw new Error(`VLC ended with ${code}:\n${stderr}`);
  const [{ frames: shown }, { frames: samples }] = await Promise.all([
    readFrames(video, { outputArgs: PICTURES_ARGS }),
    readFrames(audio, { outputArgs: ["-map", "0:a", "-c", "copy"] }),
  ]);
  const last = samples.at(-1)!;
  return { shown, audioMs: last.ptsMs - samples[0]!.ptsMs };
}
