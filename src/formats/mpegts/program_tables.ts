import { ByteReader } from "#base/byte_reader.ts";
import { type Descriptor, readDescriptors } from "./descriptors.ts";

/** `table_id` of the program association table. Spec: ISO/IEC 13818-1 table 2-31. */
export const PAT_TABLE_ID = 0x00;
/** `table_id` of the program map table. */
export const PMT_TABLE_ID = 0x02;

/** `stream_type` of private data in PES packets: descriptors say what it is. Spec: ISO/IEC 13818-1 table 2-34. */
export const STREAM_TYPE_PRIVATE = 0x06;

/** PID of the program association table. Spec: ISO/IEC 13818-1 table 2-3. */
export const PAT_PID = 0x0000;
/** Lower ones are reserved for tables. */
const MIN_STREAM_PID = 0x0010;
/** PID of packets without a meaning, which no stream can have. */
const NULL_PID = 0x1fff;

/** Programs of a transport stream that are looked at; there may be more. */
export const MAX_PROGRAMS = 64;
/** Elementary streams of a program. */
export const MAX_STREAMS = 32;

const PROGRAM_BYTES = 4;
const PID_MASK = 0x1fff;
const LENGTH_MASK = 0xfff;
/** Is the network information, not a program. */
const NETWORK_PROGRAM_NUMBER = 0;

/** A program of a program association table. */
export interface ProgramEntry {
  /** 1 to 65,535. */
  readonly programNumber: number;
  /** Where its program map table is. */
  readonly pid: number;
}

/** An elementary stream of a program map table. */
export interface StreamEntry {
  readonly pid: number;
  /** `stream_type`. Spec: ISO/IEC 13818-1 table 2-34. */
  readonly streamType: number;
  readonly descriptors: readonly Descriptor[];
}

/**
 * Parses the body of a program association section.
 *
 * Limits: {@linkcode MAX_PROGRAMS}, more are left out.
 * Spec: ISO/IEC 13818-1 §2.4.4.3.
 *
 * @throws {ParseError} if an entry is cut.
 */
export function parseProgramAssociation(body: Uint8Array): ProgramEntry[] {
  const reader = new ByteReader(body, "program association table");
  const programs: ProgramEntry[] = [];
  while (reader.remainingBytes > 0 && programs.length < MAX_PROGRAMS) {
    const field = `programs[${programs.length}]`;
    const entry = reader.take(PROGRAM_BYTES, field);
    const programNumber = entry[0]! << 8 | entry[1]!;
    const pid = (entry[2]! << 8 | entry[3]!) & PID_MASK;
    if (programNumber === NETWORK_PROGRAM_NUMBER || !isStreamPid(pid)) continue;
    programs.push({ programNumber, pid });
  }
  return programs;
}

/**
 * Parses the body of a program map section.
 *
 * Output: its streams; `descriptors` are views. A stream whose PID is reserved, or taken by one before, is left out.
 * Limits: {@linkcode MAX_STREAMS}.
 * Spec: ISO/IEC 13818-1 §2.4.4.8.
 *
 * @throws {ParseError} if it is cut, or a limit is passed.
 */
export function parseProgramMap(body: Uint8Array): StreamEntry[] {
  const reader = new ByteReader(body, "program map table");
  reader.u16("PCR_PID");
  const infoBytes = reader.u16("program_info_length") & LENGTH_MASK;
  reader.take(infoBytes, "program_info");
  const streams: StreamEntry[] = [];
  while (reader.remainingBytes > 0) {
    const field = `streams[${streams.length}]`;
    const streamType = reader.u8(`${field}.stream_type`);
    const pid = reader.u16(`${field}.elementary_PID`) & PID_MASK;
    const descriptorsBytes = reader.u16(`${field}.ES_info_length`) &
      LENGTH_MASK;
    const descriptors = readDescriptors(
      reader.take(descriptorsBytes, `${field}.descriptors`),
    );
    if (!isStreamPid(pid) || streams.some((one) => one.pid === pid)) continue;
    if (streams.length === MAX_STREAMS) {
      throw reader.error(`must be at most ${MAX_STREAMS}`, "streams");
    }
    streams.push({ pid, streamType, descriptors });
  }
  return streams;
}

function isStreamPid(pid: number): boolean {
  return pid >= MIN_STREAM_PID && pid < NULL_PID;
}
