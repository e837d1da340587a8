import { writeU16 } from "#base/big_endian.ts";
import { TS_PACKET_BYTES, TS_SYNC_BYTE } from "./ts_packet.ts";

const HEADER_BYTES = 4;
/** What a packet holds behind its header. */
const ROOM_BYTES = TS_PACKET_BYTES - HEADER_BYTES;

const UNIT_START_BIT = 0x4000;
const PAYLOAD_ONLY = 0b01 << 4;
const ADAPTATION_AND_PAYLOAD = 0b11 << 4;
const COUNTER_MASK = 0b1111;

/** Flags of the adaptation field. */
const RANDOM_ACCESS_BIT = 0b0100_0000;
const PCR_BIT = 0b0001_0000;
const STUFFING_BYTE = 0xff;
/** Length and flags of an adaptation field, and a clock reference. */
const ADAPTATION_HEAD_BYTES = 2;
const PCR_BYTES = 6;

/** Start code to `PES_header_data_length`. */
const PES_FIXED_BYTES = 9;
const TIMESTAMP_BYTES = 5;
/** Counted by `PES_packet_length` of the fixed part. */
const PES_COUNTED_BYTES = 3;
const MAX_PES_LENGTH = 0xffff;
/** Marker, and what stands in the packet begins with it. */
const PES_FLAGS = 0b1000_0100;
const PTS_BIT = 0b1000_0000;
const DTS_BIT = 0b0100_0000;

const TIMESTAMP_SPAN_TICKS = 2 ** 33;

/** What the header of a PES packet and the field before it say. */
export interface PesHead {
  readonly pid: number;
  readonly streamId: number;
  /** 90 kHz; any safe integer, 33 bits of it are written. */
  readonly ptsTicks: number;
  readonly dtsTicks: number;
  /** 90 kHz likewise; undefined if the packets carry no clock. */
  readonly pcrTicks: number | undefined;
  readonly isRandomAccess: boolean;
  /** A packet over 64 KiB may leave its length open: pictures only. */
  readonly mayBeUnbounded: boolean;
}

/** Whether a PES packet can hold so much. */
export function fitsPes(head: PesHead, payloadBytes: number): boolean {
  return head.mayBeUnbounded ||
    payloadBytes + PES_COUNTED_BYTES + timestampsBytes(head) <= MAX_PES_LENGTH;
}

/** Transport packets that a PES packet takes. Hot path. */
export function pesPacketCount(head: PesHead, payloadBytes: number): number {
  const sizeBytes = adaptationBytes(head) + PES_FIXED_BYTES +
    timestampsBytes(head) + payloadBytes;
  return Math.ceil(sizeBytes / ROOM_BYTES);
}

/** Where pieces go: packets, the next of their PID. */
export interface PacketPlace {
  readonly into: Uint8Array;
  readonly at: number;
  /** Continuity counter of the first packet. */
  readonly counter: number;
}

/**
 * Writes the transport packets of one PES packet; answers where they end.
 *
 * Hot path: nothing is allocated but views. Input: `into` has room for {@linkcode pesPacketCount} packets.
 * Spec: ISO/IEC 13818-1 §2.4.3.2 to §2.4.3.7.
 */
export function writePesPackets(
  { into, at: startBytes, counter: firstCounter }: PacketPlace,
  head: PesHead,
  pieces: readonly Uint8Array[],
): number {
  let leftBytes = PES_FIXED_BYTES + timestampsBytes(head);
  for (let i = 0; i < pieces.length; i++) leftBytes += pieces[i]!.length;
  const payloadBytes = leftBytes - PES_FIXED_BYTES - timestampsBytes(head);
  let at = startBytes;
  let counter = firstCounter;
  let piece = 0;
  let fromBytes = 0;
  for (let isFirst = true; leftBytes > 0; isFirst = false) {
    const end = at + TS_PACKET_BYTES;
    const fieldBytes = isFirst ? adaptationBytes(head) : 0;
    const takenBytes = Math.min(leftBytes, ROOM_BYTES - fieldBytes);
    const stuffedBytes = ROOM_BYTES - takenBytes;
    into[at] = TS_SYNC_BYTE;
    writeU16(into, at + 1, (isFirst ? UNIT_START_BIT : 0) | head.pid);
    into[at + 3] = counter++ & COUNTER_MASK |
      (stuffedBytes > 0 ? ADAPTATION_AND_PAYLOAD : PAYLOAD_ONLY);
    at += HEADER_BYTES;
    if (stuffedBytes > 0) {
      writeAdaptation(into, at, stuffedBytes, isFirst ? head : undefined);
      at += stuffedBytes;
    }
    leftBytes -= takenBytes;
    if (isFirst) at = writePesHeader(into, at, head, payloadBytes);
    while (at < end) {
      const bytes = pieces[piece]!;
      const count = Math.min(end - at, bytes.length - fromBytes);
      const isWhole = count === bytes.length;
      into.set(
        isWhole ? bytes : bytes.subarray(fromBytes, fromBytes + count),
        at,
      );
      at += count;
      fromBytes += count;
      if (fromBytes === bytes.length) {
        piece++;
        fromBytes = 0;
      }
    }
  }
  return at;
}

function timestampsBytes({ ptsTicks, dtsTicks }: PesHead): number {
  return ptsTicks === dtsTicks ? TIMESTAMP_BYTES : 2 * TIMESTAMP_BYTES;
}

function adaptationBytes({ pcrTicks, isRandomAccess }: PesHead): number {
  if (pcrTicks !== undefined) return ADAPTATION_HEAD_BYTES + PCR_BYTES;
  return isRandomAccess ? ADAPTATION_HEAD_BYTES : 0;
}

/** An adaptation field of a size; `head` if it says something. */
function writeAdaptation(
  into: Uint8Array,
  startBytes: number,
  sizeBytes: number,
  head: PesHead | undefined,
): void {
  into[startBytes] = sizeBytes - 1;
  if (sizeBytes === 1) return;
  let at = startBytes + 1;
  const pcrTicks = head?.pcrTicks;
  into[at++] = (head?.isRandomAccess ? RANDOM_ACCESS_BIT : 0) |
    (pcrTicks === undefined ? 0 : PCR_BIT);
  if (pcrTicks !== undefined) {
    const base = wrapped(pcrTicks);
    const high = Math.floor(base / 2);
    into[at++] = high >>> 24;
    into[at++] = high >>> 16;
    into[at++] = high >>> 8;
    into[at++] = high;
    // The lowest bit, six reserved ones, and nine bits of 27 MHz.
    into[at++] = (base & 1) << 7 | 0b111_1110;
    into[at++] = 0;
  }
  into.fill(STUFFING_BYTE, at, startBytes + sizeBytes);
}

function writePesHeader(
  into: Uint8Array,
  startBytes: number,
  head: PesHead,
  payloadBytes: number,
): number {
  const { ptsTicks, dtsTicks } = head;
  const hasDts = ptsTicks !== dtsTicks;
  const timesBytes = timestampsBytes(head);
  const lengthBytes = PES_COUNTED_BYTES + timesBytes + payloadBytes;
  let at = startBytes;
  into[at++] = 0;
  into[at++] = 0;
  into[at++] = 1;
  into[at++] = head.streamId;
  writeU16(into, at, lengthBytes > MAX_PES_LENGTH ? 0 : lengthBytes);
  at += 2;
  into[at++] = PES_FLAGS;
  into[at++] = PTS_BIT | (hasDts ? DTS_BIT : 0);
  into[at++] = timesBytes;
  at = writeTimestamp(into, at, hasDts ? 0b0011 : 0b0010, ptsTicks);
  return hasDts ? writeTimestamp(into, at, 0b0001, dtsTicks) : at;
}

/** 33 bits in three runs, each before a marker bit. */
function writeTimestamp(
  into: Uint8Array,
  at: number,
  prefix: number,
  ticks: number,
): number {
  const value = wrapped(ticks);
  const high = Math.floor(value / 2 ** 30);
  const low = value % 2 ** 30;
  into[at] = prefix << 4 | high << 1 | 1;
  writeU16(into, at + 1, low >>> 15 << 1 | 1);
  writeU16(into, at + 3, (low & 0x7fff) << 1 | 1);
  return at + TIMESTAMP_BYTES;
}

function wrapped(ticks: number): number {
  const rest = ticks % TIMESTAMP_SPAN_TICKS;
  return rest < 0 ? rest + TIMESTAMP_SPAN_TICKS : rest;
}

/** Transport packets that a section of a table takes: a byte that points to it comes first. */
export function tablePacketCount(section: Uint8Array): number {
  return Math.ceil((1 + section.length) / ROOM_BYTES);
}

/** Writes the packets of a section of a table; answers where they end. Spec: ISO/IEC 13818-1 §2.4.4. */
export function writeTablePackets(
  { into, at: startBytes, counter: firstCounter }: PacketPlace,
  pid: number,
  section: Uint8Array,
): number {
  let at = startBytes;
  let counter = firstCounter;
  for (let from = 0; from < section.length; at += TS_PACKET_BYTES) {
    const isFirst = from === 0;
    const bodyAt = at + HEADER_BYTES + (isFirst ? 1 : 0);
    const end = at + TS_PACKET_BYTES;
    const part = section.subarray(from, from + end - bodyAt);
    into[at] = TS_SYNC_BYTE;
    writeU16(into, at + 1, (isFirst ? UNIT_START_BIT : 0) | pid);
    into[at + 3] = PAYLOAD_ONLY | counter++ & COUNTER_MASK;
    if (isFirst) into[at + HEADER_BYTES] = 0; // pointer_field
    into.set(part, bodyAt);
    into.fill(STUFFING_BYTE, bodyAt + part.length, end);
    from += part.length;
  }
  return at;
}
