import { rescaleTicks, VIDEO_CLOCK_RATE_HZ } from "#base/time.ts";
import { clockRateOf, codecKind, type CodecParameters } from "#codecs/codec.ts";
import type { Track } from "#core/track.ts";
import type { UnitOrigin } from "#core/unit.ts";
import type { ElementaryStream } from "./elementary_stream.ts";
import { MpegTsError } from "./errors.ts";
import type { AccessUnit } from "./ts_codec.ts";

/** A stream that has begun has this long, in its own time, to tell its parameters: a video's come with a key frame. */
const PARAMETERS_PATIENCE_TICKS = 10 * VIDEO_CLOCK_RATE_HZ;

/** A stream of which nothing came is waited for this long, once another has begun. */
const SILENCE_PATIENCE_TICKS = 3 * VIDEO_CLOCK_RATE_HZ;

/** Tracks that a program may have had in all: one that comes back gets the number that it had. */
export const MAX_TRACKS = 256;

/** Bytes of units that are kept while tracks are detected; with more, detection ends. */
const MAX_WAITING_BYTES = 16 * 1_024 * 1_024;

/** What a unit counts beside its bytes. */
const UNIT_OVERHEAD_BYTES = 512;

/** A unit that is less than half of the packet it stands in is copied, unless what it keeps of that is as little as this. */
const MAX_WASTE_BYTES = 1_024;

/** One unit of a track, in its ticks: what a publication takes. */
export interface DemuxedUnit {
  readonly ptsTicks: number;
  readonly dtsTicks: number;
  readonly isRandomAccess: boolean;
  readonly sizeBytes: number;
  readonly origin: UnitOrigin;
}

/** Takes what a transport stream holds. */
export interface TrackSink {
  /** The tracks are known, before the first unit, or have changed. May throw, which ends the demuxer. */
  handleTracks(tracks: readonly Track[]): void;
  /** One unit of one of the tracks. Hot path. */
  handleUnit(track: Track, unit: DemuxedUnit): void;
}

interface WaitingUnit {
  readonly stream: ElementaryStream;
  readonly unit: AccessUnit;
}

/**
 * Makes tracks of the elementary streams of a program.
 *
 * They begin together, once the parameters of all are known; those that let wait for too long come later. A stream
 * that leaves the program takes its track along.
 */
export class TrackList {
  #sink: TrackSink;
  #streams: readonly ElementaryStream[] = [];
  /** By PID. */
  #tracks = new Map<number, Track>();
  /** By PID, codec and clock of tracks that are or were there. */
  #trackIds = new Map<string, number>();
  #isStarted = false;
  #waiting: WaitingUnit[] = [];
  #waitingBytes = 0;
  #firstTicks: number | undefined;

  /** Starts without any stream. */
  constructor(sink: TrackSink) {
    this.#sink = sink;
  }

  /** The tracks were handed over. */
  get isStarted(): boolean {
    return this.#isStarted;
  }

  /** The program has these streams from now on. */
  setStreams(streams: readonly ElementaryStream[]): void {
    this.#streams = streams;
    this.#waiting = this.#waiting.filter(({ stream }) =>
      streams.includes(stream)
    );
    if (!this.#isStarted) return;
    let isChanged = false;
    for (const pid of this.#tracks.keys()) {
      if (streams.some(({ entry }) => entry.pid === pid)) continue;
      this.#tracks.delete(pid);
      isChanged = true;
    }
    for (const stream of streams) {
      const { codec, entry } = stream;
      if (!codec || this.#tracks.get(entry.pid)?.codec === codec) continue;
      this.#setTrack(stream, codec);
      isChanged = true;
    }
    if (isChanged) this.#handOverTracks();
  }

  /** Takes the units of one PES packet, which was placed at `latestTicks` of the program's line. Hot path. */
  take(
    stream: ElementaryStream,
    units: readonly AccessUnit[],
    latestTicks: number | undefined,
  ): void {
    for (let i = 0; i < units.length; i++) {
      const unit = compactUnit(units[i]!);
      if (this.#isStarted) this.#publish(stream, unit);
      else this.#wait(stream, unit);
    }
    if (!this.#isStarted) this.#startIfKnown(latestTicks);
  }

  /**
   * Waits for no more parameters.
   *
   * @throws {MpegTsError} if those of no track are known.
   */
  start(): void {
    if (this.#isStarted) return;
    for (const stream of this.#streams) {
      const first = this.#waiting.find((one) => one.stream === stream);
      const codec = first?.unit.codec ?? stream.codec;
      if (codec !== undefined) this.#setTrack(stream, codec);
    }
    if (this.#tracks.size === 0) {
      throw new MpegTsError("the parameters of no track are known");
    }
    this.#isStarted = true;
    this.#handOverTracks();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { stream, unit } of waiting) this.#publish(stream, unit);
  }

  /** Nothing more comes: what waits goes out. */
  end(): void {
    if (this.#waiting.length > 0) this.start();
  }

  #wait(stream: ElementaryStream, unit: AccessUnit): void {
    this.#waiting.push({ stream, unit });
    this.#waitingBytes += UNIT_OVERHEAD_BYTES + sizeOf(unit);
  }

  #startIfKnown(latestTicks: number | undefined): void {
    if (latestTicks === undefined) return;
    this.#firstTicks ??= latestTicks;
    const elapsedTicks = latestTicks - this.#firstTicks;
    const isWhole = this.#streams.every((stream) =>
      stream.codec !== undefined || elapsedTicks >= patienceTicks(stream)
    );
    if (isWhole || this.#waitingBytes > MAX_WAITING_BYTES) this.start();
  }

  #publish(stream: ElementaryStream, unit: AccessUnit): void {
    let track = this.#tracks.get(stream.entry.pid);
    if (track === undefined || track.codec !== unit.codec) {
      track = this.#setTrack(stream, unit.codec);
      this.#handOverTracks();
    }
    const { ptsTicks, dtsTicks, isRandomAccess, parts } = unit;
    const { clockRateHz } = track;
    const pts = rescaleTicks(ptsTicks, VIDEO_CLOCK_RATE_HZ, clockRateHz);
    this.#sink.handleUnit(track, {
      ptsTicks: pts,
      dtsTicks: dtsTicks === ptsTicks
        ? pts
        : rescaleTicks(dtsTicks, VIDEO_CLOCK_RATE_HZ, clockRateHz),
      isRandomAccess,
      sizeBytes: sizeOf(unit),
      origin: { kind: "payload", parts },
    });
  }

  /** A track keeps its number as long as its codec and its clock stay. */
  #setTrack({ entry }: ElementaryStream, codec: CodecParameters): Track {
    const clockRateHz = clockRateOf(codec);
    const key = `${entry.pid}/${codec.codec}/${clockRateHz}`;
    const id = this.#trackIds.get(key) ?? this.#trackIds.size;
    if (id === MAX_TRACKS) {
      throw new MpegTsError(`the program has had ${MAX_TRACKS} tracks already`);
    }
    this.#trackIds.set(key, id);
    const track = { id, kind: codecKind(codec), codec, clockRateHz };
    this.#tracks.set(entry.pid, track);
    return track;
  }

  #handOverTracks(): void {
    const tracks = [...this.#tracks.values()].sort((a, b) => a.id - b.id);
    if (tracks.length > 0) this.#sink.handleTracks(tracks);
  }
}

function patienceTicks(stream: ElementaryStream): number {
  return stream.hasBegun ? PARAMETERS_PATIENCE_TICKS : SILENCE_PATIENCE_TICKS;
}

/** The unit itself, unless it keeps much more memory than it has bytes: most of a packet may be filler. Hot path. */
function compactUnit(unit: AccessUnit): AccessUnit {
  const { parts } = unit;
  const sizeBytes = sizeOf(unit);
  const wasteBytes = parts[0]!.buffer.byteLength - sizeBytes;
  if (wasteBytes <= Math.max(sizeBytes, MAX_WASTE_BYTES)) return unit;
  return { ...unit, parts: parts.map((part) => part.slice()) };
}

function sizeOf({ parts }: AccessUnit): number {
  let sizeBytes = 0;
  for (let i = 0; i < parts.length; i++) sizeBytes += parts[i]!.length;
  return sizeBytes;
}
