import { isPesStart, PES_PREFIX_BYTES, pesSizeBytes } from "./pes_header.ts";
import { TS_PACKET_BYTES, type TsHeader } from "./ts_packet.ts";

/** Largest PES packet that is put together. */
export const MAX_PES_BYTES = 8 * 1_024 * 1_024;

/** Memory in which all streams of a program together put their packets together. */
export const MAX_ASSEMBLY_BYTES = 32 * 1_024 * 1_024;

const MIN_CAPACITY_BYTES = 4_096;

/** Memory that the streams of a program share. */
export interface AssemblyMemory {
  leftBytes: number;
}

/** Takes the PES packets of one stream. */
export interface PesSink {
  /** One whole packet, borrowed; `isRandomAccess` is what the adaptation field said where it began. Hot path. */
  handlePes(packet: Uint8Array, isRandomAccess: boolean): void;
  /** What was begun is of no use. */
  handleBrokenPes(reason: string): void;
}

/**
 * Puts the PES packets of one stream together.
 *
 * A packet ends where its length says; one without a length where the next one begins.
 * Limits: {@linkcode MAX_PES_BYTES} and the memory that is shared; beyond them a packet is dropped.
 * Spec: ISO/IEC 13818-1 §2.4.3.6.
 */
export class PesAssembler implements Disposable {
  #sink: PesSink;
  #memory: AssemblyMemory;
  #bytes: Uint8Array = new Uint8Array(0);
  #lengthBytes = 0;
  /** As its header says; 0 if that is not known yet, or it has none. */
  #sizeBytes = 0;
  #isOpen = false;
  #isRandomAccess = false;

  /** `memory` is charged for what is kept until it is disposed of. */
  constructor(sink: PesSink, memory: AssemblyMemory) {
    this.#sink = sink;
    this.#memory = memory;
  }

  /** Adds the payload of a transport packet in sequence, borrowed. Hot path. */
  push(bytes: Uint8Array, at: number, header: TsHeader): void {
    if (header.isUnitStart) {
      this.flush();
      this.#isOpen = true;
      this.#lengthBytes = 0;
      this.#sizeBytes = 0;
      this.#isRandomAccess = header.isRandomAccess;
    }
    if (!this.#isOpen) return;
    const payloadBytes = TS_PACKET_BYTES - header.payloadOffsetBytes;
    const endBytes = this.#lengthBytes + payloadBytes;
    if (endBytes > this.#bytes.length && !this.#grow(endBytes)) {
      this.drop("it is over the limit");
      return;
    }
    const from = at + header.payloadOffsetBytes;
    this.#bytes.set(
      bytes.subarray(from, at + TS_PACKET_BYTES),
      this.#lengthBytes,
    );
    const startBytes = this.#lengthBytes;
    this.#lengthBytes = endBytes;
    if (startBytes < PES_PREFIX_BYTES && !this.#readPrefix()) return;
    if (this.#sizeBytes > 0 && endBytes >= this.#sizeBytes) {
      this.#handOver(this.#sizeBytes);
    }
  }

  /** Nothing more comes of the packet that was begun. */
  flush(): void {
    if (!this.#isOpen || this.#lengthBytes === 0) return;
    if (this.#sizeBytes > 0 || this.#lengthBytes < PES_PREFIX_BYTES) {
      this.drop("it is cut");
    } else this.#handOver(this.#lengthBytes);
  }

  /** Gives up the packet that was begun: something of it is missing. */
  drop(reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#sink.handleBrokenPes(reason);
  }

  /** Gives its memory back. */
  [Symbol.dispose](): void {
    this.#isOpen = false;
    this.#memory.leftBytes += this.#bytes.length;
    this.#bytes = new Uint8Array(0);
  }

  /** False if it is no PES packet. */
  #readPrefix(): boolean {
    if (this.#lengthBytes < PES_PREFIX_BYTES) return true;
    if (!isPesStart(this.#bytes)) {
      this.drop("it has no start code");
      return false;
    }
    this.#sizeBytes = pesSizeBytes(this.#bytes);
    return true;
  }

  #handOver(sizeBytes: number): void {
    this.#isOpen = false;
    this.#sink.handlePes(
      this.#bytes.subarray(0, sizeBytes),
      this.#isRandomAccess,
    );
  }

  #grow(neededBytes: number): boolean {
    let capacityBytes = Math.max(this.#bytes.length, MIN_CAPACITY_BYTES);
    while (capacityBytes < neededBytes) capacityBytes *= 2;
    const addedBytes = capacityBytes - this.#bytes.length;
    if (
      capacityBytes > MAX_PES_BYTES || addedBytes > this.#memory.leftBytes
    ) return false;
    this.#memory.leftBytes -= addedBytes;
    const larger = new Uint8Array(capacityBytes);
    larger.set(this.#bytes.subarray(0, this.#lengthBytes));
    this.#bytes = larger;
    return true;
  }
}
