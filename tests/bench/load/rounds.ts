import type { CodecName } from "./codecs/load_codec.ts";
import { LOAD_CODECS } from "./codecs/load_codecs.ts";
import {
  type BenchResult,
  find,
  type LateJoins,
  type LeftOut,
  median,
} from "./goals.ts";
import {
  type Combination,
  type Figures,
  type Load,
  measureLateJoins,
  measureLoad,
} from "./measure.ts";
import type { LoadProtocol } from "./reader.ts";
import { type ServerName, SERVERS } from "./servers.ts";

/** Everything that can be measured, and what is left out of it. */
export function combinations(
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
export async function measureRounds(
  all: readonly Combination[],
  { load, rounds, print }: {
    readonly load: Load;
    readonly rounds: number;
    readonly print: (text: string) => void;
  },
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

/** Late joiners of everything, `joins` each. */
export async function measureJoins(
  all: readonly Combination[],
  { load, joins, print }: {
    readonly load: Load;
    readonly joins: number;
    readonly print: (text: string) => void;
  },
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

/** Medians of the rounds; sums of what was lost. */
export function summarize(
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
