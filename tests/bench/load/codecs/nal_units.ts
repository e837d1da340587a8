import { bitsToBytes } from "./bit_string.ts";
import type { RtpPayload } from "./load_codec.ts";

/** Flags of a fragment's header, the same in RFC 6184 §5.8 and RFC 7798 §4.4.3. */
const FRAGMENT_START = 0b10_000000;
const FRAGMENT_END = 0b01_000000;

/** How NAL units are cut for RTP. */
export interface NalLayout {
  /** Bytes of the NAL unit header. */
  readonly headerBytes: number;
  /** `nal_unit_type` of a NAL unit. */
  typeOf(nal: Uint8Array): number;
  /** The payload header that fragments of a NAL unit have in place of its own. */
  fragmentHeader(nal: Uint8Array): readonly number[];
}

/** A NAL unit of the header and the fields, emulation prevention included. */
export function nalUnit(
  header: readonly number[],
  fields: readonly string[],
): Uint8Array<ArrayBuffer> {
  const bytes = [...header];
  for (const byte of bitsToBytes(fields)) {
    const hasZeros = bytes.at(-1) === 0 && bytes.at(-2) === 0;
    if (hasZeros && byte <= 3) bytes.push(3);
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

/** A NAL unit with its length in four bytes, behind `head`. */
export function lengthPrefixed(
  head: readonly number[],
  nal: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(head.length + 4 + nal.length);
  bytes.set(head);
  new DataView(bytes.buffer).setUint32(head.length, nal.length);
  bytes.set(nal, head.length + 4);
  return bytes;
}

/** A parameter set with its length in two bytes, as configuration records hold it. */
export function shortLengthPrefixed(nal: Uint8Array): number[] {
  return [nal.length >> 8, nal.length & 0xff, ...nal];
}

/** RTP payloads of NAL units: whole where they fit, else in fragments. */
export function nalPayloads(
  nals: readonly Uint8Array[],
  layout: NalLayout,
  maxPayloadBytes: number,
): RtpPayload[] {
  return nals.flatMap((nal) =>
    nal.length <= maxPayloadBytes
      ? [{ header: [], data: nal }]
      : fragments(nal, layout, maxPayloadBytes)
  );
}

/** Tells whether a fragment with this header is the first of a NAL unit of a type. */
export function isFragmentStart(header: number, nalType: number): boolean {
  return (header & ~FRAGMENT_END) === (FRAGMENT_START | nalType);
}

function fragments(
  nal: Uint8Array,
  layout: NalLayout,
  maxPayloadBytes: number,
): RtpPayload[] {
  const header = layout.fragmentHeader(nal);
  const type = layout.typeOf(nal);
  const roomBytes = maxPayloadBytes - header.length - 1;
  const payloads: RtpPayload[] = [];
  for (let at = layout.headerBytes; at < nal.length; at += roomBytes) {
    const start = at === layout.headerBytes ? FRAGMENT_START : 0;
    const end = at + roomBytes >= nal.length ? FRAGMENT_END : 0;
    payloads.push({
      header: [...header, start | end | type],
      data: nal.subarray(at, Math.min(at + roomBytes, nal.length)),
    });
  }
  return payloads;
}
