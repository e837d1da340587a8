import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type RunningProcess,
  runProcess,
  startProcess,
} from "#test/processes.ts";
import { cpuSeconds } from "#test/process_figures.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { median } from "./load/goals.ts";
import type { MediaCounter } from "./load/media_counter.ts";
import { openReader } from "./load/reader.ts";

/** Cameras of 4 Mbit/s. */
const PATHS = 20;
const FRAMES_PER_SECOND = 25;
const FRAME_BYTES = 20_000;
const GOP_FRAMES = 50;

const ROUNDS = 3;
const SETTLING_SECONDS = 3;
const MEASURED_SECONDS = 10;

/** Of a core, over what it costs to send each path to one reader. */
const GOAL = 0.1;

const PUBLISHER = fileURLToPath(
  new URL("./load/publisher.ts", import.meta.url),
);

/** What is done with the streams. */
const WORKS = ["nothing", "reading", "fmp4", "mpegts"] as const;
type Work = (typeof WORKS)[number];

/** What a work took of the machine. */
interface Run {
  readonly cores: number;
  /** To readers, or to the disk. */
  readonly mbps: number;
}

/** Measures what recording costs beside reading, in turns: the server and its publishers are the same all the time. */
async function main(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "weir_bench_" });
  await using opened = new AsyncDisposableStack();
  opened.defer(() => Deno.remove(folder, { recursive: true }));
  const weir = opened.use(
    await startWeir({ config: configOf(folder, "nothing") }),
  );
  for (let i = 0; i < PATHS; i++) opened.use(await publish(weir, i));
  const runs = new Map<Work, Run[]>(WORKS.map((work) => [work, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const work of WORKS) {
      runs.get(work)!.push(await measure(weir, folder, work));
    }
  }
  const of = (work: Work) => median(runs.get(work)!.map(({ cores }) => cores));
  const rows = WORKS.map((work) => {
    const over = (of(work) - of("reading")).toFixed(3);
    const mbps = median(runs.get(work)!.map((run) => run.mbps)).toFixed(1);
    return `${work.padEnd(8)} ${
      of(work).toFixed(3)
    } core, ${over} over reading, ${mbps} Mbit/s`;
  });
  const isMet = ["fmp4", "mpegts"].every((work) =>
    of(work as Work) - of("reading") <= GOAL
  );
  print([
    `${PATHS} paths, ${
      FRAMES_PER_SECOND * FRAME_BYTES * 8 / 1e6
    } Mbit/s each, RTSP over TCP; medians of ${ROUNDS} rounds`,
    ...rows,
    `at most ${GOAL} core over reading: ${isMet ? "met" : "MISSED"}`,
  ]);
}

function configOf(folder: string, work: Work): string {
  const isRecorded = work === "fmp4" || work === "mpegts";
  return `
logLevel: debug
pathDefaults:
  record: ${isRecorded}
  recordFormat: ${isRecorded ? work : "fmp4"}
  recordPath: ${join(folder, "%path/%s-%f")}
`;
}

async function publish(weir: WeirProcess, i: number): Promise<RunningProcess> {
  const numbers = [FRAMES_PER_SECOND, FRAME_BYTES, GOP_FRAMES].map(String);
  const publisher = startProcess(Deno.execPath(), [
    ..."run --quiet --no-check --allow-net".split(" "),
    ...[PUBLISHER, weir.rtspUrl(`cam/${i}`), ...numbers],
  ]);
  await publisher.waitForLine(/^publishing$/);
  return publisher;
}

/** Keeps the server at a work, and looks at what it takes and moves. */
async function measure(
  weir: WeirProcess,
  folder: string,
  work: Work,
): Promise<Run> {
  await weir.rewriteConfig(configOf(folder, work));
  using readers = new DisposableStack();
  const counters: MediaCounter[] = [];
  for (let i = 0; work === "reading" && i < PATHS; i++) {
    const url = weir.rtspUrl(`cam/${i}`);
    const reader = readers.use(
      await openReader({
        ...{ protocol: "rtsp-tcp", url },
        framesPerSecond: FRAMES_PER_SECOND,
      }),
    );
    reader.ended.catch(() => {}); // closed at the end of the work
    counters.push(reader.counter);
  }
  const movedBytes = async () =>
    await sizeBytes(folder) +
    counters.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0);
  await seconds(SETTLING_SECONDS);
  const before = {
    cpuSeconds: await cpuSeconds(weir.pid),
    bytes: await movedBytes(),
    atMs: performance.now(),
  };
  await seconds(MEASURED_SECONDS);
  const lastedSeconds = (performance.now() - before.atMs) / 1_000;
  return {
    cores: (await cpuSeconds(weir.pid) - before.cpuSeconds) / lastedSeconds,
    mbps: (await movedBytes() - before.bytes) * 8 / 1e6 / lastedSeconds,
  };
}

async function sizeBytes(folder: string): Promise<number> {
  return parseInt((await runProcess("du", ["-sb", folder])).stdout);
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1_000));
}

function print(lines: readonly string[]): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${lines.join("\n")}\n`));
}

await main();
