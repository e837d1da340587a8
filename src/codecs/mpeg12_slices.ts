import {
  isMpeg12Slice,
  MPEG12_PICTURE_TYPE,
  MPEG12_START_CODE,
  mpeg12PictureType,
} from "./mpeg12_video.ts";
import { findStartCode, START_CODE_BYTES } from "./start_code.ts";

/**
 * Walks over the slices of coded pictures, each with the headers before it; reused for the next unit.
 *
 * Hot path: the fields describe the current slice until the next one is asked for.
 */
export class Mpeg12Slices {
  /** Where the headers before the slice begin, or the slice itself. */
  startBytes = 0;
  /** Start code of the slice; -1 if the bytes end with headers. */
  sliceBytes = 0;
  /** Behind the slice. */
  endBytes = 0;
  /** A sequence header is among the headers. */
  hasSequenceHeader = false;
  /** `temporal_reference` of its picture, 0 to 1,023. */
  temporalReference = 0;
  /** `picture_coding_type` of its picture, 0 to 7; 0 while no picture header was seen. */
  pictureType = 0;
  /** `full_pel_forward_vector` and `forward_f_code` of a P or B picture, 4 bits; else 0. */
  forwardBits = 0;
  /** `full_pel_backward_vector` and `backward_f_code` of a B picture, 4 bits; else 0. */
  backwardBits = 0;
  #bytes: Uint8Array = new Uint8Array();

  /** Goes before the first slice of a unit; what stands before its first start code is passed over. */
  start(bytes: Uint8Array): void {
    this.#bytes = bytes;
    const first = findStartCode(bytes, 0);
    this.endBytes = first < 0 ? bytes.length : first;
    this.temporalReference = 0;
    this.pictureType = 0;
    this.forwardBits = 0;
    this.backwardBits = 0;
  }

  /** Goes to the next slice; false at the end. */
  next(): boolean {
    const bytes = this.#bytes;
    let at = this.endBytes;
    if (at >= bytes.length) return false;
    this.startBytes = at;
    this.sliceBytes = -1;
    this.hasSequenceHeader = false;
    while (at >= 0) {
      const code = bytes[at + 3]!;
      const isSlice = isMpeg12Slice(code);
      if (this.sliceBytes >= 0 && (isSlice || beginsHeaders(code))) break;
      if (isSlice) this.sliceBytes = at;
      else if (code === MPEG12_START_CODE.picture) this.#readPicture(at);
      this.hasSequenceHeader ||= code === MPEG12_START_CODE.sequenceHeader;
      at = findStartCode(bytes, at + START_CODE_BYTES);
    }
    this.endBytes = at < 0 ? bytes.length : at;
    return true;
  }

  /** Spec: ISO/IEC 11172-2 §2.4.2.5, ISO/IEC 13818-2 §6.2.3. */
  #readPicture(offsetBytes: number): void {
    const bytes = this.#bytes;
    const at = offsetBytes + START_CODE_BYTES;
    this.temporalReference = bytes[at]! << 2 | bytes[at + 1]! >> 6;
    this.pictureType = mpeg12PictureType(bytes, offsetBytes);
    const { p, b } = MPEG12_PICTURE_TYPE;
    const hasForward = this.pictureType === p || this.pictureType === b;
    const forwardBits = (bytes[at + 3]! & 0b111) << 1 | bytes[at + 4]! >> 7;
    this.forwardBits = hasForward ? forwardBits : 0;
    this.backwardBits = this.pictureType === b
      ? bytes[at + 4]! >> 3 & 0b1111
      : 0;
  }
}

/** Whether what comes belongs to a picture that is yet to begin. */
function beginsHeaders(code: number): boolean {
  return code === MPEG12_START_CODE.picture ||
    code === MPEG12_START_CODE.sequenceHeader ||
    code === MPEG12_START_CODE.groupOfPictures;
}
