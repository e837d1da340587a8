import type { PastChunk } from "./recorded_past.ts";

/** Chunks that are listed no more, but that somebody may be about to ask for. */
const UNLISTED_CHUNKS = 30;

/** A live playlist is at least so long. Spec: RFC 8216 §6.2.2. */
const LEAST_TARGETS = 3;

/** How many target durations from the end a delta update may leave out. Spec: RFC 8216bis §4.4.3.8. */
const SKIP_UNTIL_TARGETS = 6;

/** Least target duration: what most chunks last. */
const LEAST_TARGET_SECONDS = 4;

/** The first that has delta updates. */
const VERSION = 9;

const MS_PER_SECOND = 1_000;

/** A chunk with its number. */
interface Entry {
  readonly chunk: PastChunk;
  readonly headerNumber: number;
  /** From behind the URI before to the end of its own, without the header that it may need. */
  readonly lines: string;
}

/** What a name stands for. */
export interface DvrFile {
  readonly kind: "header" | "fragments";
  readonly chunk: PastChunk;
}

/** A live playlist of what was recorded: chunks are added to its end and leave at its start, none changes. */
export class DvrPlaylist {
  #prefix: string;
  #windowMs: number;
  /** With those that are listed no more. */
  #entries: Entry[] = [];
  /** Number of the first entry. */
  #firstMsn = 0;
  /** Entries that are listed no more. */
  #unlisted = 0;
  #discontinuitySequence = 0;
  #targetSeconds = LEAST_TARGET_SECONDS;

  /** Input: `prefix` is nobody else's; the playlist reaches `windowMs` back from its end. */
  constructor(prefix: string, windowMs: number) {
    this.#prefix = prefix;
    this.#windowMs = windowMs;
  }

  /** Whether there is nothing in it. */
  get isEmpty(): boolean {
    return this.#entries.length === this.#unlisted;
  }

  /** Whole seconds that no chunk, rounded, is longer than. */
  get targetSeconds(): number {
    return this.#targetSeconds;
  }

  /** Adds chunks to its end. Those leave that are too old, or whose files are not there: `files` begin then. */
  add(chunks: readonly PastChunk[], files: ReadonlySet<number>): void {
    for (const chunk of chunks) this.#append(chunk);
    const newest = this.#entries.at(-1);
    if (newest === undefined) return;
    const newestWallMs = endWallMs(newest);
    let seconds = this.#listed().reduce(
      (sum, { chunk }) => sum + chunk.durationSeconds,
      0,
    );
    for (;;) {
      const first = this.#entries[this.#unlisted];
      if (first === undefined || first === newest) break;
      seconds -= first.chunk.durationSeconds;
      const isOld = endWallMs(first) < newestWallMs - this.#windowMs;
      const isGone = !files.has(first.chunk.fileStartUs);
      if (!isGone && !isOld) break;
      if (!isGone && seconds < LEAST_TARGETS * this.#targetSeconds) break;
      this.#unlisted++;
      if (first.chunk.isBehindGap) this.#discontinuitySequence++;
    }
    const forgotten = this.#unlisted - UNLISTED_CHUNKS;
    if (forgotten <= 0) return;
    this.#entries.splice(0, forgotten);
    this.#firstMsn += forgotten;
    this.#unlisted -= forgotten;
  }

  /** What stands behind a name of the playlist; undefined if nothing does. */
  find(fileName: string): DvrFile | undefined {
    const [, prefix, isHeader, number] =
      /^dvr_([0-9a-f]{12})_(init)?(\d{1,15})\.mp4$/.exec(fileName) ?? [];
    if (prefix !== this.#prefix) return undefined;
    const entry = isHeader
      ? this.#entries.find((one) => one.headerNumber === Number(number))
      : this.#entries[Number(number) - this.#firstMsn];
    const kind = isHeader ? "header" : "fragments";
    return entry && { kind, chunk: entry.chunk };
  }

  /**
   * What is listed now, `uriEnd` behind each URI.
   *
   * Input: `isDelta` leaves out what a viewer has already, if that is old enough.
   * Spec: RFC 8216bis §4.4.
   */
  text(isDelta: boolean, uriEnd: string): string {
    const listed = this.#listed();
    const skipped = isDelta ? this.#skippedCount(listed) : 0;
    const skipSeconds = SKIP_UNTIL_TARGETS * this.#targetSeconds;
    // A day has 21,600 chunks: what stands between two ends of URIs is made once, and nothing is looked through.
    const pieces: string[] = [];
    let text = [
      "#EXTM3U",
      `#EXT-X-VERSION:${VERSION}`,
      `#EXT-X-TARGETDURATION:${this.#targetSeconds}`,
      `#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=${skipSeconds.toFixed(5)}`,
      `#EXT-X-MEDIA-SEQUENCE:${this.#firstMsn + this.#unlisted}`,
      `#EXT-X-DISCONTINUITY-SEQUENCE:${this.#discontinuitySequence}`,
      "#EXT-X-INDEPENDENT-SEGMENTS",
    ].join("\n");
    if (skipped > 0) text += `\n#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`;
    let header = listed[skipped - 1]?.headerNumber;
    for (let i = skipped; i < listed.length; i++) {
      const { chunk, lines, headerNumber } = listed[i]!;
      if (chunk.isBehindGap) text += "\n#EXT-X-DISCONTINUITY";
      if (headerNumber !== header) {
        const name = `dvr_${this.#prefix}_init${headerNumber}.mp4`;
        pieces.push(`${text}\n#EXT-X-MAP:URI="${name}`);
        text = '"';
        header = headerNumber;
      }
      pieces.push(text === "" ? lines : text + lines);
      text = "";
    }
    pieces.push("\n");
    return pieces.join(uriEnd);
  }

  #append(chunk: PastChunk): void {
    const before = this.#entries.at(-1);
    const isSameHeader = before?.chunk.headerKey === chunk.headerKey;
    const headerNumber = (before?.headerNumber ?? 0) + (isSameHeader ? 0 : 1);
    const msn = this.#firstMsn + this.#entries.length;
    const { durationSeconds, startWallMs } = chunk;
    const date = new Date(startWallMs).toISOString();
    const lines = `
#EXT-X-PROGRAM-DATE-TIME:${date}
#EXTINF:${durationSeconds.toFixed(5)},
dvr_${this.#prefix}_${msn}.mp4`;
    this.#entries.push({ chunk, headerNumber, lines });
    const rounded = Math.round(durationSeconds);
    this.#targetSeconds = Math.max(this.#targetSeconds, rounded);
  }

  #listed(): readonly Entry[] {
    return this.#entries.slice(this.#unlisted);
  }

  #skippedCount(listed: readonly Entry[]): number {
    let secondsBehind = 0;
    for (let i = listed.length - 1; i >= 0; i--) {
      if (secondsBehind >= SKIP_UNTIL_TARGETS * this.#targetSeconds) {
        return i + 1;
      }
      secondsBehind += listed[i]!.chunk.durationSeconds;
    }
    return 0;
  }
}

function endWallMs({ chunk }: Entry): number {
  return chunk.startWallMs + chunk.durationSeconds * MS_PER_SECOND;
}
