import type { ByteReader } from "#base/byte_reader.ts";
import { isSameBytes } from "#codecs/parameter_sets.ts";
import {
  JPEG_HUFFMAN_COUNTS_BYTES,
  JPEG_STANDARD_HUFFMAN_TABLES as STANDARD,
} from "./huffman_tables.ts";
import {
  JPEG_QUANTIZER_TABLE_BYTES,
  type JpegQuantizerTables,
} from "./quantizer_tables.ts";

/** Markers, without the byte 0xff before them. Spec: ITU-T T.81 table B.1. */
export const JPEG_MARKER = {
  baselineFrame: 0xc0,
  huffmanTables: 0xc4,
  restartMin: 0xd0,
  restartMax: 0xd7,
  startOfImage: 0xd8,
  endOfImage: 0xd9,
  startOfScan: 0xda,
  quantizerTables: 0xdb,
  restartInterval: 0xdd,
  application0: 0xe0,
} as const;

/** Last marker of a frame header of whatever kind; arithmetic coding is in the range too. */
const FRAME_MARKER_MAX = 0xcf;

/** Destinations of quantization tables, and of Huffman tables of a class. Spec: ITU-T T.81 §B.2.4. */
const MAX_TABLE_COUNT = 4;
const COMPONENT_COUNT = 3;
const SAMPLE_BITS = 8;

/** What the headers of an image say that can be carried over RTP. */
export interface JpegHeaders extends JpegQuantizerTables {
  /** Pixels, 1 to 65,535. */
  readonly width: number;
  /** Pixels, 1 to 65,535. */
  readonly height: number;
  readonly chromaSubsampling: "4:2:0" | "4:2:2";
  /** Minimum coded units between two restart markers; 0 if there are none. */
  readonly restartIntervalMcus: number;
}

/** One component of the frame header. */
interface Component {
  readonly id: number;
  /** Horizontal factor in the upper four bits, vertical one in the lower. */
  readonly sampling: number;
  readonly quantizerId: number;
}

/**
 * Collects the segments of one image up to its scan.
 *
 * Limits: 8 bits a sample, three components, four tables of a kind.
 * Spec: ITU-T T.81 §B.2.
 */
export class JpegHeaderReader {
  #reader: ByteReader;
  #width = 0;
  #height = 0;
  #subsampling: JpegHeaders["chromaSubsampling"] = "4:2:0";
  #restartIntervalMcus = 0;
  #components: Component[] = [];
  #quantizers: (Uint8Array | undefined)[] = [];
  /** By destination; those that images without tables mean. */
  #dcTables: (Uint8Array | undefined)[] = [STANDARD.lumaDc, STANDARD.chromaDc];
  #acTables: (Uint8Array | undefined)[] = [STANDARD.lumaAc, STANDARD.chromaAc];

  /** `reader` stands behind SOI. */
  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  /**
   * Reads the content of a segment, as far as it says something about the coding.
   *
   * @throws {ParseError} if it is cut, or of a kind of image that is not carried.
   */
  readSegment(marker: number, endOffsetBytes: number): void {
    const reader = this.#reader;
    switch (marker) {
      case JPEG_MARKER.baselineFrame:
        this.#readFrame();
        return;
      case JPEG_MARKER.quantizerTables:
        while (reader.offsetBytes < endOffsetBytes) this.#readQuantizer();
        return;
      case JPEG_MARKER.huffmanTables:
        while (reader.offsetBytes < endOffsetBytes) this.#readHuffman();
        return;
      case JPEG_MARKER.restartInterval:
        this.#restartIntervalMcus = reader.u16("Ri");
        return;
      case JPEG_MARKER.startOfScan:
        this.#readScan();
        return;
    }
    if (marker > JPEG_MARKER.baselineFrame && marker <= FRAME_MARKER_MAX) {
      throw reader.error(
        `must be baseline (0xc0), found 0x${marker.toString(16)}`,
        "SOF",
      );
    }
  }

  /**
   * What the segments said, once the scan header was read.
   *
   * @throws {ParseError} if a table is missing, or the components are of a shape that is not carried.
   */
  finish(): JpegHeaders {
    const [y, cb, cr] = this.#components;
    const luma = this.#quantizer(y!);
    const chroma = this.#quantizer(cb!);
    if (!isSameBytes(chroma, this.#quantizer(cr!))) {
      throw this.#reader.error("must be one table for Cb and Cr", "Tq");
    }
    return {
      width: this.#width,
      height: this.#height,
      chromaSubsampling: this.#subsampling,
      restartIntervalMcus: this.#restartIntervalMcus,
      luma,
      chroma,
    };
  }

  #readFrame(): void {
    const reader = this.#reader;
    this.#expect(SAMPLE_BITS, "P");
    this.#height = reader.u16("Y");
    this.#width = reader.u16("X");
    if (this.#height === 0 || this.#width === 0) {
      throw reader.error(`is ${this.#width}x${this.#height} pixels`, "X");
    }
    this.#expect(COMPONENT_COUNT, "Nf");
    this.#components = [];
    for (let i = 0; i < COMPONENT_COUNT; i++) {
      const id = reader.u8("C");
      const sampling = reader.u8("H");
      this.#components.push({ id, sampling, quantizerId: reader.u8("Tq") });
    }
    this.#readSubsampling();
  }

  #readQuantizer(): void {
    const reader = this.#reader;
    const precisionAndId = reader.u8("Pq");
    if (precisionAndId >= MAX_TABLE_COUNT) {
      const found = precisionAndId.toString(16).padStart(2, "0");
      throw reader.error(
        `must be 8 bits a value and table 0 to ${
          MAX_TABLE_COUNT - 1
        }, found 0x${found}`,
        "Pq",
      );
    }
    this.#quantizers[precisionAndId] = reader.take(
      JPEG_QUANTIZER_TABLE_BYTES,
      "Q",
    );
  }

  #readHuffman(): void {
    const reader = this.#reader;
    const classAndId = reader.u8("Tc");
    const id = classAndId & 0xf;
    if (classAndId >> 4 > 1 || id >= MAX_TABLE_COUNT) {
      throw reader.error(`is unknown: 0x${classAndId.toString(16)}`, "Tc");
    }
    const counts = reader.take(JPEG_HUFFMAN_COUNTS_BYTES, "L");
    let valueCount = 0;
    for (const count of counts) valueCount += count;
    const values = reader.take(valueCount, "V");
    const table = new Uint8Array(counts.length + valueCount);
    table.set(counts);
    table.set(values, counts.length);
    (classAndId >> 4 === 0 ? this.#dcTables : this.#acTables)[id] = table;
  }

  #readScan(): void {
    const reader = this.#reader;
    if (this.#components.length === 0) throw reader.error("is missing", "SOF");
    this.#expect(COMPONENT_COUNT, "Ns");
    for (const [i, { id }] of this.#components.entries()) {
      this.#expect(id, "Cs");
      const tables = reader.u8("Td");
      const isStandard = i === 0
        ? this.#has(tables, STANDARD.lumaDc, STANDARD.lumaAc)
        : this.#has(tables, STANDARD.chromaDc, STANDARD.chromaAc);
      if (!isStandard) {
        throw reader.error("must be the standard Huffman tables", "Td");
      }
    }
  }

  #has(tables: number, dc: Uint8Array, ac: Uint8Array): boolean {
    const dcTable = this.#dcTables[tables >> 4];
    const acTable = this.#acTables[tables & 0xf];
    return dcTable !== undefined && isSameBytes(dcTable, dc) &&
      acTable !== undefined && isSameBytes(acTable, ac);
  }

  #quantizer({ quantizerId }: Component): Uint8Array {
    const table = this.#quantizers[quantizerId];
    if (table) return table;
    throw this.#reader.error(`is table ${quantizerId}, which is missing`, "Tq");
  }

  #readSubsampling(): void {
    const [y, cb, cr] = this.#components;
    const isSupported = cb!.sampling === 0x11 && cr!.sampling === 0x11;
    if (isSupported && y!.sampling === 0x22) this.#subsampling = "4:2:0";
    else if (isSupported && y!.sampling === 0x21) this.#subsampling = "4:2:2";
    else {
      const found = this.#components
        .map(({ sampling }) => `${sampling >> 4}x${sampling & 0xf}`);
      throw this.#reader.error(
        `must be 2x2 or 2x1 with chroma of 1x1, found ${found.join(", ")}`,
        "H",
      );
    }
  }

  #expect(wanted: number, field: string): void {
    const found = this.#reader.u8(field);
    if (found !== wanted) {
      throw this.#reader.error(`must be ${wanted}, found ${found}`, field);
    }
  }
}
