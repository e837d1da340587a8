import { errorText } from "#base/errors.ts";
import { rescaleTicks, VIDEO_CLOCK_RATE_HZ } from "#base/time.ts";
import type { Track } from "#core/track.ts";
import type { MediaUnit } from "#core/unit.ts";
import { unitParts } from "#formats/rtp/unit_parts.ts";
import {
  fitsPes,
  type PesHead,
  pesPacketCount,
  tablePacketCount,
  writePesPackets,
  writeTablePackets,
} from "./packet_writer.ts";
import { PAT_PID } from "./program_tables.ts";
import {
  serializeProgramAssociation,
  serializeProgramMap,
  WRITTEN_PMT_PID,
} from "./table_writer.ts";
import { TS_PACKET_BYTES } from "./ts_packet.ts";
import { type LatmChoice, type TsOutput, tsOutputOf } from "./ts_payloads.ts";

/** PID of the first stream; the others follow in the order of the tracks. */
const FIRST_STREAM_PID = 0x100;

/** The clock runs so far behind decoding: what a reader may buffer. */
const CLOCK_DELAY_TICKS = VIDEO_CLOCK_RATE_HZ / 10;

/** Tables come again after so much stream time, and where a decoder may start. */
const TABLES_INTERVAL_TICKS = VIDEO_CLOCK_RATE_HZ / 10;

/** Program map versions have five bits. */
const MAX_VERSION = 31;

const NOTHING = new Uint8Array();

/** How a multiplex is made. */
export interface TsMuxerOptions {
  /** What becomes of AAC that came as LATM. */
  readonly latm: LatmChoice;
  /** Told of units that cannot be taken apart; they are left out. */
  readonly onError: (message: string) => void;
}

/** Where a multiplex stands between two units. Plain data; another muxer goes on from it with the same bytes. */
export interface TsMuxerState {
  /** Tracks in force; undefined before the first unit. */
  readonly tracks: readonly Track[] | undefined;
  /** `version_number` of the program map. */
  readonly mapVersion: number;
  /** Decoding time of the unit behind the last tables, 90 kHz; undefined if tables must come next. */
  readonly tablesTicks: number | undefined;
  /** Continuity counters of the next packets, by PID. */
  readonly counters: ReadonlyMap<number, number>;
}

/** A stream of the program. */
interface OutputStream extends TsOutput {
  readonly track: Track;
  readonly pid: number;
}

/** One access unit whose packets are laid out. */
interface PlannedUnit {
  readonly head: PesHead;
  readonly pieces: readonly Uint8Array[];
  readonly packetCount: number;
  readonly hasTables: boolean;
}

/**
 * Makes a transport stream of units: one program, a PES packet an access unit.
 *
 * Every run of packets begins with a whole access unit, and with the tables wherever a decoder may start, so that a
 * reader or a segment may begin there.
 * Spec: ISO/IEC 13818-1 §2.4.
 */
export class TsMuxer {
  #options: TsMuxerOptions;
  #tracks: readonly Track[] | undefined;
  #streams: readonly OutputStream[] = [];
  /** Carries the clock: the first of pictures, or else the first. */
  #leading: OutputStream | undefined;
  #association = serializeProgramAssociation();
  #map = NOTHING;
  #mapVersion = -1;
  #tablesTicks: number | undefined;
  #counters = new Map<number, number>();

  /** Starts with tables; or goes on from `state`. */
  constructor(options: TsMuxerOptions, state?: TsMuxerState) {
    this.#options = options;
    if (state === undefined) return;
    this.#counters = new Map(state.counters);
    if (state.tracks) this.#setTracks(state.tracks);
    this.#mapVersion = state.mapVersion;
    this.#tablesTicks = state.tablesTicks;
    if (state.tracks) this.#map = this.#serializeMap();
  }

  /** Where the multiplex stands. */
  get state(): TsMuxerState {
    return {
      tracks: this.#tracks,
      mapVersion: this.#mapVersion,
      tablesTicks: this.#tablesTicks,
      counters: new Map(this.#counters),
    };
  }

  /** Tracks that are written, of those of the last units. */
  get tracks(): readonly Track[] {
    return this.#streams.map(({ track }) => track);
  }

  /** The next unit comes behind tables, whatever it is: a segment begins. */
  beginSegment(): void {
    this.#tablesTicks = undefined;
  }

  /**
   * Packets of units, in order, tables included where they are due.
   *
   * Hot path. Input: `tracks` are those in force; other ones than before make a new program map. Output: owned, a
   * multiple of 188 bytes; empty if nothing of the units is carried.
   */
  mux(
    units: readonly MediaUnit[],
    tracks: readonly Track[],
  ): Uint8Array<ArrayBuffer> {
    if (tracks !== this.#tracks) this.#changeTracks(tracks);
    const planned: PlannedUnit[] = [];
    let packetCount = 0;
    for (let i = 0; i < units.length; i++) {
      const one = this.#plan(units[i]!);
      if (one === undefined) continue;
      planned.push(one);
      packetCount += one.packetCount +
        (one.hasTables ? this.#tablesPacketCount : 0);
    }
    const bytes = new Uint8Array(packetCount * TS_PACKET_BYTES);
    let at = 0;
    for (let i = 0; i < planned.length; i++) {
      const { head, pieces, hasTables, packetCount: count } = planned[i]!;
      if (hasTables) at = this.#writeTables(bytes, at);
      const counter = this.#take(head.pid, count);
      at = writePesPackets({ into: bytes, at, counter }, head, pieces);
    }
    return bytes;
  }

  #plan(unit: MediaUnit): PlannedUnit | undefined {
    const stream = this.#streamOf(unit.trackId);
    if (stream === undefined) return undefined;
    const { payload, form, track, pid } = stream;
    let pieces: readonly Uint8Array[];
    try {
      const parts = unitParts(unit, track);
      pieces = payload.pieces(parts, track.codec, unit.isRandomAccess);
    } catch (error) {
      this.#options.onError(errorText(error));
      return undefined;
    }
    let payloadBytes = 0;
    for (let i = 0; i < pieces.length; i++) payloadBytes += pieces[i]!.length;
    const { clockRateHz } = track;
    const dtsTicks = rescaleTicks(
      unit.dtsTicks,
      clockRateHz,
      VIDEO_CLOCK_RATE_HZ,
    );
    const ptsTicks = unit.ptsTicks === unit.dtsTicks
      ? dtsTicks
      : rescaleTicks(unit.ptsTicks, clockRateHz, VIDEO_CLOCK_RATE_HZ);
    const isLeading = stream === this.#leading;
    const head: PesHead = {
      pid,
      streamId: form.streamId,
      ptsTicks,
      dtsTicks,
      pcrTicks: isLeading ? dtsTicks - CLOCK_DELAY_TICKS : undefined,
      isRandomAccess: unit.isRandomAccess,
      mayBeUnbounded: track.kind === "video",
    };
    if (payloadBytes === 0 || !fitsPes(head, payloadBytes)) return undefined;
    const startsGroup = isLeading && track.kind === "video" &&
      unit.isRandomAccess;
    const sinceTicks = dtsTicks - (this.#tablesTicks ?? -Infinity);
    const hasTables = startsGroup || sinceTicks >= TABLES_INTERVAL_TICKS;
    if (hasTables) this.#tablesTicks = dtsTicks;
    const packetCount = pesPacketCount(head, payloadBytes);
    return { head, pieces, packetCount, hasTables };
  }

  #streamOf(trackId: number): OutputStream | undefined {
    const streams = this.#streams;
    for (let i = 0; i < streams.length; i++) {
      if (streams[i]!.track.id === trackId) return streams[i];
    }
    return undefined;
  }

  /** Tables follow if the program has become another one. */
  #changeTracks(tracks: readonly Track[]): void {
    const before = this.#map;
    this.#setTracks(tracks);
    const after = this.#serializeMap();
    const isSame = before.length === after.length &&
      before.every((byte, i) => byte === after[i]);
    if (isSame) return;
    this.#mapVersion = this.#mapVersion === MAX_VERSION
      ? 0
      : this.#mapVersion + 1;
    this.#map = this.#serializeMap();
    this.#tablesTicks = undefined;
  }

  #setTracks(tracks: readonly Track[]): void {
    this.#tracks = tracks;
    const streams: OutputStream[] = [];
    for (const track of tracks) {
      const output = this.#outputOf(track);
      if (output === undefined) continue;
      streams.push({
        ...output,
        track,
        pid: FIRST_STREAM_PID + streams.length,
      });
    }
    this.#streams = streams;
    this.#leading = streams.find(({ track }) => track.kind === "video") ??
      streams[0];
  }

  #outputOf(track: Track): TsOutput | undefined {
    try {
      return tsOutputOf(track.codec, this.#options.latm);
    } catch (error) {
      this.#options.onError(errorText(error));
      return undefined;
    }
  }

  #serializeMap(): Uint8Array<ArrayBuffer> {
    const entries = this.#streams.map(({ form, pid }) => ({ ...form, pid }));
    const pcrPid = this.#leading?.pid ?? FIRST_STREAM_PID;
    const version = Math.max(0, this.#mapVersion);
    return serializeProgramMap(entries, { pcrPid, version });
  }

  get #tablesPacketCount(): number {
    return tablePacketCount(this.#association) + tablePacketCount(this.#map);
  }

  #writeTables(into: Uint8Array, startBytes: number): number {
    let at = startBytes;
    for (
      const [pid, section] of [
        [PAT_PID, this.#association],
        [WRITTEN_PMT_PID, this.#map],
      ] as const
    ) {
      const counter = this.#take(pid, tablePacketCount(section));
      at = writeTablePackets({ into, at, counter }, pid, section);
    }
    return at;
  }

  /** Counter of the next packet of a PID; `count` are about to be written. */
  #take(pid: number, count: number): number {
    const counter = this.#counters.get(pid) ?? 0;
    this.#counters.set(pid, counter + count & 0b1111);
    return counter;
  }
}
