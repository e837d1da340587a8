import { clip } from "#test/clips.ts";
import { type FrameHash, readFrames } from "#test/framemd5.ts";
import { freeTcpPort } from "#test/ports.ts";
import { interopTest } from "#test/programs.ts";
import { startWeir } from "#test/weir_process.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { startPublisher } from "./ffmpeg_peer.ts";

const VARIANTS = ["mpegts", "fmp4", "lowLatency"] as const;

/** Of the 150 pictures and 282 frames of sound of the clip: a live playlist has no end at which a decoder gives its last. */
const PICTURES = 120;
const SOUND_FRAMES = 200;

for (const variant of VARIANTS) {
  interopTest({
    name:
      `HLS ${variant}: ffmpeg reads every picture and all sound as published`,
    needs: ["ffmpeg"],
    fn: async () => {
      const file = await clip("bframes_aac");
      const args = "-map 0:v -map 0:a -c:v rawvideo -c:a copy".split(" ");
      const { frames: published } = await readFrames(file, {
        outputArgs: args,
      });
      const port = freeTcpPort();
      await using weir = await startWeir({
        config: `
hls: yes
hlsAddress: 127.0.0.1:${port}
hlsAlwaysRemux: yes
hlsVariant: ${variant}
hlsSegmentCount: 20
hlsSegmentDuration: 500ms
`,
      });
      await weir.waitForLog(/\[HLS\] started with listener/);
      await using _publisher = startPublisher(weir, {
        way: "RTMP",
        path: "cam",
        file,
      });
      await weir.waitForLog(/\[muxer cam\] is converting into HLS, 2 tracks/);
      const url = `http://127.0.0.1:${port}/cam/index.m3u8`;
      const { frames: read } = await readFrames(url, {
        inputArgs: ["-live_start_index", "0"],
        outputArgs: [
          ...args,
          ...variant === "mpegts" ? ["-bsf:a", "aac_adtstoasc"] : [],
          ...["-frames:v", `${PICTURES}`, "-frames:a", `${SOUND_FRAMES}`],
        ],
        timeoutMs: 60_000,
      });
      assertEquals(
        hashesOf(read, 0),
        hashesOf(published, 0).slice(0, PICTURES),
      );
      const sound = hashesOf(published, 1);
      const soundRead = hashesOf(read, 1);
      const skipped = sound.indexOf(soundRead[0]!);
      assert(skipped >= 0 && skipped <= 2, `${skipped} frames are missing`);
      assertEquals(
        soundRead,
        sound.slice(skipped, skipped + soundRead.length),
      );
      assertEquals(soundRead.length, SOUND_FRAMES);
    },
  });
}

function hashesOf(frames: readonly FrameHash[], stream: number): string[] {
  return frames.filter(({ streamIndex }) => streamIndex === stream)
    .map(({ hash }) => hash);
}
