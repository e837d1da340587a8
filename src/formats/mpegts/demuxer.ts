import type { ParseError } from "#base/errors.ts";
import { isSameBytes } from "#codecs/parameter_sets.ts";
import { ContinuityCounter } from "./continuity.ts";
import {
  ElementaryStream,
  type ElementaryStreamSink,
} from "./elementary_stream.ts";
import { MpegTsError } from "./errors.ts";
import { type TsPacketSink, TsPacketSplitter } from "./packet_splitter.ts";
import { type AssemblyMemory, MAX_ASSEMBLY_BYTES } from "./pes_assembler.ts";
import {
  MAX_PROGRAMS,
  parseProgramAssociation,
  parseProgramMap,
  PAT_PID,
  PAT_TABLE_ID,
  PMT_TABLE_ID,
  type ProgramEntry,
  type StreamEntry,
} from "./program_tables.ts";
import { PsiReader, type PsiSection, type PsiSink } from "./psi_section.ts";
import { TrackList, type TrackSink } from "./track_list.ts";
import type { AccessUnit } from "./ts_codec.ts";
import { TsClock } from "./ts_clock.ts";
import { tsCodecOf } from "./ts_codecs.ts";
import {
  emptyTsHeader,
  parseTsHeader,
  TS_PACKET_BYTES,
  type TsHeader,
} from "./ts_packet.ts";

/** Bytes in which the tables of a program must have come. */
export const MAX_BYTES_BEFORE_PROGRAM = 16 * 1_024 * 1_024;

/** Takes what a demuxer finds. */
export interface MpegTsSink extends TrackSink {
  /** A stream of an unknown codec is left out; `number` is its place in the program, from 1. */
  handleSkipped(number: number): void;
  /** Something could not be read; nothing ends by that. */
  handleError(message: string): void;
}

/** The tables of one PID. */
class TablePid {
  #continuity = new ContinuityCounter();
  #reader: PsiReader;

  constructor(pid: number, sink: PsiSink) {
    this.#reader = new PsiReader(pid, sink);
  }

  push(bytes: Uint8Array, at: number, header: TsHeader): void {
    const continuity = this.#continuity.check(header);
    if (continuity === "repeated") return;
    if (continuity === "gap") this.#reader.drop();
    this.#reader.push(bytes, at, header);
  }

  interrupt(): void {
    this.#reader.drop();
  }
}

/**
 * Takes a transport stream apart into the tracks of one program: the first whose map comes.
 *
 * Limits: 64 programs are looked at, 32 streams of one; 8 MiB a PES packet, 32 MiB for all that are not whole yet.
 * Spec: ISO/IEC 13818-1 §2.4.
 */
export class MpegTsDemuxer
  implements TsPacketSink, PsiSink, ElementaryStreamSink {
  #sink: MpegTsSink;
  #splitter: TsPacketSplitter;
  #header = emptyTsHeader();
  #clock = new TsClock();
  #memory: AssemblyMemory = { leftBytes: MAX_ASSEMBLY_BYTES };
  #tables = new Map<number, TablePid>();
  #streams = new Map<number, ElementaryStream>();
  #tracks: TrackList;
  /** Programs by the section that lists them. */
  #programs = new Map<number, readonly ProgramEntry[]>();
  /** The chosen program: the first whose map came. */
  #program: ProgramEntry | undefined;
  /** Streams of it that are left out. */
  #skipped = new Set<string>();
  #bytesBeforeProgram = 0;
  #lostBefore = 0;

  /** Starts out of sync, without any program. */
  constructor(sink: MpegTsSink) {
    this.#sink = sink;
    this.#splitter = new TsPacketSplitter(this);
    this.#tracks = new TrackList(sink);
    this.#tables.set(PAT_PID, new TablePid(PAT_PID, this));
  }

  /** Transport packets of the program's streams that did not come, as their counters tell. */
  get lostPackets(): number {
    let lost = this.#lostBefore;
    for (const stream of this.#streams.values()) lost += stream.lostPackets;
    return lost;
  }

  /**
   * Takes the next bytes of the stream, however they are cut. Hot path.
   *
   * Input: owned.
   *
   * @throws {MpegTsError} if nothing can be made of the stream. What the sink throws at its tracks passes.
   */
  push(bytes: Uint8Array): void {
    if (!this.#tracks.isStarted) this.#limitDetection(bytes.length);
    this.#splitter.push(bytes);
  }

  /** So many bytes are missing here that the counters of packets may not show it. */
  interrupt(): void {
    for (const table of this.#tables.values()) table.interrupt();
    for (const stream of this.#streams.values()) stream.interrupt();
  }

  /**
   * Begins with the tracks that are known; does nothing if they have begun.
   *
   * @throws {MpegTsError} if none is.
   */
  start(): void {
    if (this.#streams.size === 0) {
      throw new MpegTsError("no program was found");
    }
    this.#tracks.start();
  }

  /** Takes what is held back: nothing more comes. Output: PIDs of streams that never told their parameters. */
  end(): readonly number[] {
    for (const stream of this.#streams.values()) this.#close(stream);
    const unknown = [...this.#streams.values()].filter(({ codec }) => !codec);
    this.#streams.clear();
    this.#tracks.end();
    return unknown.map(({ entry }) => entry.pid);
  }

  /** Part of the splitter. */
  handlePacket(bytes: Uint8Array, at: number): void {
    const header = this.#header;
    const rejection = parseTsHeader(bytes, at, header);
    if (rejection !== undefined) {
      this.handleError(`MPEG-TS packet rejected: ${rejection}`);
      return;
    }
    const stream = this.#streams.get(header.pid);
    if (stream !== undefined) stream.push(bytes, at, header);
    else this.#tables.get(header.pid)?.push(bytes, at, header);
  }

  /** Part of the splitter. */
  handleLostSync(skippedBytes: number): void {
    this.handleError(
      `${skippedBytes} bytes without MPEG-TS packets of ${TS_PACKET_BYTES} bytes`,
    );
  }

  /** Part of the tables. */
  handleSection(pid: number, section: PsiSection): void {
    const { tableId, tableIdExtension: programNumber } = section;
    if (pid === PAT_PID) {
      if (tableId === PAT_TABLE_ID) this.#takePrograms(section);
      return;
    }
    if (tableId !== PMT_TABLE_ID) return;
    const entry = this.#listed({ pid, programNumber });
    if (entry && (this.#program ?? entry) === entry) {
      const streams = parseProgramMap(section.body);
      this.#program = entry;
      this.#takeProgram(streams);
    }
  }

  /** Part of the tables. */
  handleBadSection(pid: number, error: ParseError): void {
    this.handleError(`MPEG-TS table with PID ${pid}: ${error.message}`);
  }

  /** Part of the elementary streams. */
  handleUnits(stream: ElementaryStream, units: readonly AccessUnit[]): void {
    this.#tracks.take(stream, units, this.#clock.latestTicks);
  }

  /** Part of the elementary streams. */
  handleError(message: string): void {
    this.#sink.handleError(message);
  }

  #limitDetection(chunkBytes: number): void {
    if (this.#program !== undefined) return;
    this.#bytesBeforeProgram += chunkBytes;
    if (this.#bytesBeforeProgram <= MAX_BYTES_BEFORE_PROGRAM) return;
    throw new MpegTsError(
      `no program was found in ${MAX_BYTES_BEFORE_PROGRAM} bytes`,
    );
  }

  #takePrograms(section: PsiSection): void {
    const { body, sectionNumber, lastSectionNumber } = section;
    this.#programs.set(sectionNumber, parseProgramAssociation(body));
    for (const number of this.#programs.keys()) {
      if (number > lastSectionNumber) this.#programs.delete(number);
    }
    const programs = [...this.#programs.values()].flat()
      .slice(0, MAX_PROGRAMS);
    const chosen = this.#program && this.#listed(this.#program);
    const isLost = this.#program !== undefined && chosen === undefined;
    this.#program = chosen;
    const tables = new Map([[PAT_PID, this.#tables.get(PAT_PID)!]]);
    for (const { pid } of programs) {
      // Readers tell a map only once: those of the other programs are wanted again when the chosen one is gone.
      const known = isLost ? undefined : this.#tables.get(pid);
      tables.set(pid, tables.get(pid) ?? known ?? new TablePid(pid, this));
    }
    this.#tables = tables;
  }

  /** What the association says of a program. */
  #listed({ pid, programNumber }: ProgramEntry): ProgramEntry | undefined {
    for (const programs of this.#programs.values()) {
      for (const one of programs) {
        if (one.pid === pid && one.programNumber === programNumber) return one;
      }
    }
    return undefined;
  }

  #takeProgram(entries: readonly StreamEntry[]): void {
    const skipped = new Set<string>();
    const streams = new Map<number, ElementaryStream>();
    for (const [i, entry] of entries.entries()) {
      if (this.#tables.has(entry.pid)) continue;
      const known = this.#streams.get(entry.pid);
      const stream = known && isSameEntry(known.entry, entry)
        ? known
        : this.#openStream(entry);
      if (stream !== undefined) {
        streams.set(entry.pid, stream);
        continue;
      }
      const key = `${entry.pid}/${entry.streamType}`;
      skipped.add(key);
      if (!this.#skipped.has(key)) this.#sink.handleSkipped(i + 1);
    }
    this.#skipped = skipped;
    for (const stream of this.#streams.values()) {
      if (streams.get(stream.entry.pid) !== stream) this.#close(stream);
    }
    this.#streams = streams;
    if (streams.size === 0 && skipped.size > 0 && !this.#tracks.isStarted) {
      throw new MpegTsError("the program has no track of a supported codec");
    }
    this.#tracks.setStreams([...streams.values()]);
  }

  #openStream(entry: StreamEntry): ElementaryStream | undefined {
    const codec = tsCodecOf(entry);
    return codec && new ElementaryStream(entry, codec, {
      sink: this,
      clock: this.#clock,
      memory: this.#memory,
    });
  }

  #close(stream: ElementaryStream): void {
    stream.flush();
    stream[Symbol.dispose]();
    this.#lostBefore += stream.lostPackets;
  }
}

/** Whether a map lists a stream as it did before. */
function isSameEntry(a: StreamEntry, b: StreamEntry): boolean {
  return a.streamType === b.streamType &&
    a.descriptors.length === b.descriptors.length &&
    a.descriptors.every(({ tag, data }, i) => {
      const other = b.descriptors[i]!;
      return tag === other.tag && isSameBytes(data, other.data);
    });
}
