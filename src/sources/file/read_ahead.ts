import type { PlacedUnit } from "./clip_line.ts";

/** Time that is read ahead: tracks of a file, and the end and the start of clips, lie no further apart. */
const READ_AHEAD_SECONDS = 1;

/** Bytes and units that are read ahead at most. */
const MAX_READ_AHEAD_BYTES = 32 * 1_024 * 1_024;
const MAX_READ_AHEAD_UNITS = 4_096;

/** Puts units into the order of their decoding times, as far as they are no further apart than what is read ahead. */
export async function* inDecodingOrder(
  units: AsyncIterable<PlacedUnit>,
): AsyncGenerator<PlacedUnit, void> {
  const waiting: PlacedUnit[] = [];
  let waitingBytes = 0;
  for await (const unit of units) {
    let at = waiting.length;
    while (at > 0 && waiting[at - 1]!.dtsSeconds > unit.dtsSeconds) at--;
    waiting.splice(at, 0, unit);
    waitingBytes += unit.sizeBytes;
    while (
      waiting.at(-1)!.dtsSeconds - waiting[0]!.dtsSeconds >=
        READ_AHEAD_SECONDS ||
      waitingBytes > MAX_READ_AHEAD_BYTES ||
      waiting.length > MAX_READ_AHEAD_UNITS
    ) {
      const first = waiting.shift()!;
      waitingBytes -= first.sizeBytes;
      yield first;
    }
  }
  yield* waiting;
}
