import { assert } from "#base/errors.ts";
import { joinBytes } from "#base/join_bytes.ts";
import type {
  MediaPlaylist,
  PlaylistPart,
  RenditionReport,
  SegmentHead,
} from "#protocols/hls/wire/media_playlist.ts";
import type { PlaylistTargets } from "./playlist_targets.ts";

/** Segments that are listed no more, but that somebody may be about to ask for. */
const UNLISTED_SEGMENTS = 2;

/** Segments whose parts are listed beside them. */
const SEGMENTS_WITH_PARTS = 2;

/** What stands in the place of a segment without media. */
export const GAP_URI = "gap.mp4";

/** A file that viewers can ask for. */
export interface HlsFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A part of a segment that is complete. */
interface Part extends PlaylistPart, HlsFile {}

/** A segment, complete or not. */
interface Segment extends SegmentHead {
  readonly msn: number;
  readonly uri: string;
  readonly header: HlsFile | undefined;
  /** On the time line of the files. */
  readonly startSeconds: number;
  durationSeconds: number;
  isGap: boolean;
  parts: Part[];
  bytes: Uint8Array;
}

/** A segment that is complete, for those who describe the stream in another way. */
export interface SegmentSummary {
  readonly msn: number;
  readonly startSeconds: number;
  readonly durationSeconds: number;
  readonly sizeBytes: number;
  readonly startWallMs: number | undefined;
  readonly isGap: boolean;
  readonly hasDiscontinuity: boolean;
  readonly headerName: string | undefined;
  readonly name: string;
}

/** How a segment begins. */
export interface SegmentOpening {
  /** What its file names begin with. */
  readonly prefix: string;
  readonly header: HlsFile | undefined;
  readonly hasDiscontinuity: boolean;
  readonly startSeconds: number;
  readonly startWallMs: number;
}

/** What a window is made of. */
export interface WindowOptions {
  /** Part of the names of its files, e.g. `"video1"`. */
  readonly id: string;
  readonly extension: "mp4" | "ts";
  /** What the names of its first files begin with. */
  readonly prefix: string;
  readonly version: number;
  /** Segments that are listed. */
  readonly segmentCount: number;
  readonly hasParts: boolean;
  /** Number of the first segment. */
  readonly firstMsn: number;
  readonly discontinuitySequence: number;
  readonly targets: PlaylistTargets;
  /** Something has changed. */
  readonly onChanged: () => void;
}

/** The segments and parts of one media playlist: what is listed now, and who waits for what comes next. */
export class PlaylistWindow {
  readonly options: WindowOptions;
  #segments: Segment[] = [];
  #open: Segment | undefined;
  #nextMsn: number;
  #nextPart = 0;
  #prefix: string;
  #discontinuitySequence: number;
  #isEnded = false;
  #changed = Promise.withResolvers<void>();

  /** Starts without media. */
  constructor(options: WindowOptions) {
    this.options = options;
    this.#prefix = options.prefix;
    this.#nextMsn = options.firstMsn;
    this.#discontinuitySequence = options.discontinuitySequence;
  }

  /** Number of the segment that is not complete yet. */
  get nextMsn(): number {
    return this.#nextMsn;
  }

  /** Discontinuities in front of the first segment that comes next. */
  get nextDiscontinuitySequence(): number {
    return this.#discontinuitySequence +
      this.#listed().filter(({ hasDiscontinuity }) => hasDiscontinuity).length;
  }

  /** Where the last complete segment ends, on the time line of the files; 0 before the first. */
  get endSeconds(): number {
    const last = this.#segments.at(-1);
    return last === undefined ? 0 : last.startSeconds + last.durationSeconds;
  }

  /** Complete segments with media. */
  get mediaSegmentCount(): number {
    return this.#segments.filter(({ isGap }) => !isGap).length;
  }

  /** Name of the playlist. */
  get playlistName(): string {
    return `${this.options.id}_stream.m3u8`;
  }

  /** Whether a segment is under way. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Begins a segment. */
  open(opening: SegmentOpening): void {
    assert(this.#open === undefined, "one segment is open at a time");
    const { prefix, header } = opening;
    const { id, extension } = this.options;
    this.#prefix = prefix;
    this.#open = {
      ...opening,
      msn: this.#nextMsn,
      uri: `${prefix}_${id}_seg${this.#nextMsn}.${extension}`,
      mapUri: header?.name,
      durationSeconds: 0,
      isGap: false,
      parts: [],
      bytes: new Uint8Array(),
    };
  }

  /** Adds the next piece of the open segment; where there are no parts it is listed with its segment only. */
  addPart(
    bytes: Uint8Array,
    { durationSeconds, isIndependent }: Omit<PlaylistPart, "uri">,
  ): void {
    const segment = this.#open;
    assert(segment !== undefined, "a part belongs to a segment");
    const name = this.#partName();
    this.#nextPart++;
    segment.parts.push({
      name,
      uri: name,
      bytes,
      durationSeconds,
      isIndependent,
    });
    segment.durationSeconds += durationSeconds;
    if (!this.options.hasParts) return;
    this.options.targets.addPart(durationSeconds);
    this.#handleChange();
  }

  /** Number of the next part. */
  get nextPartNumber(): number {
    return this.#nextPart;
  }

  /** Completes the open segment. */
  close(): void {
    const segment = this.#open;
    assert(segment !== undefined, "a segment is open");
    const { parts } = segment;
    segment.bytes = joinBytes(parts.map(({ bytes }) => bytes));
    // The parts become views: everything is held once.
    let atBytes = 0;
    segment.parts = this.options.hasParts
      ? parts.map((part) => {
        const { length } = part.bytes;
        const bytes = segment.bytes.subarray(atBytes, atBytes + length);
        atBytes += length;
        return { ...part, bytes };
      })
      : [];
    this.#open = undefined;
    this.#append(segment);
    this.options.targets.freeze();
  }

  /** Appends a segment without media. */
  addGap(startSeconds: number, durationSeconds: number): void {
    this.#append({
      msn: this.#nextMsn,
      uri: GAP_URI,
      header: undefined,
      mapUri: undefined,
      hasDiscontinuity: false,
      startWallMs: undefined,
      startSeconds,
      durationSeconds,
      isGap: true,
      parts: [],
      bytes: new Uint8Array(),
    });
  }

  /** What is listed now. */
  describe(reports: readonly RenditionReport[]): MediaPlaylist {
    const { version, targets, hasParts } = this.options;
    const listed = this.#listed();
    const withParts = listed.length - SEGMENTS_WITH_PARTS;
    return {
      version,
      targetDurationSeconds: targets.durationSeconds,
      mediaSequence: listed[0]?.msn ?? this.#nextMsn,
      discontinuitySequence: this.#discontinuitySequence,
      segments: listed.map((segment, i) =>
        i < withParts ? { ...segment, parts: [] } : segment
      ),
      lowLatency: hasParts
        ? {
          partTargetSeconds: targets.partSeconds,
          openSegment: this.#open,
          nextPartUri: this.#partName(),
          reports,
        }
        : undefined,
    };
  }

  /** How far it is. */
  report(): RenditionReport {
    const last = this.#segments.at(-1);
    const openParts = this.#open?.parts.length ?? 0;
    const uri = this.playlistName;
    if (openParts > 0 || !last) {
      return { uri, lastMsn: this.#nextMsn, lastPart: openParts - 1 };
    }
    const lastPart = last.parts.length > 0 ? last.parts.length - 1 : undefined;
    return { uri, lastMsn: last.msn, lastPart };
  }

  /** Segments that are listed, oldest first. */
  segments(): readonly SegmentSummary[] {
    return this.#listed().map((segment) => ({
      ...segment,
      name: segment.uri,
      headerName: segment.header?.name,
      sizeBytes: segment.bytes.length,
    }));
  }

  /** The file with this name; undefined if there is none. */
  find(name: string): Uint8Array | undefined {
    const segments = this.#open
      ? [...this.#segments, this.#open]
      : this.#segments;
    for (let i = segments.length - 1; i >= 0; i--) {
      const { uri, header, parts, bytes, isGap } = segments[i]!;
      if (header?.name === name) return header.bytes;
      if (uri === name) {
        return isGap || segments[i] === this.#open ? undefined : bytes;
      }
      const part = parts.find((one) => one.name === name);
      if (part) return part.bytes;
    }
    return undefined;
  }

  /** Waits until the part that was announced is there. Output: undefined if it is not announced, or never comes. */
  async awaitPart(name: string): Promise<Uint8Array | undefined> {
    const { hasParts } = this.options;
    while (hasParts && !this.#isEnded && name === this.#partName()) {
      await this.#changed.promise;
    }
    return this.find(name);
  }

  /** Waits until so many segments have media; false if it ends before. */
  async awaitSegments(count: number): Promise<boolean> {
    while (!this.#isEnded && this.mediaSegmentCount < count) {
      await this.#changed.promise;
    }
    return !this.#isEnded;
  }

  /** Waits for a segment, or a part of it; false if it ends before. */
  async awaitPosition(msn: number, part: number | undefined): Promise<boolean> {
    while (!this.#isEnded && !this.#has(msn, part)) {
      await this.#changed.promise;
    }
    return !this.#isEnded;
  }

  /** Nothing comes any more: whoever waits is told. Idempotent. */
  end(): void {
    this.#isEnded = true;
    this.#changed.resolve();
  }

  #has(msn: number, part: number | undefined): boolean {
    if (msn < this.#nextMsn) return true;
    return msn === this.#nextMsn && part !== undefined &&
      part < (this.#open?.parts.length ?? 0);
  }

  #partName(): string {
    return `${this.#prefix}_${this.options.id}_part${this.#nextPart}.mp4`;
  }

  #listed(): readonly Segment[] {
    return this.#segments.slice(-this.options.segmentCount);
  }

  #append(segment: Segment): void {
    const { segmentCount, targets } = this.options;
    targets.addSegment(segment.durationSeconds);
    this.#segments.push(segment);
    this.#nextMsn++;
    const unlisted = this.#segments.at(-segmentCount - 1);
    if (unlisted?.hasDiscontinuity) this.#discontinuitySequence++;
    if (this.#segments.length > segmentCount + UNLISTED_SEGMENTS) {
      this.#segments.shift();
    }
    const old = this.#segments.at(-SEGMENTS_WITH_PARTS - 2);
    if (old) old.parts = [];
    this.#handleChange();
  }

  #handleChange(): void {
    this.options.onChanged();
    const changed = this.#changed;
    this.#changed = Promise.withResolvers();
    changed.resolve();
  }
}
