import type { CodecParameters } from "#codecs/codec.ts";
import { splitLengthPrefixed } from "#codecs/nal_unit.ts";
import {
  type FlvFrame,
  type FlvFrameHead,
  type FlvPayload,
  type FlvPayloadReader,
  MAX_FLV_BODY_BYTES,
} from "./flv_codec.ts";

/** Bytes of the length before each NAL unit that is written. */
const NAL_LENGTH_BYTES = 4;

/** What the two codecs made of NAL units differ in. */
export interface NalSyntax<P extends CodecParameters> {
  /** Some encoders send no sequence header: their parameter sets stand before the first key frame. */
  readonly noParameters: P;
  /** Parses a decoder configuration record, owned. @throws {ParseError} */
  parseRecord(record: Uint8Array): {
    readonly parameters: P;
    readonly nalLengthSizeBytes: number;
  };
  /** Takes a parameter set; answers `parameters` itself if nothing changes. Hot path. */
  withNal(parameters: P, nal: Uint8Array): P;
  /** A decoder may start at a picture with this NAL unit. Hot path. */
  isStart(nal: Uint8Array, isKeyFrame: boolean): boolean;
  /** Every kind of parameter set is there. Hot path. */
  isComplete(parameters: P): boolean;
}

/** Reads NAL units behind lengths. Spec: ISO/IEC 14496-15 §5.3.4.2. */
export class NalPayloadReader<P extends CodecParameters>
  implements FlvPayloadReader {
  #syntax: NalSyntax<P>;
  #parameters: P;
  #nalLengthSizeBytes = NAL_LENGTH_BYTES;

  /** Starts without parameter sets. */
  constructor(syntax: NalSyntax<P>) {
    this.#syntax = syntax;
    this.#parameters = syntax.noParameters;
  }

  configure(payload: Uint8Array): P | undefined {
    if (payload.length === 0) return undefined;
    const record = this.#syntax.parseRecord(payload);
    this.#parameters = record.parameters;
    this.#nalLengthSizeBytes = record.nalLengthSizeBytes;
    return record.parameters;
  }

  read(payload: Uint8Array, head: FlvFrameHead): FlvPayload | undefined {
    const syntax = this.#syntax;
    const known = this.#parameters;
    const parts = splitLengthPrefixed(payload, this.#nalLengthSizeBytes);
    if (parts.length === 0) return undefined;
    let parameters = known;
    let isRandomAccess = false;
    for (const nal of parts) {
      parameters = syntax.withNal(parameters, nal);
      isRandomAccess ||= syntax.isStart(nal, head.isKeyFrame);
    }
    this.#parameters = parameters;
    if (!syntax.isComplete(parameters)) return undefined;
    const isChanged = parameters !== known;
    return {
      parts,
      isRandomAccess,
      parameters: isChanged ? parameters : undefined,
    };
  }
}

/** One body with the NAL units that are not left out behind lengths. Hot path. */
export function nalFrames(
  parts: readonly Uint8Array[],
  headBytes: number,
  isLeftOut: (nal: Uint8Array) => boolean,
): FlvFrame[] {
  let sizeBytes = headBytes;
  for (const nal of parts) {
    if (!isLeftOut(nal)) sizeBytes += NAL_LENGTH_BYTES + nal.length;
  }
  if (sizeBytes === headBytes || sizeBytes > MAX_FLV_BODY_BYTES) return [];
  const body = new Uint8Array(sizeBytes);
  let at = headBytes;
  for (const nal of parts) {
    if (isLeftOut(nal)) continue;
    body[at] = nal.length >>> 24;
    body[at + 1] = nal.length >>> 16;
    body[at + 2] = nal.length >>> 8;
    body[at + 3] = nal.length;
    body.set(nal, at + NAL_LENGTH_BYTES);
    at += NAL_LENGTH_BYTES + nal.length;
  }
  return [{ body, offsetTicks: 0 }];
}
