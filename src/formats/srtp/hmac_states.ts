import { readU32 } from "#base/big_endian.ts";

const BLOCK_BYTES = 64;
const BLOCK_WORDS = 16;
const SHA1_ROUNDS = 80;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/** Initial hash value. Spec: FIPS 180-4 §5.3.1. */
const START = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];

/** Both hashes of HMAC-SHA1 behind their block of key, so that this block is hashed only once. */
export interface HmacStates {
  /** 5 words. */
  readonly inner: Uint32Array;
  /** 5 words. */
  readonly outer: Uint32Array;
}

/** Prepares a key of up to 64 bytes for HMAC-SHA1. Spec: RFC 2104 §4. */
export function hmacSha1States(key: Uint8Array): HmacStates {
  return {
    inner: stateBehind(key, INNER_PAD),
    outer: stateBehind(key, OUTER_PAD),
  };
}

function stateBehind(key: Uint8Array, pad: number): Uint32Array {
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(key);
  return compress(START, block.map((byte) => byte ^ pad));
}

/** SHA-1 over one block. Spec: FIPS 180-4 §6.1.2. */
function compress(state: readonly number[], block: Uint8Array): Uint32Array {
  const words = Array.from(
    { length: BLOCK_WORDS },
    (_, i) => readU32(block, 4 * i),
  );
  for (let t = BLOCK_WORDS; t < SHA1_ROUNDS; t++) {
    const mixed = words[t - 3]! ^ words[t - 8]! ^ words[t - 14]! ^
      words[t - 16]!;
    words.push(rotateLeft(mixed, 1));
  }
  let [a, b, c, d, e] = state as [number, number, number, number, number];
  for (let t = 0; t < SHA1_ROUNDS; t++) {
    const next = rotateLeft(a, 5) + mixIn(t, b, c, d) + e + words[t]!;
    [a, b, c, d, e] = [next | 0, a, rotateLeft(b, 30), c, d];
  }
  return Uint32Array.from(state, (word, i) => word + [a, b, c, d, e][i]!);
}

/** Function and constant of a round. Spec: FIPS 180-4 §4.1.1, §4.2.1. */
function mixIn(t: number, b: number, c: number, d: number): number {
  if (t < 20) return (b & c | ~b & d) + 0x5a827999;
  if (t < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (t < 60) return (b & c | b & d | c & d) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

function rotateLeft(word: number, bits: number): number {
  return word << bits | word >>> 32 - bits;
}
