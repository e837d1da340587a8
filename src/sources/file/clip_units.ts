import { errorText } from "#base/errors.ts";
import type { Logger } from "#base/log.ts";
import type { RandomAccessInput } from "#formats/mp4/random_access_input.ts";
import { PlatformError } from "#platform/errors.ts";
import { type Clip, ClipError, type ClipUnit, isClipFault } from "./clip.ts";
import { ClipLine, type PlacedUnit } from "./clip_line.ts";
import { openClip } from "./open_clip.ts";

/** The start of a clip in which every track is looked for, in time and in bytes. */
const HEAD_SECONDS = 1;
const MAX_HEAD_BYTES = 8 * 1_024 * 1_024;

/** Where clips come from. */
export interface ClipStore {
  /** What it is called in errors. */
  readonly name: string;
  /** Names of the clips, in the order in which they are played. */
  list(): Promise<readonly string[]>;
  /** Opens one of them. */
  open(clipName: string): Promise<RandomAccessInput & Disposable>;
}

/** What is to be played, and how. */
export interface ClipUnitsOptions {
  readonly store: ClipStore;
  /** Begin again behind the end. */
  readonly isLooped: boolean;
  readonly logger: Logger;
}

/**
 * The units of clips one after the other on one line of time.
 *
 * Every clip is opened anew when its turn comes, and the store is asked again each round: what was replaced meanwhile
 * counts. Clips that cannot be played are left out, with a warning the first time.
 *
 * @throws {Error} of `isClipFault` if no clip of a round can be played.
 */
export async function* clipUnits(
  { store, isLooped, logger }: ClipUnitsOptions,
): AsyncGenerator<PlacedUnit, void> {
  const line = new ClipLine();
  const warned = new Set<string>();
  const warn = (clipName: string, message: string) => {
    const level = warned.has(clipName) ? "debug" : "warn";
    warned.add(clipName);
    logger[level](`${clipName}: ${message}`);
  };
  do {
    let hasUnits = false;
    let fault: Error | undefined;
    for (const clipName of await namesIn(store)) {
      let hasBegun = false;
      try {
        for await (const unit of unitsOf({ store, clipName, line }, warn)) {
          hasBegun = true;
          hasUnits = true;
          yield unit;
        }
      } catch (error) {
        if (!isClipFault(error)) throw error;
        fault = error;
        const what = hasBegun ? "the rest" : "it";
        if (clipName !== store.name || hasBegun) {
          warn(clipName, `${what} is left out: ${errorText(error)}`);
        }
      }
    }
    if (!hasUnits) throw playError(store, fault);
  } while (isLooped);
}

async function namesIn(store: ClipStore): Promise<readonly string[]> {
  try {
    return await store.list();
  } catch (error) {
    throw isClipFault(error) ? playError(store, error) : error;
  }
}

function playError({ name }: ClipStore, cause: Error | undefined): Error {
  // It names the file already.
  if (cause instanceof PlatformError) return cause;
  const reason = cause === undefined ? "it is empty" : errorText(cause);
  return new ClipError(`Cannot play ${name}: ${reason}`, { cause });
}

/** The clip that is played, and what it belongs to. */
interface Turn {
  readonly store: ClipStore;
  readonly clipName: string;
  readonly line: ClipLine;
}

async function* unitsOf(
  { store, clipName, line }: Turn,
  warn: (clipName: string, message: string) => void,
): AsyncGenerator<PlacedUnit, void> {
  using input = await store.open(clipName);
  const clip = await openClip(input, (message) => warn(clipName, message));
  const units = clip.units();
  const head = await readHead(units);
  if (head.length === 0) return;
  line.begin(head);
  for (const unit of head) yield line.place(unit);
  for await (const unit of units) yield line.place(unit);
}

/** Reads on until a unit of each track has come, or those that have not come are late. */
async function readHead(units: ReturnType<Clip["units"]>): Promise<ClipUnit[]> {
  const head: ClipUnit[] = [];
  const seen = new Set<number>();
  let headBytes = 0;
  for (;;) {
    const { value: unit } = await units.next();
    if (unit === undefined) return head;
    head.push(unit);
    seen.add(unit.track.id);
    headBytes += unit.sizeBytes;
    const isLong = headBytes > MAX_HEAD_BYTES ||
      seconds(unit) - seconds(head[0]!) > HEAD_SECONDS;
    if (isLong || seen.size >= unit.tracks.length) return head;
  }
}

function seconds({ dtsTicks, track }: ClipUnit): number {
  return dtsTicks / track.clockRateHz;
}
