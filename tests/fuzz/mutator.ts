import { seededRandom } from "#test/splits.ts";

/** Longest input that is made. */
export const MAX_INPUT_BYTES = 65_536;

/** One input in so many grows to the longest there is. */
const GROWN_ONE_IN = 256;

/** Values at which limits and signs change, as a parser may read them. */
const EDGE_BYTES = [0, 1, 0x7f, 0x80, 0xfe, 0xff];
const EDGE_WORDS = [0, 1, 0x7f, 0xff, 0x100, 0x7fff, 0xffff, 0x7fff_ffff];

/** What text is cut at, and numbers that text may hold. */
const TEXT_PIECES = [
  ..."\r\n \t;,:=/\\\"'<>[]{}()?#&%@+-*\0~$.",
  "\r\n\r\n",
  "-1",
  "0",
  "1e9",
  "65536",
  "4294967296",
  "99999999999999999999",
  "%00",
  "%2e%2e",
  "é",
  "\u2028",
  "__proto__",
].map((text) => new TextEncoder().encode(text));

/** Makes mutations of seeds, the same for each number that it starts from. */
export class Mutator {
  #seeds: readonly Uint8Array[];
  #random: () => number;
  #bytes = new Uint8Array(MAX_INPUT_BYTES);
  #length = 0;

  /** `seed`: any number. */
  constructor(seeds: readonly Uint8Array[], seed: number) {
    this.#seeds = seeds;
    this.#random = seededRandom(seed);
  }

  /** The next mutation, owned. */
  next(): Uint8Array<ArrayBuffer> {
    this.#length = 0;
    this.#insert(0, this.#anySeed());
    for (let edits = 1 + this.#below(4); edits > 0; edits--) this.#edit();
    if (this.#below(GROWN_ONE_IN) === 0) this.#grow();
    return this.#bytes.slice(0, this.#length);
  }

  #edit(): void {
    const bytes = this.#bytes;
    const at = this.#below(this.#length + 1);
    switch (this.#below(9)) {
      case 0:
        if (at < this.#length) bytes[at]! ^= 1 << this.#below(8);
        break;
      case 1:
        if (at < this.#length) bytes[at] = this.#oneOf(EDGE_BYTES);
        break;
      case 2:
        this.#writeWord(at);
        break;
      case 3:
        this.#length = at;
        break;
      case 4:
        this.#remove(at, 1 + this.#below(8));
        break;
      case 5:
        this.#insert(at, this.#randomBytes(1 + this.#below(8)));
        break;
      case 6:
        this.#insert(at, this.#oneOf(TEXT_PIECES));
        break;
      case 7:
        this.#insert(at, bytes.slice(this.#below(at + 1), at));
        break;
      case 8: {
        const other = this.#anySeed();
        this.#length = at;
        this.#insert(at, other.subarray(this.#below(other.length + 1)));
        break;
      }
    }
  }

  /** A number of two or four bytes at an edge, or the length of what follows. */
  #writeWord(at: number): void {
    const sizeBytes = this.#below(2) === 0 ? 2 : 4;
    const rest = this.#length - at - sizeBytes;
    if (rest < 0) return;
    const word = this.#below(3) === 0
      ? Math.max(0, rest + this.#below(3) - 1)
      : this.#oneOf(EDGE_WORDS);
    for (let i = 0; i < sizeBytes; i++) {
      this.#bytes[at + i] = word >>> 8 * (sizeBytes - 1 - i);
    }
  }

  /** Repeats a short piece until the input is as long as inputs are. */
  #grow(): void {
    const start = this.#below(this.#length + 1);
    const end = Math.min(this.#length, start + 1 + this.#below(16));
    if (end === start) return;
    const tail = this.#bytes.slice(end, this.#length);
    const until = MAX_INPUT_BYTES - tail.length;
    let at = end;
    for (; at < until; at++) this.#bytes[at] = this.#bytes[at - end + start]!;
    this.#bytes.set(tail, at);
    this.#length = at + tail.length;
  }

  #insert(at: number, piece: Uint8Array): void {
    const count = Math.min(piece.length, MAX_INPUT_BYTES - this.#length);
    this.#bytes.copyWithin(at + count, at, this.#length);
    this.#bytes.set(piece.subarray(0, count), at);
    this.#length += count;
  }

  #remove(at: number, count: number): void {
    const end = Math.min(this.#length, at + count);
    this.#bytes.copyWithin(at, end, this.#length);
    this.#length -= end - at;
  }

  #randomBytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let i = 0; i < count; i++) bytes[i] = this.#below(256);
    return bytes;
  }

  #anySeed(): Uint8Array {
    return this.#oneOf(this.#seeds);
  }

  #oneOf<T>(list: readonly T[]): T {
    return list[this.#below(list.length)]!;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}
