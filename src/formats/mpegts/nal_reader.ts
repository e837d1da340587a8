import { splitAnnexB } from "#codecs/annex_b.ts";
import type { CodecParameters } from "#codecs/codec.ts";
import {
  type AccessUnit,
  NO_UNITS,
  type PesPacket,
  type StreamReader,
} from "./ts_codec.ts";

/** What the two codecs made of NAL units differ in. */
export interface NalSyntax<P extends CodecParameters> {
  readonly noParameters: P;
  /** Takes a parameter set; answers `parameters` itself if nothing changes. Hot path. */
  withNal(parameters: P, nal: Uint8Array): P;
  /** Every kind of parameter set is there. Hot path. */
  isComplete(parameters: P): boolean;
  /** Delimiters and filler say nothing to a reader. Hot path. */
  isLeftOut(nal: Uint8Array): boolean;
  /** The NAL unit is media, not only about it. Hot path. */
  isSlice(nal: Uint8Array): boolean;
  /** A decoder may start at a picture with this slice; `isMarked`: headers or the multiplexer say so, too. Hot path. */
  isStart(slice: Uint8Array, isMarked: boolean): boolean;
  /** Headers that stand only where a decoder may start. Hot path. */
  isStartHeader(nal: Uint8Array): boolean;
}

/** Reads pictures of NAL units, one a PES packet. Spec: ISO/IEC 13818-1 §2.14, §2.17. */
export class NalReader<P extends CodecParameters> implements StreamReader {
  #syntax: NalSyntax<P>;
  #parameters: P;
  #onError: (message: string) => void;

  /** Starts without parameter sets. */
  constructor(syntax: NalSyntax<P>, onError: (message: string) => void) {
    this.#syntax = syntax;
    this.#parameters = syntax.noParameters;
    this.#onError = onError;
  }

  get codec(): P | undefined {
    return this.#syntax.isComplete(this.#parameters)
      ? this.#parameters
      : undefined;
  }

  read(pes: PesPacket): readonly AccessUnit[] {
    const { payload, ptsTicks, dtsTicks } = pes;
    const nals = splitAnnexB(payload);
    if (nals === undefined) this.#onError("a picture has too many NAL units");
    if (!nals || ptsTicks === undefined || dtsTicks === undefined) {
      return NO_UNITS;
    }
    const syntax = this.#syntax;
    const parts: Uint8Array[] = [];
    let parameters = this.#parameters;
    let isMarked = pes.isRandomAccess;
    let isRandomAccess = false;
    let hasSlice = false;
    for (const nal of nals) {
      if (syntax.isLeftOut(nal)) continue;
      parts.push(nal);
      if (syntax.isSlice(nal)) {
        hasSlice = true;
        isRandomAccess ||= syntax.isStart(nal, isMarked);
        continue;
      }
      parameters = syntax.withNal(parameters, nal);
      isMarked ||= syntax.isStartHeader(nal);
    }
    this.#parameters = parameters;
    if (!hasSlice || !syntax.isComplete(parameters)) return NO_UNITS;
    return [{ ptsTicks, dtsTicks, isRandomAccess, parts, codec: parameters }];
  }

  handleGap(): void {}
}
