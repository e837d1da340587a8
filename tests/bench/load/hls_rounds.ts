import { median } from "./goals.ts";
import type { HlsRow } from "./hls_files.ts";
import { type HlsFigures, type HlsLoad, measureHls } from "./hls_measure.ts";
import type { LoadProtocol } from "./reader.ts";
import { type ServerName, SERVERS } from "./servers.ts";

const HLS_PROTOCOLS: readonly LoadProtocol[] = ["ll-hls", "http-files"];

/** What was lost in all rounds together. */
const SUMS: readonly string[] = ["lost", "errors", "ended"];

/** Every server in turn, row by row, and that again. */
export async function measureHlsRounds(
  { rows, servers }: {
    readonly rows: readonly HlsRow[];
    readonly servers: readonly ServerName[];
  },
  { load, rounds, print }: {
    readonly load: HlsLoad;
    readonly rounds: number;
    readonly print: (text: string) => void;
  },
): Promise<{ medians: HlsFigures[]; rounds: HlsFigures[] }> {
  const able = servers.filter((server) =>
    SERVERS[server].protocols.some((one) => HLS_PROTOCOLS.includes(one))
  );
  const measured: HlsFigures[] = [];
  for (const row of rows) {
    for (let round = 1; round <= rounds; round++) {
      for (const server of able) {
        for (const figures of await measureHls({ server, row }, load)) {
          measured.push(figures);
          const { viewers, usPerRequest, coreSecondsPerGbit } = figures;
          print(
            `${row} ${server} ${viewers} viewers ${round}/${rounds}: ` +
              `${usPerRequest.toFixed(1)} us/request, ` +
              `${coreSecondsPerGbit.toFixed(4)} core/Gbit\n`,
          );
        }
      }
    }
  }
  return { medians: mediansOf(measured), rounds: measured };
}

function mediansOf(rounds: readonly HlsFigures[]): HlsFigures[] {
  const groups = Map.groupBy(
    rounds,
    ({ row, viewers, server }) => `${row} ${viewers} ${server}`,
  );
  return [...groups.values()].map((group) => {
    const entries = Object.entries(group[0]!).map(([key, value]) => {
      if (typeof value === "string") return [key, value];
      const values = group.map((one) => one[key as "viewers"]);
      const sum = values.reduce((total, one) => total + one, 0);
      return [key, SUMS.includes(key) ? sum : median(values)];
    });
    return Object.fromEntries(entries) as HlsFigures;
  });
}
