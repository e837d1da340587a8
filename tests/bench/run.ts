import { parseArgs } from "node:util";
import type { CodecName } from "./load/codecs/load_codec.ts";
import { evaluateGoals } from "./load/goals.ts";
import { HLS_ROWS, type HlsRow } from "./load/hls_files.ts";
import type { HlsLoad } from "./load/hls_measure.ts";
import { measureHlsRounds } from "./load/hls_rounds.ts";
import type { Load } from "./load/measure.ts";
import {
  combinations,
  measureJoins,
  measureRounds,
  summarize,
} from "./load/rounds.ts";
import { type ServerName, SERVERS } from "./load/servers.ts";
import { formatGoals, formatHls, formatResult } from "./load/table.ts";

const USAGE = `Measures our server and the peers that are installed, in turns.

  --rows LIST       of rtsp-tcp, rtsp-udp, rtmp, http-flv, ll-hls-120kb,
                    ll-hls-2kb (all)
  --codecs LIST     of h264, h265, av1 (h264); HLS is of h264 alone
  --servers LIST    of weir, mediamtx, nginx-rtmp, nginx-static,
                    node-media-server (all)
  --rounds N        runs of each server and row (2)
  --seconds N       measured time of a run, of HLS for each number of viewers (10)
  --warmup N        seconds before it, readers connected (3)
  --readers N       readers of a run (200)
  --joins N         late joiners of each of them, 0 for none (3)
  --viewers LIST    viewers of HLS, more than one (100,200)
  --hints           viewers of HLS ask for parts before they are there
  --json FILE       writes the result there, too

WEIR_BIN names an executable to measure instead of main.ts, MEDIAMTX_BIN one of
MediaMTX. Figures are medians over the rounds; lost, errors and ended are sums.
Servers that do not carry a codec are compared by their figures for h264, so name
it, too.
`;

const STREAM_ROWS = ["rtsp-tcp", "rtsp-udp", "rtmp", "http-flv"] as const;
const ROWS: readonly string[] = [...STREAM_ROWS, ...Object.keys(HLS_ROWS)];

/** The reference load: 30 frames of 20 KB each second. */
const FRAMES_PER_SECOND = 30;
const FRAME_BYTES = 20_000;

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      rows: { type: "string", default: ROWS.join(",") },
      codecs: { type: "string", default: "h264" },
      servers: { type: "string", default: Object.keys(SERVERS).join(",") },
      rounds: { type: "string", default: "2" },
      seconds: { type: "string", default: "10" },
      warmup: { type: "string", default: "3" },
      readers: { type: "string", default: "200" },
      joins: { type: "string", default: "3" },
      viewers: { type: "string", default: "100,200" },
      hints: { type: "boolean", default: false },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return print(USAGE);
  const rows = values.rows.split(",");
  const servers = availableServers(values.servers.split(",") as ServerName[]);
  const rounds = Number(values.rounds);
  const times = {
    warmUpSeconds: Number(values.warmup),
    measuredSeconds: Number(values.seconds),
  };
  const load: Load = {
    ...times,
    readers: Number(values.readers),
    framesPerSecond: FRAMES_PER_SECOND,
    frameBytes: FRAME_BYTES,
  };
  const hlsLoad: HlsLoad = {
    ...times,
    viewers: values.viewers.split(",").map(Number).sort((a, b) => a - b),
    takesHints: values.hints,
  };
  const unknown = rows.find((row) => !ROWS.includes(row));
  if (unknown !== undefined) throw new Error(`No row ${unknown}`);
  const { all, leftOut } = combinations(
    STREAM_ROWS.filter((row) => rows.includes(row)),
    values.codecs.split(",") as CodecName[],
    servers,
  );
  const measured = await measureRounds(all, { load, rounds, print });
  const lateJoins = await measureJoins(all, {
    load,
    joins: Number(values.joins),
    print,
  });
  const hlsRows = rows.filter((row): row is HlsRow => row in HLS_ROWS);
  const hlsMeasured = await measureHlsRounds(
    { rows: hlsRows, servers },
    { load: hlsLoad, rounds, print },
  );
  const figures = summarize(all, measured);
  const result = { figures, lateJoins, leftOut, hls: hlsMeasured.medians };
  const goals = evaluateGoals(result);
  if (figures.length > 0) print(`\n${formatResult(result)}\n`);
  if (result.hls.length > 0) print(`\n${formatHls(result.hls)}\n`);
  if (goals.length > 0) print(`\n${formatGoals(goals)}\n`);
  if (values.json !== undefined) {
    const json = {
      ...{ load, hlsLoad, ...result, goals },
      ...{ rounds: measured, hlsRounds: hlsMeasured.rounds },
    };
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

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

await main(Deno.args);
