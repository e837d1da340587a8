import type { ByteWriter } from "#base/byte_writer.ts";

/** Bytes of size and type in front of a box whose size has 32 bits. Spec: ISO/IEC 14496-12 §4.2. */
export const BOX_HEADER_BYTES = 8;

/** Version and flags of a full box. Spec: ISO/IEC 14496-12 §4.2. */
export interface FullBoxHead {
  /** 0 if left out. */
  readonly version?: number;
  /** 24 bits; 0 if left out. */
  readonly flags?: number;
}

/** Appends a box whose content `write` appends. Input: `type` has four characters of Latin-1. */
export function writeBox(
  writer: ByteWriter,
  type: string,
  write: () => void,
): void {
  const at = writer.lengthBytes;
  writer.u32(0);
  writeFourCc(writer, type);
  write();
  writer.patchU32(at, writer.lengthBytes - at);
}

/** Appends a box with version and flags in front of what `write` appends. */
export function writeFullBox(
  writer: ByteWriter,
  type: string,
  { version = 0, flags = 0 }: FullBoxHead,
  write: () => void,
): void {
  writeBox(writer, type, () => {
    writer.u8(version).u24(flags);
    write();
  });
}

/** Appends four characters of Latin-1. */
export function writeFourCc(writer: ByteWriter, type: string): void {
  for (let i = 0; i < 4; i++) writer.u8(type.charCodeAt(i));
}

/** Appends 64 bits of a number up to 2^53. */
export function writeU64(writer: ByteWriter, value: number): void {
  writer.u32(Math.floor(value / 2 ** 32)).u32(value >>> 0);
}

/** Appends zero bytes. */
export function writeZeros(writer: ByteWriter, countBytes: number): void {
  for (let i = 0; i < countBytes; i++) writer.u8(0);
}
