import { parseArgs } from "node:util";
import type { CodecName } from "./load/codecs/load_codec.ts";
import { LOAD_CODECS } from "./load/codecs/load_codecs.ts";
import {
  type BenchResult,
  evaluateGoals,
  find,
  type LateJoins,
  type LeftOut,
  median,
} from "./load/goals.ts";
import {
  type Combination,
  type Figures,
  type Load,
  measureLateJoins,
  measureLoad,
} from "./load/measure.ts";
import type { LoadProtocol } from "./load/reader.ts";
import { type ServerName, SERVERS } from "./load/servers.ts";
import { formatGoals, formatResult } from "./load/table.ts";

const USAGE = `Measures our server and the peers that are installed, in turns.

  --protocols LIST  of rtsp-tcp, rtsp-udp, rtmp (all)
  --codecs LIST     of h264, h265, av1 (h264)
  --servers LIST    of weir, mediamtx, nginx-rtmp, node-media-server (all)
  --rounds N        runs of each server and protocol (2)
  --seconds N       measured time of a run (10)
  --warmup N        seconds before it, readers connected (3)
  --readers N       readers of a run (200)
  --joins N         late joiners of each of them, 0 for none (3)
  --json FILE       writes the result there, too

WEIR_BIN names an executable to measure instead of main.ts, MEDIAMTX_BIN one of
MediaMTX. Figures are medians over the rounds; lost and ended are sums. Servers
that do not carry a codec are compared by their figures for h264, so name it, too.
`;

const PROTOCOLS: readonly LoadProtocol[] = ["rtsp-tcp", "rtsp-udp", "rtmp"];

/** The reference load: 30 frames of 20 KB each second. */
const FRAMES_PER_SECOND = 30;
const FRAME_BYTES = 20_000;

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      protocols: { type: "string", default: PROTOCOLS.join(",") },
      codecs: { type: "string", default: "h264" },
      servers: { type: "string", default: Object.keys(SERVERS).join(",") },
      rounds: { type: "string", default: "2" },
      seconds: { type: "string", default: "10" },
      warmup: { type: "string", default: "3" },
      readers: { type: "string", default: "200" },
      joins: { type: "string", default: "3" },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return print(USAGE);
  const load: Load = {
    readers: Number(values.readers),
    framesPerSecond: FRAMES_PER_SECOND,
    frameBytes: FRAME_BYTES,
    warmUpSeconds: Number(values.warmup),
    measuredSeconds: Number(values.seconds),
  };
  const { all, leftOut } = combinations(
    values.protocols.split(",") as LoadProtocol[],
    values.codecs.split(",") as CodecName[],
    availableServers(values.servers.split(",") as ServerName[]),
  );
  const rounds = await measureRounds(all, load, Number(values.rounds));
  const lateJoins = await measureJoins(all, load, Number(values.joins));
  const result = { figures: summarize(all, rounds), lateJoins, leftOut };
  const goals = evaluateGoals(result);
  print(`\n${formatResult(result)}\n`);
  if (goals.length > 0) print(`\n${formatGoals(goals)}\n`);
  if (values.json !== undefined) {
    const json = { load, ...result, goals, rounds };
    await Deno.writeTextFile(values.json, JSON.stringify(json, null, 2));
  }
}

function availableServers(names: readonly ServerName[]): ServerName[] {
  return names.filter((server) => {
    if (SERVERS[server] === undefined) throw new Error(`No server ${server}`);
    const isAvailable = SERVERS[server].isAvailable();
    if (!isAvailable) print(`${server} is not there\n`);
    return isAvailable;
  });
}

function combinations(
  protocols: readonly LoadProtocol[],
  codecs: readonly CodecName[],
  servers: readonly ServerName[],
): { all: Combination[]; leftOut: LeftOut[] } {
  const all: Combination[] = [];
  const leftOut: LeftOut[] = [];
  for (const protocol of protocols) {
    for (const codec of codecs) {
      if (LOAD_CODECS[codec] === undefined) {
        throw new Error(`No codec ${codec}`);
      }
      for (const server of servers) {
        if (!SERVERS[server].protocols.includes(protocol)) continue;
        const reason = SERVERS[server].leftOut?.[codec];
        if (reason === undefined) all.push({ server, protocol, codec });
        else leftOut.push({ server, protocol, codec, reason });
      }
    }
  }
  return { all, leftOut };
}

/** Every server and codec in turn, and that again, so that a change of the machine meets all. */
async function measureRounds(
  all: readonly Combination[],
  load: Load,
  rounds: number,
): Promise<Figures[]> {
  const figures: Figures[] = [];
  for (const protocol of new Set(all.map((one) => one.protocol))) {
    const inTurn = all.filter((one) => one.protocol === protocol);
    for (let round = 1; round <= rounds; round++) {
      for (const combination of inTurn) {
        const measured = await measureLoad(combination, load);
        figures.push(measured);
        print(
          `${nameOf(combination)} ${round}/${rounds}: ` +
            `${measured.coreSecondsPerGbit.toFixed(4)} core/Gbit\n`,
        );
      }
    }
  }
  return figures;
}

async function measureJoins(
  all: readonly Combination[],
  load: Load,
  joins: number,
): Promise<LateJoins[]> {
  if (joins === 0) return [];
  const lateJoins: LateJoins[] = [];
  for (const combination of all) {
    const waitsMs = await measureLateJoins(combination, { load, joins });
    lateJoins.push({ ...combination, waitsMs });
    const list = waitsMs.map((ms) => ms.toFixed(0)).join(", ");
    print(`${nameOf(combination)} late joins: ${list} ms\n`);
  }
  return lateJoins;
}

function summarize(
  all: readonly Combination[],
  rounds: readonly Figures[],
): BenchResult["figures"] {
  return all.map((combination) => {
    const own = rounds.filter((one) => find([one], combination) !== undefined);
    const middle = (key: keyof Omit<Figures, keyof Combination>): number =>
      median(own.map((one) => one[key]));
    const sum = (key: "lost" | "ended"): number =>
      own.reduce((total, one) => total + one[key], 0);
    return {
      ...combination,
      readers: middle("readers"),
      deliveredGbps: middle("deliveredGbps"),
      coreSecondsPerGbit: middle("coreSecondsPerGbit"),
      latencyP50Ms: middle("latencyP50Ms"),
      latencyP99Ms: middle("latencyP99Ms"),
      idleRssMb: middle("idleRssMb"),
      loadedRssMb: middle("loadedRssMb"),
      lost: sum("lost"),
      ended: sum("ended"),
      startMs: middle("startMs"),
    };
  });
}

function nameOf({ protocol, codec, server }: Combination): string {
  return `${protocol} ${codec} ${server}`;
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

await main(Deno.args);
