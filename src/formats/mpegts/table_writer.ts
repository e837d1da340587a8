import { ByteWriter } from "#base/byte_writer.ts";
import { writeU32 } from "#base/big_endian.ts";
import { mpegCrc32 } from "./crc32.ts";
import { PAT_TABLE_ID, PMT_TABLE_ID } from "./program_tables.ts";
import type { TsStreamForm } from "./ts_payload.ts";

/** PID of the program map that is written. */
export const WRITTEN_PMT_PID = 0x1000;

/** The one program, and the stream that it is in. */
const PROGRAM_NUMBER = 1;
const TRANSPORT_STREAM_ID = 1;

const RESERVED_PID_BITS = 0b111 << 13;
const RESERVED_LENGTH_BITS = 0b1111 << 12;
/** Syntax, a zero, two reserved bits. */
const SECTION_BITS = 0b1011 << 12;
/** From `table_id_extension` to `last_section_number`, and the checksum. */
const SECTION_OVERHEAD_BYTES = 5 + 4;
const CURRENT_BIT = 1;
const RESERVED_VERSION_BITS = 0b11 << 6;
const VERSION_MASK = 0b1_1111;

/** A stream of the map. */
export interface WrittenStreamEntry extends TsStreamForm {
  readonly pid: number;
}

/** Serialises the section of a program association table with one program. Spec: ISO/IEC 13818-1 §2.4.4.3. */
export function serializeProgramAssociation(): Uint8Array<ArrayBuffer> {
  const body = new ByteWriter()
    .u16(PROGRAM_NUMBER)
    .u16(RESERVED_PID_BITS | WRITTEN_PMT_PID)
    .finish();
  return section(PAT_TABLE_ID, TRANSPORT_STREAM_ID, { version: 0, body });
}

/** Serialises the section of a program map table. Spec: ISO/IEC 13818-1 §2.4.4.8. */
export function serializeProgramMap(
  streams: readonly WrittenStreamEntry[],
  { pcrPid, version }: { readonly pcrPid: number; readonly version: number },
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter()
    .u16(RESERVED_PID_BITS | pcrPid)
    .u16(RESERVED_LENGTH_BITS);
  for (const { streamType, pid, descriptors } of streams) {
    writer.u8(streamType)
      .u16(RESERVED_PID_BITS | pid)
      .u16(RESERVED_LENGTH_BITS | descriptors.length)
      .bytes(descriptors);
  }
  const body = writer.finish();
  return section(PMT_TABLE_ID, PROGRAM_NUMBER, { version, body });
}

function section(
  tableId: number,
  extension: number,
  { version, body }: { readonly version: number; readonly body: Uint8Array },
): Uint8Array<ArrayBuffer> {
  const bytes = new ByteWriter()
    .u8(tableId)
    .u16(SECTION_BITS | body.length + SECTION_OVERHEAD_BYTES)
    .u16(extension)
    .u8(RESERVED_VERSION_BITS | (version & VERSION_MASK) << 1 | CURRENT_BIT)
    .u16(0) // section_number, last_section_number
    .bytes(body)
    .u32(0)
    .finish();
  const crcAt = bytes.length - 4;
  writeU32(bytes, crcAt, mpegCrc32(bytes.subarray(0, crcAt)));
  return bytes;
}
