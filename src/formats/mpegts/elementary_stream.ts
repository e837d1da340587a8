import { ContinuityCounter } from "./continuity.ts";
import {
  type AssemblyMemory,
  PesAssembler,
  type PesSink,
} from "./pes_assembler.ts";
import { emptyPesHeader, parsePesHeader } from "./pes_header.ts";
import type { StreamEntry } from "./program_tables.ts";
import type {
  AccessUnit,
  PesPacket,
  StreamReader,
  TsCodec,
} from "./ts_codec.ts";
import type { TsClock } from "./ts_clock.ts";
import type { TsHeader } from "./ts_packet.ts";
import type { CodecName, CodecParameters } from "#codecs/codec.ts";

const EMPTY = new Uint8Array(0);

/** Takes what the streams of a program hold. */
export interface ElementaryStreamSink {
  /** Units of one PES packet, in order, possibly none. Hot path. */
  handleUnits(stream: ElementaryStream, units: readonly AccessUnit[]): void;
  /** Something of a stream cannot be used. */
  handleError(message: string): void;
}

/** What the streams of a program share. */
export interface ElementaryStreamOptions {
  readonly sink: ElementaryStreamSink;
  readonly clock: TsClock;
  readonly memory: AssemblyMemory;
}

/** One elementary stream: its transport packets become units. */
export class ElementaryStream implements PesSink, Disposable {
  /** How the program map lists it. */
  readonly entry: StreamEntry;
  /** A PES packet came. */
  hasBegun = false;
  #options: ElementaryStreamOptions;
  #continuity = new ContinuityCounter();
  #assembler: PesAssembler;
  #reader: StreamReader;
  #header = emptyPesHeader();
  #pes: PesPacket = {
    payload: EMPTY,
    ptsTicks: undefined,
    dtsTicks: undefined,
    latestTicks: undefined,
    isRandomAccess: false,
  };

  /** Starts at the next PES packet. */
  constructor(
    entry: StreamEntry,
    codec: TsCodec<CodecName>,
    options: ElementaryStreamOptions,
  ) {
    this.entry = entry;
    this.#options = options;
    this.#assembler = new PesAssembler(this, options.memory);
    this.#reader = codec.openReader(
      entry,
      (message) => this.#report(message),
    );
  }

  /** Parameters of its track; undefined until they are known. */
  get codec(): CodecParameters | undefined {
    return this.#reader.codec;
  }

  /** Transport packets that did not come. */
  get lostPackets(): number {
    return this.#continuity.lostPackets;
  }

  /** Takes a transport packet, borrowed. Hot path. */
  push(bytes: Uint8Array, at: number, header: TsHeader): void {
    if (header.isScrambled) {
      this.#report("it is scrambled, which cannot be read");
      this.interrupt();
      return;
    }
    switch (this.#continuity.check(header)) {
      case "repeated":
        return;
      case "gap":
        this.interrupt();
        break;
      case "next":
        break;
    }
    this.#assembler.push(bytes, at, header);
  }

  /** Bytes are missing here. */
  interrupt(): void {
    this.#assembler.drop("packets are missing");
    this.#reader.handleGap();
  }

  /** Takes what was begun and may be whole: nothing more comes. */
  flush(): void {
    this.#assembler.flush();
  }

  /** Gives its memory back. */
  [Symbol.dispose](): void {
    this.#assembler[Symbol.dispose]();
  }

  /** Part of the assembler. */
  handlePes(packet: Uint8Array, isRandomAccess: boolean): void {
    const header = this.#header;
    const rejection = parsePesHeader(packet, header);
    if (rejection === "pes_padding") return;
    if (rejection !== undefined) {
      this.handleBrokenPes(rejection);
      return;
    }
    const { clock, sink } = this.#options;
    const pes = this.#pes;
    pes.payload = packet.slice(header.payloadOffsetBytes);
    pes.ptsTicks = undefined;
    pes.dtsTicks = undefined;
    if (header.ptsTicks >= 0) {
      pes.ptsTicks = clock.unwrap(header.ptsTicks);
      pes.dtsTicks = header.dtsTicks < 0
        ? pes.ptsTicks
        : Math.min(clock.unwrap(header.dtsTicks), pes.ptsTicks);
    }
    pes.latestTicks = clock.latestTicks;
    pes.isRandomAccess = isRandomAccess;
    this.hasBegun = true;
    const units = this.#reader.read(pes);
    pes.payload = EMPTY;
    if (units.length === 0 && pes.ptsTicks === undefined) {
      this.#report("PES packet without a time left out");
    }
    sink.handleUnits(this, units);
  }

  /** Part of the assembler. */
  handleBrokenPes(reason: string): void {
    this.#report(`PES packet dropped: ${reason}`);
    this.#reader.handleGap();
  }

  #report(message: string): void {
    this.#options.sink.handleError(
      `MPEG-TS stream with PID ${this.entry.pid}: ${message}`,
    );
  }
}
