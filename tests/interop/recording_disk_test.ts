import { join } from "node:path";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { clip } from "#test/clips.ts";
import {
  BARE_VIDEO_FILTERS,
  compareFrames,
  type FrameHash,
  readFrames,
} from "#test/framemd5.ts";
import { startMonitoredWeir } from "#test/monitored_weir.ts";
import { runProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { recordedFiles, recordedFrames } from "#test/recorded.ts";
import type { WeirProcess } from "#test/weir_process.ts";
import { readPath, startPublisher, waitUntilAvailable } from "./ffmpeg_peer.ts";

const VIDEO_ARGS = [
  ..."-map 0:v -c copy -bsf:v".split(" "),
  BARE_VIDEO_FILTERS.h264,
];

/** Names of files that may be made while the test runs, one a second. */
const FIFO_SECONDS = 120;

/** Only root may mount a small disk. */
const CAN_MOUNT = Deno.uid() === 0;

interopTest({
  name: "a disk that fails stops the recording, the stream goes on",
  needs: ["ffmpeg"],
  fn: async (t) => {
    await using opened = new AsyncDisposableStack();
    const folder = await Deno.makeTempDir({ prefix: "weir_rec_" });
    opened.defer(() => Deno.remove(folder, { recursive: true }));
    if (CAN_MOUNT) await mountSmallDisk(join(folder, "full"), opened);
    await Deno.writeTextFile(join(folder, "file"), "in the way");
    await makeFifos(join(folder, "hanging"));
    await using server = await startMonitoredWeir(`
pathDefaults:
  record: yes
  recordPartDuration: 200ms
paths:
  full:
    recordPath: ${folder}/full/%path-%s-%f
  in-the-way:
    recordPath: ${folder}/file/%path-%s-%f
  hanging:
    recordPath: ${folder}/hanging/%path-%s
  good:
    recordPath: ${folder}/good/%path-%s-%f
`);
    const { weir } = server;
    const published = await readFrames(await clip("short_groups"), {
      outputArgs: VIDEO_ARGS,
    });
    const paths = ["in-the-way", "hanging", "good"];
    if (CAN_MOUNT) paths.push("full");
    const readings = await Promise.all(
      paths.map((path) => publishAndRead(weir, path)),
    );
    for (const [i, path] of paths.entries()) {
      await t.step(`whoever reads ${path} has every picture`, () => {
        const hashes = (frames: readonly FrameHash[]) =>
          frames.map(({ hash }) => hash);
        assertEquals(hashes(readings[i]!.frames), hashes(published.frames));
      });
    }
    await t.step("a folder that cannot be made is named", async () => {
      await weir.waitForLog(
        /ERR \[path in-the-way\] \[recorder\] Cannot make .*\/file\/in-the-way/,
      );
    });
    await t.step("a disk that hangs is given up", async () => {
      await weir.waitForLog(
        /ERR \[path hanging\] \[recorder\] the disk (hangs|is too slow)/,
      );
    });
    await t.step({
      name: "a full disk is named, and keeps what fits",
      ignore: !CAN_MOUNT,
      fn: async () => {
        await weir.waitForLog(
          /ERR \[path full\] \[recorder\] Cannot write .*No space left/,
        );
        const files = await recordedFiles(join(folder, "full"));
        const frames = await recordedFrames(
          files.slice(0, 1),
          () => VIDEO_ARGS,
        );
        const run = compareFrames(published.frames, frames, {
          toleranceMs: 2,
        });
        assert(run.firstFrame === 0 && run.frames >= 10, `${run.frames}`);
      },
    });
    await t.step("the disk that works has everything", async () => {
      const files = await recordedFiles(join(folder, "good"));
      assertEquals(files.length, 1);
      const frames = await recordedFrames(files, () => VIDEO_ARGS);
      assertEquals(frames.length, 150);
    });
    await t.step("failures are counted", async () => {
      const [, count] = /weir_errors_total\{kind="recording"\} (\d+)/.exec(
        await server.scrape(),
      ) ?? [];
      assert(Number(count) >= paths.length - 1, `${count}`);
    });
    await t.step("the server ends though the disk hangs, soon", async () => {
      assertEquals(await weir.stop(), 0);
      const log = weir.log.join("\n");
      assertIncludes(log, "the disk hangs: files are left as they are");
      // What the server says when it does not wait any longer for what is under way.
      assertEquals(log.includes("did not end in time"), false);
    });
  },
});

async function publishAndRead(weir: WeirProcess, path: string) {
  await using _publisher = startPublisher(weir, {
    ...{ way: "RTSP/TCP", path },
    file: await clip("short_groups"),
  });
  await waitUntilAvailable(weir, path);
  return await readPath(weir, {
    ...{ way: "RTSP/TCP", path },
    outputArgs: VIDEO_ARGS,
  });
}

/** A disk of 256 KB: the clip has three times as much. */
async function mountSmallDisk(
  folder: string,
  opened: AsyncDisposableStack,
): Promise<void> {
  await Deno.mkdir(folder);
  const { code, stderr } = await runProcess("mount", [
    ..."-t tmpfs -o size=256k none".split(" "),
    folder,
  ]);
  assertEquals(code, 0, stderr);
  opened.defer(async () => {
    await runProcess("umount", ["--lazy", folder]);
  });
}

/** Whoever opens one of these to write waits for somebody to read it, for ever. */
async function makeFifos(folder: string): Promise<void> {
  await Deno.mkdir(folder);
  const nowSeconds = Math.floor(Date.now() / 1_000);
  const names = Array.from(
    { length: FIFO_SECONDS },
    (_, i) => join(folder, `hanging-${nowSeconds + i}.mp4`),
  );
  const { code, stderr } = await runProcess("mkfifo", names);
  assertEquals(code, 0, stderr);
}
