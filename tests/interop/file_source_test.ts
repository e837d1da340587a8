import { join } from "node:path";
import { assert, assertEquals } from "#test/assert.ts";
import { CLIP_SECONDS } from "#test/clip_recipes.ts";
import { clip } from "#test/clips.ts";
import { runProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { openRawRtsp } from "#test/raw_rtsp.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { waitUntilAvailable } from "./ffmpeg_peer.ts";
import { checkLooped, looped } from "./looped_clip.ts";

/** Files that ffmpeg makes of one clip, and what with. */
const FILES = {
  "progressive.mp4": [],
  "fragmented.mp4": "-movflags +frag_keyframe+delay_moov+default_base_moof"
    .split(" "),
  "stream.ts": "-f mpegts".split(" "),
} as const;

async function withFolder(
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "weir_test_" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function remux(file: string, args: readonly string[]): Promise<void> {
  const { code, stderr } = await runProcess("ffmpeg", [
    ..."-nostdin -v error -i".split(" "),
    ...[await clip("bframes_aac"), "-c", "copy", ...args, file],
  ]);
  assertEquals([code, stderr], [0, ""]);
}

interopTest({
  name: "files are played again and again, without a gap, in sync",
  needs: ["ffmpeg"],
  fn: (t) =>
    withFolder(async (folder) => {
      const names = Object.keys(FILES) as (keyof typeof FILES)[];
      for (const name of names) await remux(join(folder, name), FILES[name]);
      const paths = names.map((name, i) =>
        `  clip${i}: {source: "file://${folder}/${name}"}\n`
      );
      await using server = await startWeir({
        config: `paths:\n${paths.join("")}`,
      });
      for (const i of names.keys()) {
        await waitUntilAvailable(server, `clip${i}`);
      }
      const ways = ["RTSP/TCP", "RTMP"] as const;
      const outcomes = await Promise.allSettled(
        names.flatMap((name, i) =>
          ways.map(async (way) =>
            await checkLooped(server, await looped(join(folder, name)), {
              way,
              path: `clip${i}`,
              seconds: CLIP_SECONDS + 5,
            })
          )
        ),
      );
      for (const [i, outcome] of outcomes.entries()) {
        const name = names[Math.floor(i / ways.length)];
        await t.step(`${name} over ${ways[i % ways.length]}`, () => {
          if (outcome.status === "rejected") throw outcome.reason;
        });
      }
      const faults = server.log.filter((line) => / (WAR|ERR) /.test(line));
      assertEquals(faults, []);
      assertEquals(await server.stop(), 0);
    }),
});

interopTest({
  name:
    "a file that is not there yet is played once it is, and one on demand while somebody reads",
  needs: ["ffmpeg"],
  fn: () =>
    withFolder(async (folder) => {
      await using server = await startWeir({
        config: `
paths:
  late: {source: "file://${folder}/late.mp4", sourceReconnectMin: 100ms, sourceReconnectMax: 100ms}
  "~^vod/(.+)$": {source: "file://${folder}/$G1", sourceOnDemand: yes, sourceOnDemandCloseAfter: 100ms, sourceOnDemandStartTimeout: 2s}
`,
      });
      await server.waitForLog(
        /\[path late\] \[file source\] Cannot read .*late\.mp4: .*; trying again until it works/,
      );
      const hidden = join(folder, "hidden.mp4");
      await remux(hidden, []);
      await Deno.rename(hidden, join(folder, "late.mp4"));
      await waitUntilAvailable(server, "late");
      assertEquals(await play(server, "vod/late.mp4"), 200);
      await server.waitForLog(
        /\[path vod\/late\.mp4\] \[file source\] stopped: not needed by anyone/,
      );
      const camcorder = "-c:a ac3 -f mpegts -mpegts_m2ts_mode 1".split(" ");
      await remux(join(folder, "camcorder.mts"), camcorder);
      assertEquals(await play(server, "vod/camcorder.mts"), 200);
      await server.waitForLog(/camcorder.*online, 2 tracks \(H264, AC3\)/);
      await Deno.writeTextFile(join(folder, "text.mp4"), "this is no clip");
      assert(await play(server, "vod/text.mp4") >= 400);
      await server.waitForLog(
        /Cannot play .*text\.mp4: it is neither MP4 nor MPEG-TS/,
      );
      assert(await play(server, "vod/../late.mp4") >= 400);
      assertEquals(await server.stop(), 0);
    }),
});

/** Status of the answer; media has come if it is 200. */
async function play(server: WeirProcess, path: string): Promise<number> {
  using reader = await openRawRtsp(server.rtspPort);
  const status = await reader.play(server.rtspUrl(path));
  if (status === 200) await reader.media(1);
  return status;
}
