import type {
  PastChunk,
  PastReader,
  PastUpdate,
  RecordedPast,
} from "#protocols/hls/dvr/recorded_past.ts";

/** Wall clock of the first chunk, if it does not say otherwise. */
export const PAST_START_MS = 1_750_000_000_000;

/** A chunk of four seconds whose bytes are the names of its parts. */
export function pastChunk(changes: Partial<PastChunk> = {}): PastChunk {
  const { startWallMs = PAST_START_MS } = changes;
  const body = (text: string) => (onSent: (bytes: number) => void) => {
    onSent(text.length);
    return Promise.resolve(new Blob([text]).stream());
  };
  return {
    fileStartUs: startWallMs * 1_000,
    startWallMs,
    durationSeconds: 4,
    headerKey: "avc1",
    isBehindGap: false,
    header: body("header"),
    fragments: body(`chunk ${startWallMs - PAST_START_MS}`),
    ...changes,
  };
}

/** Recordings whose reader answers with these, one after the other; then nothing comes any more. */
export class MadePast implements RecordedPast {
  /** Questions so far. */
  questions = 0;
  isDisposed = false;
  #updates: (PastUpdate | Error)[];

  constructor(...updates: (PastUpdate | Error)[]) {
    this.#updates = updates;
  }

  reader(): PastReader {
    return {
      next: async (): Promise<PastUpdate> => {
        this.questions++;
        const update = this.#updates.shift() ??
          { chunks: [], files: new Set<number>(), isGrowing: false };
        if (update instanceof Error) throw update;
        return await Promise.resolve(update);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isDisposed = true;
    await Promise.resolve();
  }
}
