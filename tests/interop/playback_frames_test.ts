import { join } from "node:path";
import {
  ALL_FORMATS,
  BufferSource,
  EncodedPacketSink,
  Input,
} from "mediabunny";
import { parseWallTime, wallTimeText } from "#base/wall_time.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { clip } from "#test/clips.ts";
import {
  BARE_VIDEO_FILTERS,
  compareFrames,
  readFrames,
} from "#test/framemd5.ts";
import { freeTcpPort } from "#test/ports.ts";
import { runProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { startWeir } from "#test/weir_process.ts";
import { startPublisher } from "./ffmpeg_peer.ts";

/** Timestamps of FLV are whole milliseconds; those of files begin at a tick of their track's. */
const TOLERANCE_MS = 2;

/** A key frame each second: four segments at least. */
const CLIP = "short_groups";
const CLIP_SECONDS = 6;

const WANTED_SECONDS = 2.5;

/** Pictures are chosen by when they are decoded: they are shown a few pictures later. */
const MAX_REORDER_SECONDS = 0.3;

/** Frames of sound that wait for their successor when the publisher goes. */
const HELD_FRAMES = 2;

const TRACKS = [
  {
    args: ["-map", "0:v", "-c", "copy", "-bsf:v", BARE_VIDEO_FILTERS.h264],
    heldFrames: 0,
  },
  { args: ["-map", "0:a", "-c", "copy"], heldFrames: HELD_FRAMES },
];

/** What `/list` answers. */
interface ListEntry {
  readonly start: string;
  readonly duration: number;
  readonly url: string;
}

/** How long what was published may take to be on the disk. */
const WRITING_TIMEOUT_MS = 20_000;
const POLL_INTERVAL_MS = 50;

/** A server that records, and its playback service. */
interface Scene extends AsyncDisposable {
  readonly origin: string;
  /** Publishes the clip, waits until all of it is on the disk, and answers what there is. */
  record(): Promise<readonly ListEntry[]>;
}

async function openScene(): Promise<Scene> {
  const folder = await Deno.makeTempDir({ prefix: "weir_play_" });
  const address = `127.0.0.1:${freeTcpPort()}`;
  await using opened = new AsyncDisposableStack();
  opened.defer(() => Deno.remove(folder, { recursive: true }));
  const weir = opened.use(
    await startWeir({
      config: `
playback: yes
playbackAddress: ${address}
pathDefaults:
  record: yes
  recordSegmentDuration: 1s
  recordPartDuration: 300ms
  recordPath: ${join(folder, "%path/%Y-%m-%d_%H-%M-%S-%f")}
`,
    }),
  );
  await weir.waitForLog(/\[playback\] started with listener/);
  const origin = `http://${address}`;
  const resources = opened.move();
  const file = await clip(CLIP);
  let count = 0;
  return {
    origin,
    async record(): Promise<readonly ListEntry[]> {
      await using publisher = startPublisher(weir, {
        ...{ way: "RTMP", path: "cam", file },
      });
      assertEquals((await publisher.ended).code, 0, publisher.stderr);
      count++;
      const deadlineMs = performance.now() + WRITING_TIMEOUT_MS;
      for (;;) {
        const entries = await listOf(origin);
        const last = entries.at(-1);
        const isWhole = last !== undefined && entries.length === count &&
          last.duration >= CLIP_SECONDS - 0.05;
        if (isWhole) return entries;
        assert(performance.now() < deadlineMs, JSON.stringify(entries));
        await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
      }
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function listOf(origin: string): Promise<ListEntry[]> {
  const answer = await fetch(`${origin}/list?path=cam`);
  const entries = await answer.json();
  return answer.ok ? entries : [];
}

/** Checks that an address has all frames of the clip. */
async function checkFrames(url: string): Promise<void> {
  const source = await clip(CLIP);
  for (const { args, heldFrames } of TRACKS) {
    const sent = await readFrames(source, { outputArgs: args });
    const got = await readFrames(url, { outputArgs: args });
    const run = compareFrames(sent.frames, got.frames, {
      toleranceMs: TOLERANCE_MS,
    });
    assertEquals(run.firstFrame, 0, url);
    const lost = sent.frames.length - run.frames;
    assert(lost <= heldFrames, `${url}: ${lost} frames are missing`);
  }
}

/** When the last packet of a film ends, and when its first picture is shown. */
async function probe(
  url: string,
): Promise<{ readonly seconds: number; readonly firstSeconds: number }> {
  const result = await runProcess("ffprobe", [
    ..."-v error -of csv=p=0 -show_entries".split(" "),
    "packet=codec_type,pts_time,duration_time,flags",
    url,
  ]);
  let seconds = 0;
  let firstSeconds = Infinity;
  for (const line of result.stdout.trim().split("\n")) {
    const [type, pts, duration, flags] = line.split(",");
    // What is decoded at once lasts for nothing, which is printed as not known.
    const lasts = duration === "N/A" ? 0 : Number(duration);
    seconds = Math.max(seconds, Number(pts) + lasts);
    const isShown = type === "video" && !flags!.includes("D");
    if (isShown) firstSeconds = Math.min(firstSeconds, Number(pts));
  }
  return { seconds, firstSeconds };
}

interopTest({
  name: "ffmpeg reads joined segments",
  needs: ["ffmpeg", "ffprobe"],
  fn: async (t) => {
    await using scene = await openScene();
    const [entry] = await scene.record();
    const { start, url } = entry!;
    const query = new URLSearchParams({ start });
    const addresses = {
      "a film with fragments": url,
      "a film": `${url}&format=mp4`,
      "a playlist": `${scene.origin}/hls/cam/index.m3u8?${query}`,
    };
    for (const [name, address] of Object.entries(addresses)) {
      await t.step(`every frame of ${name}`, () => checkFrames(address));
    }
    for (const format of ["fmp4", "mp4"]) {
      await t.step(`as long as was asked for, as ${format}`, async () => {
        for (const fromSeconds of [0.5, 2.25]) {
          const startUs = parseWallTime(start)! + fromSeconds * 1e6;
          const query = {
            ...{ path: "cam", format, duration: `${WANTED_SECONDS}` },
            start: wallTimeText(startUs),
          };
          const { seconds, firstSeconds } = await probe(
            `${scene.origin}/get?${new URLSearchParams(query)}`,
          );
          const what = `${seconds} s from ${fromSeconds} s on`;
          const overSeconds = seconds - WANTED_SECONDS;
          assert(Math.abs(overSeconds) <= MAX_REORDER_SECONDS, what);
          assert(firstSeconds < MAX_REORDER_SECONDS, what);
        }
      });
    }
  },
});

interopTest({
  name: "mediabunny reads a film from its middle",
  needs: ["ffmpeg"],
  fn: async () => {
    await using scene = await openScene();
    const [entry] = await scene.record();
    const startUs = parseWallTime(entry!.start)! + 1.5e6;
    for (const format of ["fmp4", "mp4"]) {
      const query = {
        ...{ path: "cam", format, duration: `${WANTED_SECONDS}` },
        start: wallTimeText(startUs),
      };
      const answer = await fetch(
        `${scene.origin}/get?${new URLSearchParams(query)}`,
      );
      const source = new BufferSource(await answer.arrayBuffer());
      using input = new Input({ formats: ALL_FORMATS, source });
      const tracks = await input.getTracks();
      assertEquals(tracks.map(({ codec }) => codec), ["avc", "aac"]);
      for (const track of tracks) {
        const sink = new EncodedPacketSink(track);
        const packets = await Array.fromAsync(sink.packets());
        assertEquals(packets[0]!.type, "key");
        const last = packets.at(-1)!;
        const overSeconds = last.timestamp + last.duration - WANTED_SECONDS;
        assert(Math.abs(overSeconds) <= MAX_REORDER_SECONDS, `${overSeconds}`);
      }
    }
  },
});

interopTest({
  name: "ffmpeg reads two recordings as one where gaps are skipped",
  needs: ["ffmpeg", "ffprobe"],
  fn: async () => {
    await using scene = await openScene();
    await scene.record();
    const [first, second] = await scene.record();
    const { start } = first!;
    const get = async (gaps: string) => {
      const query = { path: "cam", start, duration: "1h", gaps };
      return await probe(`${scene.origin}/get?${new URLSearchParams(query)}`);
    };
    const stopping = await get("stop");
    assert(Math.abs(stopping.seconds - first!.duration) < 0.2, "stop");
    const skipping = await get("skip");
    const seconds = first!.duration + second!.duration;
    assert(Math.abs(skipping.seconds - seconds) < 0.2, `${skipping.seconds} s`);
    const query = new URLSearchParams({ start });
    const playlist = await fetch(
      `${scene.origin}/hls/cam/index.m3u8?${query}`,
    ).then((answer) => answer.text());
    assertEquals(playlist.match(/^#EXT-X-DISCONTINUITY$/gm)?.length, 1);
  },
});
