import { join } from "node:path";
import { assert, assertEquals } from "#test/assert.ts";
import { clip } from "#test/clips.ts";
import {
  BARE_VIDEO_FILTERS,
  type FrameHash,
  parseFramemd5,
  readFrames,
} from "#test/framemd5.ts";
import { type RunningProcess, startProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { recordedFiles, seenByMediabunny } from "#test/recorded.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { startPublisher, waitUntilAvailable } from "./ffmpeg_peer.ts";

const PART_MS = 500;

/** Headers tell when the last picture is decoded, others when the last one has been shown. */
const MAX_REORDERING_MS = 250;

/** The part that is collected, and one that is on its way to a busy disk. */
const MAX_LOST_MS = 2 * PART_MS;

/** How often the server is killed; each time a little later. */
const KILLS = Number(Deno.env.get("RECORDING_KILLS") ?? "2");

const FORMATS = ["fmp4", "mpegts"] as const;

const VIDEO_ARGS = [
  ..."-map 0:v -c copy -bsf:v".split(" "),
  BARE_VIDEO_FILTERS.h264,
];

interopTest({
  name: "a killed server loses at most a part of its recordings",
  needs: ["ffmpeg"],
  fn: async () => {
    const published = await readFrames(await clip("short_groups"), {
      outputArgs: VIDEO_ARGS,
    });
    for (let i = 0; i < KILLS; i++) {
      const folder = await Deno.makeTempDir({ prefix: "weir_rec_" });
      try {
        await killOnce(folder, published.frames, i);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    }
  },
});

async function killOnce(
  folder: string,
  published: readonly FrameHash[],
  index: number,
): Promise<void> {
  const config = `
logLevel: debug
pathDefaults:
  record: yes
  recordSegmentDuration: 2s
  recordPartDuration: ${PART_MS}ms
  recordPath: ${folder}/%path/%Y-%m-%d_%H-%M-%S-%f
paths:
  fmp4:
  mpegts:
    recordFormat: mpegts
`;
  await using weir = await startWeir({ config });
  await using opened = new AsyncDisposableStack();
  const readers = await Promise.all(FORMATS.map(async (path) => {
    const publisher = opened.use(startPublisher(weir, {
      ...{ way: "RTSP/TCP", path },
      file: await clip("short_groups"),
    }));
    await waitUntilAvailable(weir, path);
    const reader = opened.use(startReader(weir, path));
    await publisher.waitForLine(timePattern(3 + 0.2 * (index % 10)));
    return reader;
  }));
  weir.kill("SIGKILL");
  const reached = await Promise.all(readers.map(async (reader) => {
    await reader.ended;
    return parseFramemd5(reader.stdout).length;
  }));
  await using repairing = await startWeir({ config });
  await repairing.waitForLog(/\[record cleaner\] \d+ files .* in order/);
  assertEquals(await repairing.stop(), 0);
  for (const [i, format] of FORMATS.entries()) {
    const files = await recordedFiles(join(folder, format));
    const recorded: FrameHash[] = [];
    for (const { path, durationMs } of files) {
      const { frames, messages } = await readFrames(path, {
        outputArgs: VIDEO_ARGS,
      });
      assertEquals(messages, [], path);
      recorded.push(...frames);
      if (format === "mpegts") continue;
      const seen = await seenByMediabunny(path);
      assertEquals(seen.types, ["video", "audio"]);
      const apartMs = Math.abs(seen.durationMs - durationMs);
      assert(apartMs < MAX_REORDERING_MS, `${apartMs} ms apart`);
    }
    assertEquals(
      recorded.map(({ hash }) => hash),
      published.slice(0, recorded.length).map(({ hash }) => hash),
    );
    const lostMs = (reached[i]! - recorded.length) * 40;
    assert(lostMs <= MAX_LOST_MS, `${format} has lost ${lostMs} ms`);
  }
}

function startReader(weir: WeirProcess, path: string): RunningProcess {
  return startProcess("ffmpeg", [
    ..."-nostdin -v error -rtsp_transport tcp -i".split(" "),
    weir.rtspUrl(path),
    ...VIDEO_ARGS,
    ..."-flush_packets 1 -f framemd5 -".split(" "),
  ]);
}

/** Fits when ffmpeg says that it has sent so much, or a little more. */
function timePattern(seconds: number): RegExp {
  const tenths = Math.round(seconds * 10);
  const whole = Math.floor(tenths / 10);
  return new RegExp(
    `^out_time=00:00:0(${whole}\\.[${tenths % 10}-9]|[${whole + 1}-9]\\.)`,
  );
}
