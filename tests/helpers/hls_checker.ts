import { assert, assertEquals } from "./assert.ts";

/** A partial segment, as a playlist lists it. */
export interface CheckedPart {
  readonly uri: string;
  readonly seconds: number;
  readonly isIndependent: boolean;
}

/** A media segment, as a playlist lists it. */
export interface CheckedSegment {
  readonly msn: number;
  /** Discontinuities before it, since the first of all. */
  readonly discontinuity: number;
  /** Undefined for the segment that is not complete. */
  readonly uri: string | undefined;
  readonly seconds: number;
  readonly isGap: boolean;
  readonly map: string | undefined;
  readonly wallMs: number | undefined;
  readonly parts: readonly CheckedPart[];
}

/** A media playlist as a player reads it. */
export interface CheckedPlaylist {
  readonly version: number;
  readonly targetSeconds: number;
  readonly partTargetSeconds: number | undefined;
  readonly holdBackSeconds: number | undefined;
  readonly skipUntilSeconds: number | undefined;
  readonly skipped: number;
  readonly segments: readonly CheckedSegment[];
  readonly open: CheckedSegment | undefined;
  readonly hint: string | undefined;
  readonly reports: readonly Readonly<Record<string, string>>[];
}

/** Times of a playlist have five digits. */
const ROUNDING_SECONDS = 0.000_01;

/** What wall clocks of segments that follow each other may be off. */
const WALL_TOLERANCE_MS = 50;

/** Attributes of a tag. Spec: RFC 8216 §4.2. */
export function readAttributes(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  let rest = text;
  while (rest !== "") {
    const match = /^([A-Z0-9-]+)=(?:"([^"\r\n]*)"|([^",\s]*))(?:,|$)/.exec(
      rest,
    );
    assert(match, `no attribute list: ${text}`);
    assert(!(match[1]! in attributes), `${match[1]} stands twice: ${text}`);
    attributes[match[1]!] = match[2] ?? match[3]!;
    rest = rest.slice(match[0].length);
  }
  return attributes;
}

/** Reads a media playlist as strictly as the specification has it. Spec: RFC 8216bis §4. */
export function readMediaPlaylist(text: string): CheckedPlaylist {
  const lines = text.split("\n");
  assertEquals(lines.shift(), "#EXTM3U");
  assertEquals(lines.pop(), "", "a playlist ends with a line break");
  const once = new Map<string, string>();
  const segments: CheckedSegment[] = [];
  const reports: Record<string, string>[] = [];
  let hint: string | undefined;
  let skipped = 0;
  let discontinuity = 0;
  let map: string | undefined;
  let seconds: number | undefined;
  let wallMs: number | undefined;
  let isGap = false;
  let parts: CheckedPart[] = [];
  const end = (uri: string | undefined) => {
    segments.push({
      msn: Number(once.get("EXT-X-MEDIA-SEQUENCE") ?? 0) + skipped +
        segments.length,
      discontinuity: discontinuity +
        Number(once.get("EXT-X-DISCONTINUITY-SEQUENCE") ?? 0),
      uri,
      seconds: seconds ?? parts.reduce((sum, part) => sum + part.seconds, 0),
      isGap,
      map: isGap ? undefined : map,
      wallMs,
      parts,
    });
    [seconds, wallMs, isGap, parts] = [undefined, undefined, false, []];
  };
  for (const line of lines) {
    const [, tag = "", value = ""] = /^#([^:]+):?(.*)$/.exec(line) ?? [];
    if (tag === "") {
      assert(seconds !== undefined, `a URI without EXTINF: ${line}`);
      end(line);
    } else if (tag === "EXTINF") {
      assert(/^\d+\.\d+,$/.test(value), `no duration: ${line}`);
      seconds = parseFloat(value);
    } else if (tag === "EXT-X-GAP") isGap = true;
    else if (tag === "EXT-X-DISCONTINUITY") discontinuity++;
    else if (tag === "EXT-X-MAP") map = readAttributes(value)["URI"];
    else if (tag === "EXT-X-PROGRAM-DATE-TIME") {
      wallMs = Date.parse(value);
      assert(Number.isFinite(wallMs), `no date: ${line}`);
    } else if (tag === "EXT-X-PART") {
      const { DURATION, URI, INDEPENDENT } = readAttributes(value);
      parts.push({
        uri: URI!,
        seconds: Number(DURATION),
        isIndependent: INDEPENDENT === "YES",
      });
    } else if (tag === "EXT-X-PRELOAD-HINT") {
      assertEquals(hint, undefined, "one hint");
      hint = readAttributes(value)["URI"];
    } else if (tag === "EXT-X-RENDITION-REPORT") {
      reports.push(readAttributes(value));
    } else if (tag === "EXT-X-SKIP") {
      skipped = Number(readAttributes(value)["SKIPPED-SEGMENTS"]);
      assert(skipped > 0 && segments.length === 0, "a skip stands in front");
    } else {
      assert(!once.has(tag), `${tag} stands once`);
      assertEquals(segments.length, 0, `${tag} stands in front`);
      once.set(tag, value);
    }
  }
  if (parts.length > 0) end(undefined);
  const open = segments.at(-1)?.uri === undefined ? segments.pop() : undefined;
  const control = readAttributes(once.get("EXT-X-SERVER-CONTROL") ?? "");
  const partInf = readAttributes(once.get("EXT-X-PART-INF") ?? "");
  return {
    version: Number(once.get("EXT-X-VERSION")),
    targetSeconds: Number(once.get("EXT-X-TARGETDURATION")),
    partTargetSeconds: numberOf(partInf["PART-TARGET"]),
    holdBackSeconds: numberOf(control["PART-HOLD-BACK"]),
    skipUntilSeconds: numberOf(control["CAN-SKIP-UNTIL"]),
    skipped,
    segments,
    open,
    hint,
    reports,
  };
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

/** Follows one live playlist and checks each state by itself, and against those before. Spec: RFC 8216bis. */
export class HlsPlaylistChecker {
  /** States so far. */
  states = 0;
  /** Parts that were shorter than 85 % of the target, though not the last of their segment. */
  shortParts = 0;
  #known = new Map<number, CheckedSegment>();
  #before: CheckedPlaylist | undefined;

  /** The last state. */
  get current(): CheckedPlaylist {
    assert(this.#before, "a playlist was checked");
    return this.#before;
  }

  /** Checks the next state, which may be the same as before. */
  check(text: string): CheckedPlaylist {
    const playlist = readMediaPlaylist(text);
    this.states++;
    assertEquals(playlist.skipped, 0, "a whole playlist is expected");
    checkTargets(playlist);
    for (const segment of playlist.segments) this.#checkSegment(segment);
    if (playlist.open) this.#checkSegment(playlist.open);
    this.#countShortParts(playlist);
    checkWallClocks(playlist);
    if (this.#before) checkProgress(this.#before, playlist);
    this.#before = playlist;
    return playlist;
  }

  /** Checks a delta update against the whole playlist of the same state. */
  checkDelta(text: string, whole: CheckedPlaylist): void {
    const delta = readMediaPlaylist(text);
    const { skipUntilSeconds = Infinity } = whole;
    let behindSeconds = whole.open?.seconds ?? 0;
    for (const segment of whole.segments.toReversed()) {
      const isSkipped = segment.msn < whole.segments[0]!.msn + delta.skipped;
      assert(
        !isSkipped || behindSeconds >= skipUntilSeconds - ROUNDING_SECONDS,
        `segment ${segment.msn} is skipped, only ${behindSeconds} s back`,
      );
      behindSeconds += segment.seconds;
    }
    assertEquals(
      delta.segments.map(({ msn, uri, seconds }) => ({ msn, uri, seconds })),
      whole.segments.slice(delta.skipped)
        .map(({ msn, uri, seconds }) => ({ msn, uri, seconds })),
    );
    assertEquals(delta.hint, whole.hint);
  }

  /** What was said of a segment stays true. */
  #checkSegment(segment: CheckedSegment): void {
    const known = this.#known.get(segment.msn);
    const label = `segment ${segment.msn}`;
    if (known) {
      assertEquals(segment.discontinuity, known.discontinuity, label);
      assertEquals(segment.map, known.map, label);
      assertEquals(segment.wallMs, known.wallMs, label);
      if (known.uri !== undefined) {
        assertEquals(segment.uri, known.uri, label);
        assertEquals(segment.seconds, known.seconds, label);
      }
      if (segment.parts.length > 0) {
        assertEquals(
          segment.parts.slice(0, known.parts.length),
          known.parts,
          label,
        );
      }
    }
    if (segment.uri !== undefined && segment.parts.length > 0) {
      const sum = segment.parts.reduce((all, part) => all + part.seconds, 0);
      const roundings = (segment.parts.length + 1) * ROUNDING_SECONDS;
      assert(
        Math.abs(sum - segment.seconds) <= roundings,
        `parts of ${label} last ${sum} s, it lasts ${segment.seconds} s`,
      );
    }
    const parts = segment.parts.length > 0 ? segment.parts : known?.parts ?? [];
    this.#known.set(segment.msn, { ...segment, parts });
    this.#known.delete(segment.msn - 100);
  }

  #countShortParts(playlist: CheckedPlaylist): void {
    const { partTargetSeconds = 0, segments } = playlist;
    const last = segments.at(-1);
    for (const { seconds } of last?.parts.slice(0, -1) ?? []) {
      if (last === this.#before?.segments.at(-1)) break;
      if (seconds < 0.85 * partTargetSeconds - ROUNDING_SECONDS) {
        this.shortParts++;
      }
    }
  }
}

function checkTargets(playlist: CheckedPlaylist): void {
  const { targetSeconds, partTargetSeconds, segments, open } = playlist;
  assert(Number.isInteger(targetSeconds) && targetSeconds > 0, "whole seconds");
  for (const { seconds, msn } of segments) {
    assert(
      Math.round(seconds) <= targetSeconds,
      `segment ${msn} lasts ${seconds} s, the target is ${targetSeconds} s`,
    );
  }
  if (partTargetSeconds === undefined) return;
  for (const { parts } of [...segments, ...open ? [open] : []]) {
    for (const { uri, seconds } of parts) {
      assert(
        seconds <= partTargetSeconds + ROUNDING_SECONDS,
        `part ${uri} lasts ${seconds} s, the target is ${partTargetSeconds} s`,
      );
    }
  }
  const { holdBackSeconds = 0, skipUntilSeconds = Infinity, hint } = playlist;
  assert(holdBackSeconds >= 2 * partTargetSeconds, "PART-HOLD-BACK");
  assert(skipUntilSeconds >= 6 * targetSeconds, "CAN-SKIP-UNTIL");
  assert(hint !== undefined, "the next part is announced");
}

function checkWallClocks({ segments }: CheckedPlaylist): void {
  for (const [i, segment] of segments.entries()) {
    const before = segments[i - 1];
    if (before?.discontinuity !== segment.discontinuity) continue;
    if (before.wallMs === undefined || segment.wallMs === undefined) continue;
    const offMs = segment.wallMs - before.wallMs - before.seconds * 1_000;
    assert(
      Math.abs(offMs) <= WALL_TOLERANCE_MS,
      `segment ${segment.msn} is ${offMs} ms off the wall clock`,
    );
  }
}

function checkProgress(before: CheckedPlaylist, after: CheckedPlaylist): void {
  assert(after.targetSeconds >= before.targetSeconds, "the target shrank");
  const firstBefore = before.segments[0]?.msn ?? 0;
  const first = after.segments[0]?.msn ?? 0;
  assert(first >= firstBefore, "the playlist went back");
  const lastBefore = before.segments.at(-1)?.msn ?? 0;
  assert((after.segments.at(-1)?.msn ?? 0) >= lastBefore, "segments are lost");
  if (first > firstBefore) {
    const seconds = after.segments.reduce((all, one) => all + one.seconds, 0);
    assert(
      seconds >= 3 * after.targetSeconds,
      `a segment was removed, only ${seconds} s are left`,
    );
  }
}

/** Times of the samples of a file: where they begin and how long they last, in ticks. */
export function fragmentTimes(
  bytes: Uint8Array,
): { readonly startTicks: number; readonly durationTicks: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let startTicks: number | undefined;
  let durationTicks = 0;
  walkBoxes(view, 0, bytes.length, (type, at) => {
    if (type === "tfdt") startTicks ??= Number(view.getBigUint64(at + 4));
    if (type !== "trun") return;
    const flags = view.getUint32(at) & 0xff_ffff;
    const count = view.getUint32(at + 4);
    const fields = [0x100, 0x200, 0x400, 0x800]
      .filter((flag) => flags & flag).length;
    let sampleAt = at + 8 + ((flags & 1) !== 0 ? 4 : 0) +
      ((flags & 4) !== 0 ? 4 : 0);
    for (let i = 0; i < count; i++, sampleAt += fields * 4) {
      durationTicks += view.getUint32(sampleAt);
    }
  });
  assert(startTicks !== undefined, "a fragment has a base time");
  return { startTicks, durationTicks };
}

function walkBoxes(
  view: DataView,
  from: number,
  end: number,
  visit: (type: string, contentAt: number) => void,
): void {
  for (let at = from; at < end;) {
    const size = view.getUint32(at);
    assert(size >= 8 && at + size <= end, "a box is within its box");
    const type = String.fromCharCode(
      ...[4, 5, 6, 7].map((i) => view.getUint8(at + i)),
    );
    visit(type, at + 8);
    if (type === "moof" || type === "traf") {
      walkBoxes(view, at + 8, at + size, visit);
    }
    at += size;
  }
}
