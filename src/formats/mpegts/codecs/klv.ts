import { readU16, readU32 } from "#base/big_endian.ts";
import { joinBytes } from "#base/join_bytes.ts";
import type { KlvParameters } from "#codecs/codec.ts";
import {
  type Descriptor,
  descriptorOf,
  formatDescriptor,
  formatIdentifier,
  isRegisteredAs,
} from "#formats/mpegts/descriptors.ts";
import {
  STREAM_TYPE_PRIVATE,
  type StreamEntry,
} from "#formats/mpegts/program_tables.ts";
import {
  type AccessUnit,
  NO_UNITS,
  type PesPacket,
  type StreamReader,
  type TsCodec,
} from "#formats/mpegts/ts_codec.ts";
import { STREAM_ID, type TsPayloadWriter } from "#formats/mpegts/ts_payload.ts";

const FORMAT = "KLVA";
const FORMAT_IDENTIFIER = formatIdentifier(FORMAT);
/** Metadata in PES packets, within access unit cells. Spec: ISO/IEC 13818-1 table 2-34. */
const STREAM_TYPE_METADATA = 0x15;

const METADATA_TAG = 0x26;
/** The format has an identifier of its own. */
const FORMAT_16_ESCAPED = 0xffff;
const FORMAT_8_ESCAPED = 0xff;

/** Before the data of a cell: service, sequence number, flags and length. Spec: ISO/IEC 13818-1 §2.12.4.2. */
const CELL_HEADER_BYTES = 5;
/** `cell_fragment_indication`: the cell begins an access unit, or ends it. */
const FIRST_CELL_BIT = 0b10_000000;
const LAST_CELL_BIT = 0b01_000000;
/** Cells of one packet, and of one access unit. */
const MAX_CELLS = 256;

const PARAMETERS: KlvParameters = { codec: "klv" };

/** Whether a metadata descriptor names KLV. Spec: ISO/IEC 13818-1 §2.6.60. */
function isKlvMetadata({ tag, data }: Descriptor): boolean {
  if (tag !== METADATA_TAG || data.length < 3) return false;
  let at = readU16(data, 0) === FORMAT_16_ESCAPED ? 6 : 2;
  if (data[at++] !== FORMAT_8_ESCAPED || data.length < at + 4) return false;
  return readU32(data, at) === FORMAT_IDENTIFIER;
}

function isSynchronous({ streamType }: StreamEntry): boolean {
  return streamType === STREAM_TYPE_METADATA;
}

/** One unit of KLV a PES packet, or a few in cells. */
class KlvReader implements StreamReader {
  readonly codec = PARAMETERS;
  #hasCells: boolean;
  #onError: (message: string) => void;
  /** Cells of a unit that goes on. */
  #cells: Uint8Array[] = [];

  constructor(hasCells: boolean, onError: (message: string) => void) {
    this.#hasCells = hasCells;
    this.#onError = onError;
  }

  read(pes: PesPacket): readonly AccessUnit[] {
    const { payload } = pes;
    // What is not synchronous needs no time: it belongs to what comes beside it.
    const ptsTicks = pes.ptsTicks ?? pes.latestTicks;
    if (ptsTicks === undefined || payload.length === 0) return NO_UNITS;
    if (!this.#hasCells) return [unitOf(payload, ptsTicks)];
    const units: AccessUnit[] = [];
    let at = 0;
    for (
      let i = 0;
      i < MAX_CELLS && payload.length - at >= CELL_HEADER_BYTES;
      i++
    ) {
      const flags = payload[at + 2]!;
      const startBytes = at + CELL_HEADER_BYTES;
      at = startBytes + readU16(payload, at + 3);
      if (at > payload.length) {
        this.#onError("a metadata cell is cut");
        this.handleGap();
        break;
      }
      const unit = this.#addCell(flags, payload.subarray(startBytes, at));
      if (unit && unit.length > 0) units.push(unitOf(unit, ptsTicks));
    }
    return units;
  }

  handleGap(): void {
    this.#cells = [];
  }

  /** Answers the unit that ends with this cell. */
  #addCell(flags: number, cell: Uint8Array): Uint8Array | undefined {
    if ((flags & FIRST_CELL_BIT) !== 0) this.handleGap();
    else if (this.#cells.length === 0) return undefined;
    const isLast = (flags & LAST_CELL_BIT) !== 0;
    this.#cells.push(isLast ? cell : cell.slice());
    if (this.#cells.length > MAX_CELLS) {
      this.#onError("a metadata unit is over the limit");
      this.handleGap();
    }
    if (!isLast) return undefined;
    const unit = joinBytes(this.#cells);
    this.handleGap();
    return unit;
  }
}

function unitOf(unit: Uint8Array, ticks: number): AccessUnit {
  return {
    ptsTicks: ticks,
    dtsTicks: ticks,
    isRandomAccess: true,
    parts: [unit],
    codec: PARAMETERS,
  };
}

/**
 * KLV metadata in MPEG-TS: asynchronous as private data, synchronous within cells.
 *
 * Spec: SMPTE RP 217, MISB ST 1402, ISO/IEC 13818-1 §2.12.
 */
export const klvTs: TsCodec<"klv"> = {
  codec: "klv",
  isCodecOf(entry) {
    const { streamType, descriptors } = entry;
    return streamType === STREAM_TYPE_PRIVATE
      ? isRegisteredAs(descriptors, FORMAT)
      : isSynchronous(entry) && descriptors.some(isKlvMetadata);
  },
  openReader: (entry, onError) => new KlvReader(isSynchronous(entry), onError),
};

/** The format's identifier stands behind two escapes; service 0, nothing of a decoder's configuration. */
const METADATA_DESCRIPTOR = Uint8Array.of(
  ...[0x01, 0x00, FORMAT_8_ESCAPED],
  ...new TextEncoder().encode(FORMAT),
  ...[0x00, 0x0f],
);
/** Leak rates and buffer size of a decoder: not said. Spec: ISO/IEC 13818-1 §2.6.62. */
const METADATA_STD_TAG = 0x27;
const METADATA_STD_DESCRIPTOR = Uint8Array.fromHex("c00000c00000c00000");
/** A cell that is a whole unit, where a reader may start. */
const WHOLE_CELL_FLAGS = FIRST_CELL_BIT | LAST_CELL_BIT | 0b01_1111;
const MAX_CELL_BYTES = 0xffff;

/** KLV that is written: synchronous, a unit a cell. */
export const klvTsPayload: TsPayloadWriter<"klv"> = {
  codec: "klv",
  form: () => ({
    streamType: STREAM_TYPE_METADATA,
    streamId: STREAM_ID.metadata,
    descriptors: joinBytes([
      formatDescriptor(FORMAT),
      descriptorOf(METADATA_TAG, METADATA_DESCRIPTOR),
      descriptorOf(METADATA_STD_TAG, METADATA_STD_DESCRIPTOR),
    ]),
  }),
  pieces(parts) {
    const pieces: Uint8Array[] = [];
    for (const unit of parts) {
      const { length } = unit;
      if (length === 0 || length > MAX_CELL_BYTES) continue;
      pieces.push(
        Uint8Array.of(0, 0, WHOLE_CELL_FLAGS, length >>> 8, length),
        unit,
      );
    }
    return pieces;
  },
};
