import { ParseError } from "#base/errors.ts";
import { MAX_ACCESS_UNIT_BYTES } from "#codecs/nal_unit.ts";

/** How a codec marks the fragments of its frames: RFC 7741 and RFC 9628 differ in the descriptor, not in the way. */
export interface VpxPayloadLayout {
  /** Structure name for error texts. */
  readonly format: string;
  /** Bytes of the payload descriptor; those of the payload or more if it is cut or malformed. Hot path. */
  readonly descriptorBytes: (payload: Uint8Array) => number;
  /** Tells whether a frame begins here. Hot path. */
  readonly isStart: (payload: Uint8Array) => boolean;
  /** Bit of the first byte at the end of a frame; 0 if only the unit's end tells. */
  readonly endBit: number;
  /** Most frames of one unit. */
  readonly maxFrames: number;
}

/**
 * Walks over the fragments of frames in the payloads of one unit; reused for the next unit.
 *
 * Hot path. Never throws: a malformed payload ends the walk and stands in {@linkcode error}.
 */
export class VpxFragments {
  /** Payload that holds the current fragment. */
  payload: Uint8Array = new Uint8Array();
  /** Where the fragment begins, behind the descriptor. */
  offsetBytes = 0;
  /** The fragment begins a frame. */
  isStart = false;
  /** The fragment ends a frame. */
  isEnd = false;
  #layout: VpxPayloadLayout;
  #payloads: readonly Uint8Array[] = [];
  #index = -1;
  #lastIndex = -1;
  #isFrameOpen = false;
  #problem: string | undefined;

  /** `layout` is that of the codec. */
  constructor(layout: VpxPayloadLayout) {
    this.#layout = layout;
  }

  /** Goes before the first fragment of a unit. */
  start(payloads: readonly Uint8Array[]): void {
    this.#payloads = payloads;
    this.#lastIndex = payloads.length - 1;
    while (payloads[this.#lastIndex]?.length === 0) this.#lastIndex--;
    this.#index = -1;
    this.#isFrameOpen = false;
    this.#problem = undefined;
  }

  /** Goes to the next fragment; false at the end or at a malformed payload. */
  next(): boolean {
    if (this.#problem !== undefined) return false;
    const { descriptorBytes, isStart, endBit } = this.#layout;
    while (this.#index < this.#lastIndex) {
      const payload = this.#payloads[++this.#index]!;
      if (payload.length === 0) continue;
      this.payload = payload;
      this.offsetBytes = descriptorBytes(payload);
      if (this.offsetBytes >= payload.length) {
        return this.#fail("has nothing behind its descriptor");
      }
      this.isStart = isStart(payload);
      if (this.isStart === this.#isFrameOpen) {
        return this.#fail(
          this.isStart
            ? "begins a frame before the last one ended"
            : "follows no first fragment",
        );
      }
      this.isEnd = endBit === 0
        ? this.#index === this.#lastIndex
        : (payload[0]! & endBit) !== 0;
      this.#isFrameOpen = !this.isEnd;
      return true;
    }
    return this.#isFrameOpen && this.#fail("is not the last fragment");
  }

  /** What ended the walk early; undefined if nothing did. */
  error(): ParseError | undefined {
    if (this.#problem === undefined) return undefined;
    return new ParseError(this.#problem, {
      format: this.#layout.format,
      field: `payloads[${this.#index}]`,
      offsetBytes: 0,
    });
  }

  /** Whether something ended the walk early. */
  get isMalformed(): boolean {
    return this.#problem !== undefined;
  }

  #fail(problem: string): false {
    this.#problem = problem;
    return false;
  }
}

/**
 * Takes the frames out of the payloads of one unit.
 *
 * Hot path. Input: owned payloads. Output: views of frames in one payload, copies of others.
 * Limits: {@linkcode MAX_ACCESS_UNIT_BYTES}, `maxFrames` of the layout.
 *
 * @throws {ParseError} if a payload is malformed, a fragment is missing or a limit is passed.
 */
export function extractVpxFrames(
  fragments: VpxFragments,
  layout: VpxPayloadLayout,
  payloads: readonly Uint8Array[],
): Uint8Array[] {
  let unitBytes = 0;
  for (const payload of payloads) unitBytes += payload.length;
  if (unitBytes > MAX_ACCESS_UNIT_BYTES) {
    throw unitError(layout, `is ${unitBytes} bytes, over the limit`);
  }
  const frames: Uint8Array[] = [];
  let pieces: Uint8Array[] = [];
  fragments.start(payloads);
  while (fragments.next()) {
    pieces.push(fragments.payload.subarray(fragments.offsetBytes));
    if (!fragments.isEnd) continue;
    if (frames.length === layout.maxFrames) {
      throw unitError(layout, `has over ${layout.maxFrames} frames`);
    }
    frames.push(joinPieces(pieces));
    pieces = [];
  }
  const error = fragments.error();
  if (error) throw error;
  return frames;
}

function joinPieces(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  let sizeBytes = 0;
  for (const piece of pieces) sizeBytes += piece.length;
  const frame = new Uint8Array(sizeBytes);
  let at = 0;
  for (const piece of pieces) {
    frame.set(piece, at);
    at += piece.length;
  }
  return frame;
}

function unitError(layout: VpxPayloadLayout, reason: string): ParseError {
  const { format } = layout;
  return new ParseError(reason, { format, field: "unit", offsetBytes: 0 });
}
