import { writeU16 } from "#base/big_endian.ts";
import { joinBytes } from "#base/join_bytes.ts";
import { mpegCrc32 } from "#formats/mpegts/crc32.ts";

/** PID of the program map unless a test says otherwise. */
export const MAP_PID = 0x1000;

/** A stream that a program map lists. */
export interface WrittenStream {
  readonly pid: number;
  readonly streamType: number;
  /** In hex. */
  readonly descriptors?: string;
}

/** A PES packet to write. */
export interface WrittenPes {
  readonly ptsTicks?: number;
  readonly dtsTicks?: number;
  readonly payload: Uint8Array;
  readonly streamId?: number;
  /** The packet does not tell its length. */
  readonly isUnbounded?: boolean;
  readonly isRandomAccess?: boolean;
}

/** Writes transport streams for tests, and wrong ones too. */
export class TsWriter {
  #packets: Uint8Array[] = [];
  #counters = new Map<number, number>();

  /** A program association section. */
  pat(
    programs: readonly { programNumber: number; pid: number }[] = [
      { programNumber: 1, pid: MAP_PID },
    ],
    { sectionNumber = 0, lastSectionNumber = 0, version = 0 } = {},
  ): this {
    const body = programs.flatMap(({ programNumber, pid }) => [
      ...u16(programNumber),
      ...u16(0xe000 | pid),
    ]);
    return this.section(
      0,
      sectionOf(0, 1, body, { sectionNumber, lastSectionNumber, version }),
    );
  }

  /** A program map section. */
  pmt(
    streams: readonly WrittenStream[],
    { pid = MAP_PID, programNumber = 1, version = 0 } = {},
  ): this {
    return this.section(pid, mapSection(streams, { programNumber, version }));
  }

  /** Any section, or several, over as many packets as it takes. */
  section(pid: number, section: Uint8Array): this {
    const bytes = joinBytes([Uint8Array.of(0), section]);
    for (let at = 0; at < bytes.length; at += 184) {
      const packet = this.#packet(pid, at === 0, 0b01);
      packet.fill(0xff, 4);
      packet.set(bytes.subarray(at, at + 184), 4);
    }
    return this;
  }

  /** A whole PES packet. */
  pes(pid: number, pes: WrittenPes): this {
    return this.payload(pid, pesBytes(pes), pes.isRandomAccess);
  }

  /** Bytes of PES packets, the first of which begins in front. */
  payload(pid: number, bytes: Uint8Array, isRandomAccess = false): this {
    for (let at = 0; at < bytes.length;) {
      const isMarked = at === 0 && isRandomAccess;
      const roomBytes = isMarked ? 182 : 184;
      const takenBytes = Math.min(roomBytes, bytes.length - at);
      const stuffingBytes = 184 - takenBytes;
      const packet = this.#packet(pid, at === 0, stuffingBytes > 0 ? 3 : 1);
      if (stuffingBytes > 0) packet[4] = stuffingBytes - 1;
      if (stuffingBytes > 1) {
        packet.fill(0xff, 6, 4 + stuffingBytes);
        packet[5] = isMarked ? 0x40 : 0;
      }
      packet.set(bytes.subarray(at, at + takenBytes), 4 + stuffingBytes);
      at += takenBytes;
    }
    return this;
  }

  /** Packets of a PID that are never written. */
  lose(pid: number, count: number): this {
    this.#counters.set(pid, (this.#counters.get(pid) ?? 0) + count);
    return this;
  }

  /** Everything that was written since the last call. */
  take(): Uint8Array {
    return joinBytes(this.#packets.splice(0)).slice();
  }

  #packet(pid: number, isUnitStart: boolean, control: number): Uint8Array {
    const packet = new Uint8Array(188);
    const counter = this.#counters.get(pid) ?? 0;
    this.#counters.set(pid, counter + 1);
    packet[0] = 0x47;
    writeU16(packet, 1, (isUnitStart ? 0x4000 : 0) | pid);
    packet[3] = control << 4 | counter & 15;
    this.#packets.push(packet);
    return packet;
  }
}

/** A program map section, checksum included. */
export function mapSection(
  streams: readonly WrittenStream[],
  { programNumber = 1, version = 0 } = {},
): Uint8Array {
  const body = [
    ...u16(0xffff),
    ...u16(0xf000),
    ...streams.flatMap(({ streamType, pid, descriptors = "" }) => {
      const bytes = Uint8Array.fromHex(descriptors);
      return [
        streamType,
        ...u16(0xe000 | pid),
        ...u16(0xf000 | bytes.length),
        ...bytes,
      ];
    }),
  ];
  return sectionOf(2, programNumber, body, { version });
}

/** A section, checksum included. */
export function sectionOf(
  tableId: number,
  extension: number,
  body: readonly number[],
  { sectionNumber = 0, lastSectionNumber = 0, version = 0 } = {},
): Uint8Array {
  const section = Uint8Array.from([
    tableId,
    ...u16(0xb000 | body.length + 9),
    ...u16(extension),
    0xc1 | version << 1,
    sectionNumber,
    lastSectionNumber,
    ...body,
  ]);
  const crc = mpegCrc32(section);
  return joinBytes([
    section,
    Uint8Array.from([...u16(crc >>> 16), ...u16(crc & 0xffff)]),
  ]);
}

/** A PES packet, header included. */
export function pesBytes(
  { ptsTicks, dtsTicks, payload, streamId = 0xe0, isUnbounded }: WrittenPes,
): Uint8Array {
  const header = [
    ...(ptsTicks === undefined
      ? []
      : timestamp(dtsTicks === undefined ? 2 : 3, ptsTicks)),
    ...(dtsTicks === undefined ? [] : timestamp(1, dtsTicks)),
  ];
  const flags = (ptsTicks === undefined ? 0 : 0x80) |
    (dtsTicks === undefined ? 0 : 0x40);
  const lengthBytes = isUnbounded ? 0 : 3 + header.length + payload.length;
  return joinBytes([
    Uint8Array.from([
      ...[0, 0, 1, streamId],
      ...u16(lengthBytes),
      ...[0x80, flags, header.length],
      ...header,
    ]),
    payload,
  ]);
}

function timestamp(prefix: number, ticks: number): number[] {
  const high = Math.floor(ticks / 2 ** 30);
  const middle = Math.floor(ticks / 2 ** 15) % 2 ** 15;
  const low = ticks % 2 ** 15;
  return [
    prefix << 4 | high << 1 | 1,
    ...u16(middle << 1 | 1),
    ...u16(low << 1 | 1),
  ];
}

function u16(value: number): number[] {
  return [value >>> 8 & 0xff, value & 0xff];
}
