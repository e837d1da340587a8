import { join } from "node:path";
import { assert, assertEquals } from "#test/assert.ts";
import { clip } from "#test/clips.ts";
import { BARE_VIDEO_FILTERS, readFrames } from "#test/framemd5.ts";
import { startMonitoredWeir } from "#test/monitored_weir.ts";
import { freeTcpPort } from "#test/ports.ts";
import { type RunningProcess, runProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { startPublisher } from "./ffmpeg_peer.ts";

/** A key frame each second, six seconds. */
const CLIP = "short_groups";

/** Of the 150 pictures of the clip: a live playlist has no end at which the rest is told. */
const PICTURES = 120;

/** Segments of which the oldest one is in memory no more, of two tracks. */
const LEAST_FILES = 8;

const VARIANTS = ["mpegts", "fmp4", "lowLatency"] as const;

/** Only root may mount a small disk. */
const CAN_MOUNT = Deno.uid() === 0;

const WAIT_TIMEOUT_MS = 30_000;
const POLL_INTERVAL_MS = 50;

/** A server whose segments are in a folder. */
interface Scene extends AsyncDisposable {
  readonly weir: WeirProcess;
  readonly folder: string;
  readonly index: string;
  readonly config: string;
}

async function openScene(
  variant: typeof VARIANTS[number],
): Promise<Scene> {
  await using opened = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "weir_hls_" });
  opened.defer(() => Deno.remove(folder, { recursive: true }));
  const host = `127.0.0.1:${freeTcpPort()}`;
  const config = `
hls: yes
hlsAddress: ${host}
hlsAlwaysRemux: yes
hlsVariant: ${variant}
hlsSegmentCount: 60
hlsDirectory: ${folder}/segments
`;
  const weir = opened.use(await startWeir({ config }));
  await weir.waitForLog(/\[HLS\] started with listener/);
  const resources = opened.move();
  const index = `http://${host}/live/cam/index.m3u8`;
  return {
    ...{ weir, folder: join(folder, "segments"), index, config },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

interopTest({
  name: "segments in a folder: every variant is read, and nothing is left",
  needs: ["ffmpeg"],
  fn: async () => {
    await Promise.all(VARIANTS.map((variant) => checkVariant(variant)));
  },
});

async function checkVariant(variant: typeof VARIANTS[number]): Promise<void> {
  await using scene = await openScene(variant);
  const { weir, folder, index } = scene;
  await using publisher = await publish(weir, "live/cam");
  const ofPath = join(folder, "live/cam");
  await waitFor(
    "segments on the disk",
    async () => (await segmentsIn(ofPath)).length >= LEAST_FILES,
  );
  await checkPictures(index);
  const hasPlaylists = (await namesIn(ofPath)).includes("index.m3u8");
  assertEquals(hasPlaylists, variant !== "lowLatency");
  if (hasPlaylists) await checkPictures(join(ofPath, "index.m3u8"));
  const [oldest] = await segmentsIn(ofPath);
  await Deno.writeTextFile(join(ofPath, oldest!), "from the disk");
  assertEquals(await textOf(index, oldest!), "from the disk");
  await publisher[Symbol.asyncDispose]();
  if (variant === "lowLatency") {
    weir.kill("SIGKILL");
    await weir.stop();
    const left = (await namesIn(ofPath)).length;
    assert(left >= LEAST_FILES, `${left} files are left`);
    await using again = await startWeir({ config: scene.config });
    await again.waitForLog(
      /removed \d+ file\(s\) that an earlier run had left/,
    );
  } else assertEquals(await weir.stop(), 0);
  assertEquals(await namesIn(folder), [], variant);
}

interopTest({
  name: "segments in a folder of a full disk: the stream goes on from memory",
  needs: ["ffmpeg"],
  fn: async (t) => {
    await t.step({
      name: "on a disk of 256 KB",
      ignore: !CAN_MOUNT,
      fn: checkFullDisk,
    });
  },
});

async function checkFullDisk(): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "weir_hls_" });
  opened.defer(() => Deno.remove(folder, { recursive: true }));
  await mountSmallDisk(folder, opened);
  const host = `127.0.0.1:${freeTcpPort()}`;
  await using server = await startMonitoredWeir(`
hls: yes
hlsAddress: ${host}
hlsAlwaysRemux: yes
hlsSegmentCount: 60
hlsDirectory: ${folder}
`);
  const { weir } = server;
  await weir.waitForLog(/\[HLS\] started with listener/);
  await using _publisher = await publish(weir, "cam");
  await weir.waitForLog(
    /ERR \[HLS\] \[muxer cam\] Cannot write .*No space left.*stay in memory/,
  );
  await checkPictures(`http://${host}/cam/index.m3u8`);
  const [, count] =
    /weir_errors_total\{kind="hls"\} (\d+)/.exec(await server.scrape()) ?? [];
  assert(Number(count) >= 1, `${count}`);
  assertEquals(await weir.stop(), 0);
  assertEquals(await namesIn(folder), []);
}

/** Publishes the clip again and again. */
async function publish(
  weir: WeirProcess,
  path: string,
): Promise<RunningProcess> {
  return startPublisher(weir, {
    ...{ way: "RTMP", path, file: await clip(CLIP) },
    inputArgs: ["-stream_loop", "-1"],
  });
}

async function checkPictures(address: string): Promise<void> {
  const read = async (source: string, inputArgs: readonly string[]) => {
    const { frames } = await readFrames(source, {
      inputArgs,
      outputArgs: [
        ...["-map", "0:v", "-c", "copy", "-bsf:v", BARE_VIDEO_FILTERS.h264],
        ...["-frames:v", `${PICTURES}`],
      ],
    });
    return frames.map(({ hash }) => hash);
  };
  assertEquals(
    await read(address, ["-live_start_index", "0"]),
    await read(await clip(CLIP), []),
  );
}

async function namesIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.map(({ name }) => name);
}

/** The oldest first. */
async function segmentsIn(folder: string): Promise<string[]> {
  const numberOf = (name: string) => Number(/_seg(\d+)\./.exec(name)?.[1]);
  const names = await namesIn(folder).catch(() => []); // not made yet
  return names.filter((name) => numberOf(name) >= 0)
    .sort((a, b) => numberOf(a) - numberOf(b));
}

async function textOf(index: string, name: string): Promise<string> {
  const playlist = await fetch(index).then((answer) => answer.text());
  const [session] = /session=[0-9a-f-]+/.exec(playlist) ?? [];
  const url = new URL(`${name}?${session}`, index);
  const answer = await fetch(url);
  assertEquals(answer.status, 200, name);
  return await answer.text();
}

async function waitFor(
  what: string,
  isThere: () => Promise<boolean>,
): Promise<void> {
  const deadlineMs = performance.now() + WAIT_TIMEOUT_MS;
  while (!await isThere()) {
    assert(performance.now() < deadlineMs, `Cannot wait for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
}

/** A disk of 256 KB: the clip has three times as much. */
async function mountSmallDisk(
  folder: string,
  opened: AsyncDisposableStack,
): Promise<void> {
  const { code, stderr } = await runProcess("mount", [
    ..."-t tmpfs -o size=256k none".split(" "),
    folder,
  ]);
  assertEquals(code, 0, stderr);
  opened.defer(async () => {
    await runProcess("umount", ["--lazy", folder]);
  });
}
