import { cpuUsage } from "node:process";
import { errorStack } from "#base/errors.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import { MAX_INPUT_BYTES, Mutator } from "./mutator.ts";

/** Longest that a parser may take for one input, whatever it is. */
const MAX_INPUT_MS = 50;

/** How often a slow input is tried again: code gets faster. */
const SLOW_TRIES = 4;

/** Findings of one target after which it is left alone. */
const MAX_FINDINGS = 5;

/** Whether an input is left as it was is looked at once in so many. */
const UNTOUCHED_ONE_IN = 64;

/** An input that a parser must not answer as it did. */
export interface Finding {
  readonly input: Uint8Array;
  /** What happened, with the place where it did. */
  readonly text: string;
}

/** What became of a target. */
export interface FuzzReport {
  readonly executions: number;
  /** Inputs that the parser took, the seeds left out. */
  readonly taken: number;
  /** Seeds that the parser took. */
  readonly takenSeeds: number;
  readonly seconds: number;
  readonly findings: readonly Finding[];
}

/** How far a target is taken. */
export interface FuzzOptions {
  /** Executions, divided by the target's cost. */
  readonly count: number;
  /** Where the random numbers start. */
  readonly seed?: number;
}

/** Gives a target its seeds, then mutations of them. */
export async function fuzz(
  target: FuzzTarget,
  { count, seed = 1 }: FuzzOptions,
): Promise<FuzzReport> {
  const findings = new Map<string, Finding>();
  const startMs = performance.now();
  const tryOne = async (
    input: Uint8Array<ArrayBuffer>,
    isCompared: boolean,
  ) => {
    const outcome = isCompared
      ? await tryUntouched(target, input)
      : await tryInput(target, input);
    if (typeof outcome === "boolean") return outcome;
    const place = outcome.split("\n", 3).join("\n");
    findings.set(place, { input, text: outcome });
    return false;
  };
  const seeds = target.seeds().filter((one) => one.length <= MAX_INPUT_BYTES);
  const good: Uint8Array[] = [];
  for (const one of seeds) {
    if (findings.size === MAX_FINDINGS) break;
    if (await tryOne(one.slice(), true)) good.push(one);
  }
  const mutator = new Mutator(favouring(good, seeds), seed);
  const end = Math.ceil(count / (target.cost ?? 1));
  let taken = 0;
  let executions = 0;
  while (executions < end && findings.size < MAX_FINDINGS) {
    const isCompared = ++executions % UNTOUCHED_ONE_IN === 0;
    if (await tryOne(mutator.next(), isCompared)) taken++;
  }
  const seconds = (performance.now() - startMs) / 1_000;
  return {
    executions,
    taken,
    takenSeeds: good.length,
    seconds,
    findings: [...findings.values()],
  };
}

/** Three of four mutations start from what the parser takes. */
function favouring(
  good: readonly Uint8Array[],
  seeds: readonly Uint8Array[],
): Uint8Array[] {
  if (good.length === 0) return [...seeds];
  const times = Math.ceil(3 * seeds.length / good.length);
  return [...seeds, ...Array.from({ length: times }, () => good).flat()];
}

/** Gives a target one input; answers whether it was taken, or what must not have happened. */
export async function tryInput(
  target: FuzzTarget,
  input: Uint8Array<ArrayBuffer>,
): Promise<boolean | string> {
  let outcome = false;
  const startMs = performance.now();
  try {
    const answer = target.run(input);
    outcome = typeof answer === "boolean" ? answer : await answer;
  } catch (error) {
    if (!target.rejects.some((one) => error instanceof one)) {
      return errorStack(error);
    }
  }
  const tookMs = performance.now() - startMs;
  return tookMs > maxMs(target) ? await trySlow(target, input) : outcome;
}

async function tryUntouched(
  target: FuzzTarget,
  input: Uint8Array<ArrayBuffer>,
): Promise<boolean | string> {
  const before = input.slice();
  const outcome = await tryInput(target, input);
  const isSame = before.every((byte, i) => byte === input[i]);
  return isSame ? outcome : "the input was changed";
}

/** Tries once more, and counts the time of the processor: the machine may have been busy with something else. */
async function trySlow(
  target: FuzzTarget,
  input: Uint8Array<ArrayBuffer>,
): Promise<boolean | string> {
  let fastestMs = Infinity;
  for (let i = 0; i < SLOW_TRIES; i++) {
    const before = cpuUsage();
    try {
      await target.run(input.slice());
    } catch {
      // what it throws was looked at the first time
    }
    const { user, system } = cpuUsage(before);
    fastestMs = Math.min(fastestMs, (user + system) / 1_000);
  }
  if (fastestMs <= maxMs(target)) return true;
  return `${input.length} bytes took ${Math.round(fastestMs)} ms, at most ${
    maxMs(target)
  } are allowed`;
}

function maxMs({ passes = 1 }: FuzzTarget): number {
  return passes * MAX_INPUT_MS;
}
