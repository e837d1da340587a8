import { clip, type ClipName } from "#test/clips.ts";
import { type FrameReading, readFrames } from "#test/framemd5.ts";
import type { RunningProcess } from "#test/processes.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { assertEquals } from "#test/assert.ts";
import { valueOf } from "./check_frames.ts";
import { complaintsOf, waitUntilAvailable, type Way } from "./ffmpeg_peer.ts";

/** A clip that is published in several ways and read in several ways from each. */
export interface Row {
  readonly name: string;
  readonly clip: ClipName;
  /** Options of the input with which ffmpeg reads the clip. */
  readonly inputArgs?: readonly string[];
  /** Options of the output with which ffmpeg lists what is published; without them nothing is listed. */
  readonly listArgs?: readonly string[];
  readonly publishers: readonly Publisher[];
  readonly readers: readonly Reader[];
  /** What a reader of this row may say, beside what all may. */
  readonly harmless?: readonly RegExp[];
  /** Whether what comes over one way is read over the other; by default over every other and the same. */
  isPair?(publishWay: Way, readWay: Way): boolean;
}

/** Somebody who publishes the clip of a row. */
export interface Publisher {
  /** What tells it from the others of its row. */
  readonly name: string;
  readonly way: Way;
  start(weir: WeirProcess, path: string, file: string): RunningProcess;
}

/** Somebody who reads what a row publishes, to its end. */
export interface Reader {
  /** What tells it from the others of its row. */
  readonly name: string;
  readonly way: Way;
  read(weir: WeirProcess, path: string): Promise<PathReading>;
  check(reading: Reading): void;
}

/** What a reader got. */
export interface PathReading extends FrameReading {
  /** All of the medium, if the reader writes it to a file. */
  readonly bytes?: Uint8Array;
}

/** What a reader got, beside what was published. */
export interface Reading extends PathReading {
  readonly publishWay: Way;
  readonly readWay: Way;
  readonly published: FrameReading["frames"];
  /** The frames that were read. */
  readonly read: FrameReading["frames"];
  /** The clip as it is. */
  readonly clipBytes: Uint8Array;
  /** What the server logged. */
  readonly log: readonly string[];
}

/** Publishes all rows and reads all of them, at once; one step for each pair. */
export async function runRows(
  t: Deno.TestContext,
  rows: readonly Row[],
): Promise<void> {
  await using weir = await startWeir();
  const pairs = await Promise.all(
    rows.map((row, i) => runRow(weir, row, `matrix/${i}`)),
  );
  for (const { row, publisher, reader, outcome } of pairs.flat()) {
    const name = `${row.name}: ${publisher.name} to ${reader.name}`;
    await t.step(name, () => {
      const reading = valueOf(outcome);
      const complaints = complaintsOf(reading).filter((line) =>
        !row.harmless?.some((pattern) => pattern.test(line))
      );
      assertEquals(complaints, [], "messages of the reader");
      reader.check(reading);
    });
  }
}

/** A publisher, one of its readers, and what came of it. */
interface Pair {
  readonly row: Row;
  readonly publisher: Publisher;
  readonly reader: Reader;
  readonly outcome: PromiseSettledResult<Reading>;
}

async function runRow(
  weir: WeirProcess,
  row: Row,
  path: string,
): Promise<Pair[]> {
  const file = await clip(row.clip);
  const { inputArgs = [], listArgs } = row;
  const [clipBytes, listing] = await Promise.all([
    Deno.readFile(file),
    listArgs && readFrames(file, { inputArgs, outputArgs: listArgs }),
  ]);
  const published = listing?.frames ?? [];
  const pairs = await Promise.all(row.publishers.map(async (publisher, i) => {
    const ownPath = `${path}/${i}`;
    await using process = publisher.start(weir, ownPath, file);
    const readers = row.readers.filter(({ way }) =>
      row.isPair?.(publisher.way, way) ?? true
    );
    const outcomes = await Promise.allSettled(
      readers.map((reader) =>
        readOnceAvailable(weir, ownPath, process, reader)
      ),
    );
    return readers.map((reader, j) => {
      const outcome = withPublished(outcomes[j]!, {
        publishWay: publisher.way,
        readWay: reader.way,
        ...{ published, clipBytes, log: weir.log },
      });
      return { row, publisher, reader, outcome };
    });
  }));
  return pairs.flat();
}

async function readOnceAvailable(
  weir: WeirProcess,
  path: string,
  publisher: RunningProcess,
  reader: Reader,
): Promise<PathReading> {
  const ended = publisher.ended.then(() => {
    throw new Error(`The publisher has ended and says:\n${publisher.stderr}`);
  });
  await Promise.race([waitUntilAvailable(weir, path), ended]);
  return await reader.read(weir, path);
}

function withPublished(
  outcome: PromiseSettledResult<PathReading>,
  others: Omit<Reading, "read" | keyof PathReading>,
): PromiseSettledResult<Reading> {
  if (outcome.status === "rejected") return outcome;
  const reading = outcome.value;
  return {
    status: "fulfilled",
    value: { ...reading, ...others, read: reading.frames },
  };
}
