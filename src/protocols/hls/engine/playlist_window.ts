import { assert } from "#base/errors.ts";
import { joinBytes } from "#base/join_bytes.ts";
import type {
  MediaPlaylist,
  PlaylistPart,
  RenditionReport,
  SegmentHead,
} from "#protocols/hls/wire/media_playlist.ts";
import { dashTicks } from "#protocols/hls/wire/dash_manifest.ts";
import type { PlaylistTargets } from "./playlist_targets.ts";
import type { SegmentStore } from "./segment_store.ts";

/** Segments that are listed no more, but that somebody may be about to ask for. */
const UNLISTED_SEGMENTS = 2;

/** Segments whose parts are listed beside them. */
const SEGMENTS_WITH_PARTS = 2;

/** Segments that are in memory, wherever they are beside: those that many ask for at the same time. */
const SEGMENTS_IN_MEMORY = SEGMENTS_WITH_PARTS + 1;

/** Without media for so many segments, a track is taken for one that nobody brings. */
const SILENT_SEGMENTS = 2;

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
  /** The same file for those who know its time. */
  readonly timedUri: string | undefined;
  readonly header: HlsFile | undefined;
  /** On the time line of the files. */
  readonly startSeconds: number;
  durationSeconds: number;
  isGap: boolean;
  parts: Part[];
  sizeBytes: number;
  /** Undefined where it is in the store only. */
  bytes: Uint8Array | undefined;
  /** Whether the store has it. */
  isKept: boolean;
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

/** Somebody who waits for what comes next. */
interface Waiting {
  isThere(): boolean;
  then(isThere: boolean): void;
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
  /** Where older segments are; in memory, if left out. */
  readonly store?: SegmentStore | undefined;
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
  #waiting: Waiting[] = [];
  #isTelling = false;

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

  /** Whether nothing has come for a while. */
  get isSilent(): boolean {
    return this.#open === undefined &&
      this.#segments.slice(-SILENT_SEGMENTS).every(({ isGap }) => isGap);
  }

  /** Name of the playlist. */
  get playlistName(): string {
    return `${this.options.id}_stream.m3u8`;
  }

  /** Name of the segment that begins at a time, in the ticks of a manifest: times go on where a discontinuity is. */
  timedName(ticks: number | string): string {
    const { prefix, id, extension } = this.options;
    return `${prefix}_${id}_t${ticks}.${extension}`;
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
      timedUri: this.timedName(dashTicks(opening.startSeconds)),
      mapUri: header?.name,
      durationSeconds: 0,
      isGap: false,
      parts: [],
      sizeBytes: 0,
      bytes: undefined,
      isKept: false,
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
    const bytes = joinBytes(parts.map(({ bytes }) => bytes));
    segment.bytes = bytes;
    segment.sizeBytes = bytes.length;
    // The parts become views: everything is held once.
    let atBytes = 0;
    segment.parts = this.options.hasParts
      ? parts.map((part) => {
        const { length } = part.bytes;
        const view = bytes.subarray(atBytes, atBytes + length);
        atBytes += length;
        return { ...part, bytes: view };
      })
      : [];
    this.#open = undefined;
    this.#append(segment);
    this.#keep(segment, bytes);
    this.options.targets.freeze();
  }

  /** Appends a segment without media. */
  addGap(startSeconds: number, durationSeconds: number): void {
    this.#append({
      msn: this.#nextMsn,
      uri: GAP_URI,
      timedUri: undefined,
      header: undefined,
      mapUri: undefined,
      hasDiscontinuity: false,
      startWallMs: undefined,
      startSeconds,
      durationSeconds,
      isGap: true,
      parts: [],
      sizeBytes: 0,
      bytes: undefined,
      isKept: false,
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
    }));
  }

  /** The file with this name; undefined if there is none in memory. */
  find(name: string): Uint8Array | undefined {
    const segments = this.#open
      ? [...this.#segments, this.#open]
      : this.#segments;
    for (let i = segments.length - 1; i >= 0; i--) {
      const { uri, header, parts, bytes, isGap } = segments[i]!;
      if (header?.name === name) return header.bytes;
      if (uri === name || segments[i]!.timedUri === name) {
        return isGap || segments[i] === this.#open ? undefined : bytes;
      }
      const part = parts.find((one) => one.name === name);
      if (part) return part.bytes;
    }
    return undefined;
  }

  /**
   * Hands out a file; waits for one that was announced.
   *
   * Output of `then`: undefined if it is not announced, or never comes. Hot path.
   */
  whenFile(name: string, then: (bytes: Uint8Array | undefined) => void): void {
    const bytes = this.find(name);
    if (bytes !== undefined) return then(bytes);
    const kept = this.#segments.find(({ uri, timedUri, isKept }) =>
      isKept && (uri === name || timedUri === name)
    );
    if (kept) this.options.store!.read(kept.uri, then);
    else if (this.options.hasParts && name === this.#partName()) {
      const isThere = () => name !== this.#partName();
      this.#when(isThere, () => then(this.find(name)));
    } else if (name === this.timedName(dashTicks(this.endSeconds))) {
      // ffmpeg asks again and again for a segment that no manifest names yet, and plays it twice if it gets it.
      this.whenPosition(this.#nextMsn, undefined, () => then(undefined));
    } else then(undefined);
  }

  /** Tells when so many segments have media; false if it ends before. Hot path. */
  whenSegments(count: number, then: (isThere: boolean) => void): void {
    this.#when(() => this.mediaSegmentCount >= count, then);
  }

  /** Tells when a segment is there, or a part of it; false if it ends before. Hot path. */
  whenPosition(
    msn: number,
    part: number | undefined,
    then: (isThere: boolean) => void,
  ): void {
    this.#when(() => this.#has(msn, part), then);
  }

  /** Nothing comes any more: whoever waits is told. Idempotent. */
  end(): void {
    this.#isEnded = true;
    this.#tellWaiting();
    if (this.options.store === undefined) return;
    while (this.#segments.length > 0) this.#forgetOldest();
  }

  #when(isThere: () => boolean, then: (isThere: boolean) => void): void {
    if (this.#isEnded) then(false);
    else if (isThere()) then(true);
    else this.#waiting.push({ isThere, then });
  }

  #tellWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) this.#when(one.isThere, one.then);
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
      this.#forgetOldest();
    }
    const old = this.#segments.at(-SEGMENTS_IN_MEMORY - 1);
    if (old) {
      old.parts = [];
      this.#release(old);
    }
    this.#handleChange();
  }

  /** Has the store take what is complete, and its header. */
  #keep(segment: Segment, bytes: Uint8Array): void {
    const { store } = this.options;
    if (store === undefined) return;
    const { header, uri } = segment;
    if (header && header !== this.#segments.at(-2)?.header) {
      store.keep(header.name, header.bytes, () => {});
    }
    store.keep(uri, bytes, () => {
      segment.isKept = true;
      this.#release(segment);
    });
  }

  #release(segment: Segment): void {
    const newest = this.#segments.slice(-SEGMENTS_IN_MEMORY);
    if (segment.isKept && !newest.includes(segment)) segment.bytes = undefined;
  }

  #forgetOldest(): void {
    const oldest = this.#segments.shift();
    const { store } = this.options;
    if (oldest === undefined || store === undefined || oldest.isGap) return;
    const { uri, header } = oldest;
    store.drop(uri);
    const others = this.#open
      ? [...this.#segments, this.#open]
      : this.#segments;
    if (header && others.every((other) => other.header !== header)) {
      store.drop(header.name);
    }
  }

  #handleChange(): void {
    this.options.onChanged();
    if (this.#waiting.length === 0 || this.#isTelling) return;
    this.#isTelling = true;
    // Behind everything else that the same units are for.
    queueMicrotask(() => {
      this.#isTelling = false;
      this.#tellWaiting();
    });
  }
}
