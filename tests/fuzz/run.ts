import { FUZZ_TARGETS } from "./targets.ts";
import { keepFinding } from "./corpus.ts";
import { fuzz } from "./fuzzer.ts";

/** Executions of a target if nobody says otherwise. */
const DEFAULT_COUNT = 1_000_000;

const USAGE = "deno task fuzz [target …] [--count N] [--seed N]";

/** What the command line asks for. */
interface Arguments {
  readonly names: readonly string[];
  readonly count: number;
  readonly seed: number;
}

/** Fuzzes targets one after the other and keeps what is found. */
async function main(args: readonly string[]): Promise<number> {
  const { names, count, seed } = parseArguments(args);
  const targets = FUZZ_TARGETS.filter(({ name }) =>
    names.length === 0 || names.includes(name)
  );
  if (targets.length < names.length) {
    print(`Unknown target. Targets are:`);
    for (const { name } of FUZZ_TARGETS) print(`  ${name}`);
    return 2;
  }
  let foundCount = 0;
  for (const target of targets) {
    const report = await fuzz(target, { count, seed });
    const { executions, seconds, taken, findings } = report;
    print([
      target.name.padEnd(26),
      `${executions}`.padStart(8),
      `${Math.round(executions / seconds)}/s`.padStart(10),
      `${Math.round(100 * taken / executions)} % taken`.padStart(11),
      `${findings.length} findings`.padStart(12),
    ].join(" "));
    foundCount += findings.length;
    for (const { input, text } of findings) {
      print(`${await keepFinding(target.name, input)}\n${text}`);
    }
  }
  return foundCount > 0 ? 1 : 0;
}

function parseArguments(args: readonly string[]): Arguments {
  const names: string[] = [];
  const numbers = { count: DEFAULT_COUNT, seed: 1 };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--count" || arg === "--seed") {
      const value = Number(args[++i]);
      if (!Number.isInteger(value) || value < 1) throw new Error(USAGE);
      numbers[arg === "--count" ? "count" : "seed"] = value;
    } else if (arg.startsWith("-")) throw new Error(USAGE);
    else names.push(arg);
  }
  return { names, ...numbers };
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

Deno.exit(await main(Deno.args));
