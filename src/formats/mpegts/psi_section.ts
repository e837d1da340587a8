import { ParseError } from "#base/errors.ts";
import { readU16, readU32 } from "#base/big_endian.ts";
import { mpegCrc32 } from "./crc32.ts";
import { TS_PACKET_BYTES, type TsHeader } from "./ts_packet.ts";

/** Largest section of a program association or program map table. Spec: ISO/IEC 13818-1 §2.4.4.3, §2.4.4.8. */
export const MAX_SECTION_BYTES = 1_024;

/** `table_id` and `section_length`. */
const PREFIX_BYTES = 3;
/** Up to `last_section_number`. */
const HEADER_BYTES = 8;
const CRC_BYTES = 4;
const SYNTAX_BIT = 0b1000_0000;
const LENGTH_MASK = 0xfff;
const CURRENT_BIT = 0b1;
/** Fills a packet behind its last section. */
const STUFFING_BYTE = 0xff;

/** A section of a table whose checksum is right. Spec: ISO/IEC 13818-1 §2.4.4.11. */
export interface PsiSection {
  readonly tableId: number;
  /** `transport_stream_id` or `program_number`. */
  readonly tableIdExtension: number;
  /** 0 for the first section of a table. */
  readonly sectionNumber: number;
  readonly lastSectionNumber: number;
  /** What stands between header and checksum, owned. */
  readonly body: Uint8Array;
}

/** Takes the sections of one PID. */
export interface PsiSink {
  /** A section that holds now, and is another one than the section before. @throws {ParseError} if it is malformed. */
  handleSection(pid: number, section: PsiSection): void;
  /** A section that cannot be used. */
  handleBadSection(pid: number, error: ParseError): void;
}

/**
 * Puts the sections of one PID together, over as many packets as they take.
 *
 * Limits: {@linkcode MAX_SECTION_BYTES}.
 * Spec: ISO/IEC 13818-1 §2.4.4.
 */
export class PsiReader {
  #pid: number;
  #sink: PsiSink;
  #bytes = new Uint8Array(MAX_SECTION_BYTES);
  #lengthBytes = 0;
  #isOpen = false;
  /** Checksum of the section handed over last: tables are repeated many times a second. */
  #lastCrc: number | undefined;

  /** Starts at the next section. */
  constructor(pid: number, sink: PsiSink) {
    this.#pid = pid;
    this.#sink = sink;
  }

  /** Takes a transport packet in sequence, borrowed. */
  push(bytes: Uint8Array, at: number, header: TsHeader): void {
    const end = at + TS_PACKET_BYTES;
    let from = at + header.payloadOffsetBytes;
    if (from >= end) return;
    if (!header.isUnitStart) {
      if (this.#isOpen) this.#append(bytes, from, end);
      return;
    }
    const startBytes = from + 1 + bytes[from]!;
    if (startBytes > end) {
      this.drop();
      return;
    }
    if (this.#isOpen) this.#append(bytes, from + 1, startBytes);
    from = startBytes;
    while (from < end && bytes[from] !== STUFFING_BYTE) {
      this.#isOpen = true;
      this.#lengthBytes = 0;
      from = this.#append(bytes, from, end);
    }
  }

  /** Gives up the section that was begun: something of it is missing. */
  drop(): void {
    this.#isOpen = false;
  }

  /** Adds to the open section; answers where it has ended. */
  #append(bytes: Uint8Array, from: number, end: number): number {
    let at = from;
    while (at < end && this.#isOpen) {
      this.#bytes[this.#lengthBytes++] = bytes[at++]!;
      if (this.#lengthBytes < PREFIX_BYTES) continue;
      const sizeBytes = PREFIX_BYTES + (readU16(this.#bytes, 1) & LENGTH_MASK);
      if (sizeBytes > MAX_SECTION_BYTES) {
        this.#isOpen = false;
        this.#refuse(
          "section_length",
          `must be at most ${MAX_SECTION_BYTES - PREFIX_BYTES}`,
        );
        return end;
      }
      if (this.#lengthBytes === sizeBytes) {
        this.#isOpen = false;
        this.#handOver(this.#bytes.subarray(0, sizeBytes));
      }
    }
    return at;
  }

  #handOver(section: Uint8Array): void {
    const hasHeader = section.length >= HEADER_BYTES + CRC_BYTES &&
      (section[1]! & SYNTAX_BIT) !== 0;
    // Private sections may share the PID.
    if (!hasHeader || (section[5]! & CURRENT_BIT) === 0) return;
    if (mpegCrc32(section) !== 0) {
      this.#refuse("CRC_32", "does not fit the section");
      return;
    }
    const bodyEndBytes = section.length - CRC_BYTES;
    const crc = readU32(section, bodyEndBytes);
    if (crc === this.#lastCrc) return;
    this.#lastCrc = crc;
    try {
      this.#sink.handleSection(this.#pid, {
        tableId: section[0]!,
        tableIdExtension: readU16(section, 3),
        sectionNumber: section[6]!,
        lastSectionNumber: section[7]!,
        body: section.slice(HEADER_BYTES, bodyEndBytes),
      });
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      this.#sink.handleBadSection(this.#pid, error);
    }
  }

  #refuse(field: string, reason: string): void {
    const format = "PSI section";
    const error = new ParseError(reason, { format, field, offsetBytes: 0 });
    this.#sink.handleBadSection(this.#pid, error);
  }
}
