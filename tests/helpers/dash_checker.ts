import { assert, assertEquals } from "./assert.ts";

/** An element of a manifest. */
interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
}

/** A segment that a manifest lists. */
export interface DashSegment {
  readonly url: string;
  /** In its file, seconds. */
  readonly startSeconds: number;
  readonly durationSeconds: number;
  /** On the time line of the manifest, seconds. */
  readonly presentedSeconds: number;
}

/** A track within a period. */
export interface DashTrack {
  readonly id: string;
  readonly mimeType: string;
  readonly codecs: string | undefined;
  readonly headerUrl: string;
  /** Those that are available still. */
  readonly segments: readonly DashSegment[];
}

/** A time that goes on. */
export interface CheckedPeriod {
  readonly id: string;
  readonly startSeconds: number;
  readonly tracks: readonly DashTrack[];
}

/** A live manifest as a player reads it. */
export interface CheckedManifest {
  readonly startWallMs: number;
  /** What its clock says. */
  readonly nowSeconds: number;
  readonly windowSeconds: number;
  readonly delaySeconds: number;
  readonly periods: readonly CheckedPeriod[];
}

/** Times of a manifest are whole milliseconds, those of segments microseconds. */
const ROUNDING_SECONDS = 0.001_1;

/** How far one track may be ahead of another. */
const MAX_APART_SECONDS = 0.1;

const REQUIRED = [
  "profiles",
  "type",
  "availabilityStartTime",
  "publishTime",
  "minimumUpdatePeriod",
  "minBufferTime",
  "timeShiftBufferDepth",
  "suggestedPresentationDelay",
];

function readElement(text: string): Element {
  const root: Element = { name: "", attributes: {}, children: [] };
  const open = [root];
  let at = 0;
  for (
    const match of text.matchAll(
      /\s*<(\/?)([A-Za-z]+)((?: [A-Za-z]+="[^"<]*")*)(\/?)>\s*/g,
    )
  ) {
    const [whole, end, name = "", attributes = "", single] = match;
    assertEquals(match.index, at, `no XML: ${text.slice(at, at + 80)}`);
    at += whole.length;
    if (end === "/") {
      assertEquals(open.pop()!.name, name, "elements end as they begin");
      continue;
    }
    const element: Element = {
      name,
      attributes: readAttributes(attributes),
      children: [],
    };
    open.at(-1)!.children.push(element);
    if (single !== "/") open.push(element);
  }
  assertEquals([open.length, at], [1, text.length], "all of it is XML");
  assertEquals(root.children.length, 1, "there is one root");
  return root.children[0]!;
}

function readAttributes(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(/ ([A-Za-z]+)="([^"]*)"/g)) {
    assert(!(name! in attributes), `${name} stands twice: ${text}`);
    attributes[name!] = value!.replaceAll(
      /&#(\d+);/g,
      (_, code) => String.fromCharCode(Number(code)),
    );
  }
  return attributes;
}

function childrenOf({ children }: Element, name: string): Element[] {
  return children.filter((one) => one.name === name);
}

function childOf(element: Element, name: string): Element {
  const found = childrenOf(element, name);
  assertEquals(found.length, 1, `${element.name} has one ${name}`);
  return found[0]!;
}

function seconds(text: string | undefined): number {
  const match = /^PT(\d+(?:\.\d+)?)S$/.exec(text ?? "");
  assert(match, `no duration: ${text}`);
  return Number(match[1]);
}

function wallMs(text: string | undefined): number {
  const ms = Date.parse(text ?? "");
  assert(!Number.isNaN(ms) && text!.endsWith("Z"), `no time: ${text}`);
  return ms;
}

/** Reads a live manifest as strictly as the specification has it. Spec: ISO/IEC 23009-1 §5.3. */
export function readManifest(text: string): CheckedManifest {
  const head = '<?xml version="1.0" encoding="UTF-8"?>';
  assert(text.startsWith(head), "it says what it is");
  const mpd = readElement(text.slice(head.length));
  const { attributes } = mpd;
  assertEquals(mpd.name, "MPD");
  assertEquals(attributes["xmlns"], "urn:mpeg:dash:schema:mpd:2011");
  assertEquals(attributes["type"], "dynamic");
  for (const name of REQUIRED) assert(attributes[name], `MPD has ${name}`);
  const timing = childOf(mpd, "UTCTiming").attributes;
  // The time itself: no player asks another host for it.
  assertEquals(timing["schemeIdUri"], "urn:mpeg:dash:utc:direct:2014");
  const startWallMs = wallMs(attributes["availabilityStartTime"]);
  const nowSeconds = (wallMs(timing["value"]) - startWallMs) / 1_000;
  const windowSeconds = seconds(attributes["timeShiftBufferDepth"]);
  const periods = childrenOf(mpd, "Period").map((period) =>
    readPeriod(period, nowSeconds - windowSeconds)
  );
  assert(seconds(attributes["minimumUpdatePeriod"]) > 0, "it is asked for");
  return {
    startWallMs,
    nowSeconds,
    windowSeconds,
    delaySeconds: seconds(attributes["suggestedPresentationDelay"]),
    periods,
  };
}

function readPeriod(period: Element, fromSeconds: number): CheckedPeriod {
  const { id, start } = period.attributes;
  const startSeconds = seconds(start);
  assert(id, "a period has a name");
  const sets = childrenOf(period, "AdaptationSet");
  const tracks = sets.map((set) => readTrack(set, startSeconds, fromSeconds));
  const mains = sets.filter((set) =>
    childOf(set, "Role").attributes["value"] === "main"
  ).map(({ attributes }) => attributes["contentType"]);
  assertEquals(mains.length, new Set(mains).size, "one of a kind is first");
  return { id, startSeconds, tracks };
}

function readTrack(
  set: Element,
  periodSeconds: number,
  fromSeconds: number,
): DashTrack {
  const representation = childOf(set, "Representation");
  const { id, mimeType, codecs, bandwidth } = representation.attributes;
  assert(id && mimeType, "a representation has a name and a type");
  assert(Number(bandwidth) > 0, "bandwidth");
  assertEquals(set.attributes["contentType"], mimeType.split("/")[0]);
  const template = childOf(representation, "SegmentTemplate");
  const { timescale, initialization, media, presentationTimeOffset } =
    template.attributes;
  assert(initialization && media, "names of files");
  assert(media.includes("$Time$"), media);
  assert(!`${initialization}${media}`.includes("//"), "no other host");
  const scale = Number(timescale);
  const offset = Number(presentationTimeOffset);
  assert(scale > 0 && offset >= 0, "a time line");
  const segments: DashSegment[] = [];
  let end: number | undefined;
  for (const { attributes } of childOf(template, "SegmentTimeline").children) {
    const [t, d] = [Number(attributes["t"]), Number(attributes["d"])];
    assert(t >= 0 && d > 0, `S of ${id}: ${t}, ${d}`);
    assert(end === undefined || t >= end, `S of ${id} overlap at ${t}`);
    end = t + d;
    const presentedSeconds = periodSeconds + (t - offset) / scale;
    assert(presentedSeconds >= periodSeconds, "S within its period");
    // Players take what lies before the window for gone.
    const isGone = end - offset <=
      (fromSeconds - periodSeconds + ROUNDING_SECONDS) * scale;
    if (isGone) continue;
    segments.push({
      url: media.replace("$Time$", `${t}`).replaceAll("$$", "$"),
      startSeconds: t / scale,
      durationSeconds: d / scale,
      presentedSeconds,
    });
  }
  return { id, mimeType, codecs, headerUrl: initialization, segments };
}

/** Follows one live manifest and checks each state by itself, and against those before. */
export class DashChecker {
  /** States so far. */
  states = 0;
  #before: CheckedManifest | undefined;
  /** What was said of segments, and of periods. */
  #said = new Map<string, unknown>();

  /** Checks the next state, which may be the same as before. */
  check(text: string): CheckedManifest {
    const manifest = readManifest(text);
    this.states++;
    const { periods, nowSeconds, windowSeconds } = manifest;
    assert(periods.length > 0, "there is something to see");
    let endSeconds = 0;
    for (const period of periods) {
      assert(
        period.startSeconds >= endSeconds - ROUNDING_SECONDS,
        `period ${period.id} begins at ${period.startSeconds} s, what is before it ends at ${endSeconds} s`,
      );
      endSeconds = this.#checkPeriod(period);
    }
    assert(
      endSeconds <= nowSeconds + ROUNDING_SECONDS,
      `the newest segment ends at ${endSeconds} s, it is ${nowSeconds} s`,
    );
    const oldest = periods[0]!.tracks.map(({ segments }) =>
      segments[0]?.presentedSeconds ?? Infinity
    );
    assert(
      Math.max(...oldest) <= nowSeconds - windowSeconds + ROUNDING_SECONDS,
      "all tracks are there from where the window begins",
    );
    if (this.#before) {
      assertEquals(manifest.startWallMs, this.#before.startWallMs);
      assert(nowSeconds >= this.#before.nowSeconds, "the clock goes on");
    }
    this.#before = manifest;
    return manifest;
  }

  #checkPeriod({ id, startSeconds, tracks }: CheckedPeriod): number {
    this.#checkSaid(`period ${id}`, startSeconds);
    const ends: number[] = [];
    for (const track of tracks) {
      this.#checkSaid(`${id} ${track.id}`, [track.headerUrl, track.codecs]);
      for (const { url, ...times } of track.segments) {
        this.#checkSaid(url, times);
      }
      const last = track.segments.at(-1);
      if (last) ends.push(last.presentedSeconds + last.durationSeconds);
    }
    const endSeconds = Math.max(startSeconds, ...ends);
    assert(
      endSeconds - Math.min(endSeconds, ...ends) <= MAX_APART_SECONDS,
      `tracks of period ${id} end at ${ends}`,
    );
    return endSeconds;
  }

  /** What was said once stays true. */
  #checkSaid(what: string, said: unknown): void {
    if (this.#said.has(what)) assertEquals(said, this.#said.get(what), what);
    this.#said.set(what, said);
  }
}
