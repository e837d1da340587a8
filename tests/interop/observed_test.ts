import { assert, assertEquals } from "#test/assert.ts";
import { startBystanders } from "#test/bystanders.ts";
import { startMonitoredWeir } from "#test/monitored_weir.ts";
import { freeTcpPort } from "#test/ports.ts";

/** Sessions that are listed and scraped. */
const SESSIONS = 1_000;

/** Whose frames are timed. */
const TIMED_READERS = 50;

const MAX_LIST_MS = 20;
const MAX_SCRAPE_MS = 50;
const MAX_P99_MS = 10;

/** Another program may get in between: the best of so many rounds counts. */
const ROUNDS = 4;

/** Lists and scrapes of a round, a third of a second apart. */
const QUESTIONS = 5;
const FRAMES_BETWEEN = 10;
const POLL_INTERVAL_MS = 20;

/** What is timed: 720 kbit/s. */
const STREAM = { framesPerSecond: 30, frameBytes: 3_000, gopFrames: 30 };

/** Hardly anything to send: what is measured is the looking. */
const SLOW_STREAM = { framesPerSecond: 2, frameBytes: 200, gopFrames: 2 };

Deno.test("a thousand sessions are listed and scraped while media flows on in time", async () => {
  const api = `127.0.0.1:${freeTcpPort()}`;
  await using server = await startMonitoredWeir(
    `api: yes\napiAddress: ${api}\n`,
  );
  const { weir } = server;
  await weir.waitForLog(/\[API\] started with listener/);
  await using _crowd = await startBystanders(weir, {
    path: "crowd/cam",
    publisher: "rtmp",
    readers: { rtmp: SESSIONS - 1 },
    stream: SLOW_STREAM,
  });
  await using timed = await startBystanders(weir, {
    path: "timed/cam",
    publisher: "rtsp",
    readers: { "rtsp-tcp": TIMED_READERS },
    stream: STREAM,
    isSampled: true,
  });
  const list = async () => {
    const url = `http://${api}/v3/rtmpconns/list?itemsPerPage=${SESSIONS}`;
    const { items } = await (await fetch(url)).json();
    assertEquals(items.length, SESSIONS);
  };
  const scrape = async () => {
    const lines = (await server.scrape()).match(/^rtmp_conns\{/gm);
    assertEquals(lines?.length, SESSIONS);
  };
  const delaysUs: number[] = [];
  const look = async () => {
    const [snapshot] = [...(await timed.snapshots()).values()];
    delaysUs.push(...snapshot!.delaysUs);
    return snapshot!.payloadBytes;
  };
  const flow = async () => {
    const bytes = FRAMES_BETWEEN * TIMED_READERS * STREAM.frameBytes;
    const untilBytes = await look() + bytes;
    while (await look() < untilBytes) {
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
    }
  };
  const rounds: Record<"listMs" | "scrapeMs" | "p99Ms", number>[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    await flow();
    delaysUs.length = 0;
    const listMs = await medianMs(list, flow);
    const scrapeMs = await medianMs(scrape, flow);
    rounds.push({ listMs, scrapeMs, p99Ms: percentile(delaysUs, 99) / 1_000 });
  }
  await timed.assertUnharmed();
  const shown = JSON.stringify(rounds);
  const best = (key: "listMs" | "scrapeMs" | "p99Ms") =>
    Math.min(...rounds.map((round) => round[key]));
  assert(best("listMs") <= MAX_LIST_MS, shown);
  assert(best("scrapeMs") <= MAX_SCRAPE_MS, shown);
  assert(best("p99Ms") <= MAX_P99_MS, shown);
});

/** How long an answer usually takes. */
async function medianMs(
  ask: () => Promise<void>,
  pause: () => Promise<void>,
): Promise<number> {
  const times = [];
  for (let i = 0; i < QUESTIONS; i++) {
    const startMs = performance.now();
    await ask();
    times.push(performance.now() - startMs);
    await pause();
  }
  return percentile(times, 50);
}

function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * percent / 100)]!;
}
