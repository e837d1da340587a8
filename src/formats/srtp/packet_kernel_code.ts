import {
  serializeWasmModule,
  WasmCode,
  type WasmFunction,
} from "./wasm_writer.ts";

/** Where the functions find what they are told in memory. */
export const KERNEL_LAYOUT = {
  /** State of SHA-1 behind the inner pad of the key, 5 numbers. */
  innerState: 0,
  /** State of SHA-1 behind the outer pad of the key, 5 numbers. */
  outerState: 32,
  /** Blocks of each of the four messages, 4 numbers. */
  blockCounts: 64,
  /** What comes out: 5 rows of 4 numbers, one column a message. */
  digests: 80,
  /** First counter block of a packet. */
  counterBlock: 160,
  /** The rest is free for packets and key streams. */
  stage: 256,
} as const;

/** The functions of the module. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  /** HMAC-SHA1 of four messages at once; each has its padding behind it. `blocks`: the most that one has. */
  hmac(
    at0: number,
    at1: number,
    at2: number,
    at3: number,
    blocks: number,
  ): void;
  /** Writes counter blocks from `at` to `end`, counting from the block in memory. */
  counters(at: number, end: number): void;
  /** Adds a key stream to what is between `at` and `end`, up to 15 bytes further. */
  mix(at: number, end: number, keyStreamAt: number): void;
}

const SHA1_ROUNDS = 80;
const SHA1_BLOCK_BYTES = 64;

/** Constant and function of each quarter of the rounds. Spec: FIPS 180-4 §4.1.1, §4.2.1. */
const QUARTERS = [
  { constant: 0x5a827999, mixIn: choose },
  { constant: 0x6ed9eba1, mixIn: parity },
  { constant: 0x8f1bbcdc, mixIn: majority },
  { constant: 0xca62c1d6, mixIn: parity },
] as const;

/**
 * The module that does the work on packets which a script is slow at.
 *
 * SHA-1 is a chain of additions that leaves most of a processor idle: four messages side by side, one in each
 * lane of a vector, take little longer than one.
 * Output: bytes of a WebAssembly module with `memoryBytes` of memory, see {@linkcode KernelExports}.
 */
export function packetKernelModule(
  memoryBytes: number,
): Uint8Array<ArrayBuffer> {
  return serializeWasmModule(
    [hmacFunction(), countersFunction(), mixFunction()],
    memoryBytes,
  );
}

// Locals of `hmac`: the parameters, then vectors.
const AT = [0, 1, 2, 3] as const;
const BLOCKS = 4;
const H = [5, 6, 7, 8, 9] as const;
const STATE = [10, 11, 12, 13, 14] as const;
const W = Array.from({ length: 16 }, (_, i) => 15 + i);
const CONSTANT = 31;
const BLOCK_NUMBER = 32;
const ACTIVE = 33;
const ROWS = [34, 35, 36, 37] as const;
const HMAC_VECTOR_COUNT = 33;

/** The last turn of the loop is the outer hash over the four inner ones. Spec: RFC 2104 §2, FIPS 180-4 §6.1. */
function hmacFunction(): WasmFunction {
  const code = new WasmCode();
  loadState(code, KERNEL_LAYOUT.innerState);
  code.loop();
  code.get(BLOCKS).if();
  for (let quad = 0; quad < 4; quad++) loadWords(code, quad);
  code.get(BLOCK_NUMBER).i32(0).load(KERNEL_LAYOUT.blockCounts).ltS()
    .set(ACTIVE);
  code.else();
  for (const [i, local] of H.entries()) code.get(local).set(W[i]!);
  code.splat(0x8000_0000).set(W[5]!);
  for (let i = 6; i < 15; i++) code.splat(0).set(W[i]!);
  code.splat((SHA1_BLOCK_BYTES + 20) * 8).set(W[15]!);
  loadState(code, KERNEL_LAYOUT.outerState);
  code.splat(0xffff_ffff).set(ACTIVE);
  code.end();
  for (const [i, local] of H.entries()) code.get(local).set(STATE[i]!);
  const state = rounds(code);
  for (const [i, local] of H.entries()) {
    code.get(local).get(state[i]!).add().get(local).get(ACTIVE).bitSelect()
      .set(local);
  }
  code.get(BLOCK_NUMBER).splat(1).add().set(BLOCK_NUMBER);
  for (const at of AT) {
    code.get(at).i32(SHA1_BLOCK_BYTES).i32Add().set(at);
  }
  code.get(BLOCKS).i32(1).i32Sub().tee(BLOCKS).i32(-1).i32LtU().repeatIf();
  code.end();
  for (const [i, local] of H.entries()) {
    code.i32(0).get(local).store(KERNEL_LAYOUT.digests + 16 * i);
  }
  return {
    name: "hmac",
    paramCount: 5,
    i32Count: 0,
    v128Count: HMAC_VECTOR_COUNT,
    body: code.bytes,
  };
}

function loadState(code: WasmCode, at: number): void {
  for (const [i, local] of H.entries()) {
    code.i32(0).load32Splat(at + 4 * i).set(local);
  }
}

/** Four words of each message become four vectors, from big endian to the machine's order. */
function loadWords(code: WasmCode, quad: number): void {
  for (const [lane, row] of ROWS.entries()) {
    code.get(AT[lane]!).load(16 * quad).set(row);
  }
  for (const half of [0, 1]) {
    const words = [2 * half, 4 + 2 * half, 2 * half + 1, 5 + 2 * half];
    const swapped = words.flatMap((word) =>
      [3, 2, 1, 0].map((byte) => word * 4 + byte)
    );
    const [low, high] = [W[4 * quad + 2 * half]!, W[4 * quad + 2 * half + 1]!];
    code.get(ROWS[0]).get(ROWS[1]).shuffle(swapped).set(low);
    code.get(ROWS[2]).get(ROWS[3]).shuffle(swapped).set(high);
    code.get(low).get(high).shuffle(bytesOf([0, 1, 4, 5]));
    code.get(low).get(high).shuffle(bytesOf([2, 3, 6, 7]));
    code.set(high).set(low);
  }
}

function bytesOf(words: readonly number[]): number[] {
  return words.flatMap((word) => [0, 1, 2, 3].map((byte) => word * 4 + byte));
}

/** Answers which local holds which part of the state afterwards. */
function rounds(code: WasmCode): number[] {
  let [a, b, c, d, e] = STATE as readonly number[] as number[];
  for (let t = 0; t < SHA1_ROUNDS; t++) {
    const { constant, mixIn } = QUARTERS[Math.floor(t / 20)]!;
    if (t % 20 === 0) code.splat(constant).set(CONSTANT);
    const word = W[t & 15]!;
    if (t >= 16) {
      code.get(W[t - 3 & 15]!).get(W[t - 8 & 15]!).xor()
        .get(W[t - 14 & 15]!).xor().get(word).xor().set(word);
      code.rotateLeft(word, 1).set(word);
    }
    code.get(e!).get(CONSTANT).add().get(word).add();
    mixIn(code, b!, c!, d!);
    code.add();
    code.rotateLeft(a!, 5).add().set(e!);
    code.rotateLeft(b!, 30).set(b!);
    [a, b, c, d, e] = [e, a, b, c, d];
  }
  return [a!, b!, c!, d!, e!];
}

function choose(code: WasmCode, b: number, c: number, d: number): void {
  code.get(c).get(d).xor().get(b).and().get(d).xor();
}

function parity(code: WasmCode, b: number, c: number, d: number): void {
  code.get(b).get(c).xor().get(d).xor();
}

function majority(code: WasmCode, b: number, c: number, d: number): void {
  code.get(b).get(c).and().get(b).get(c).or().get(d).and().or();
}

/** The last 16 bits of a counter block count the blocks of a packet. Spec: RFC 3711 §4.1.1. */
function countersFunction(): WasmFunction {
  const [at, end, count, first] = [0, 1, 2, 3];
  const code = new WasmCode();
  code.i32(0).load(KERNEL_LAYOUT.counterBlock).set(first);
  code.loop();
  code.get(at).get(first).store(0);
  code.get(at);
  code.get(count).i32(8).i32Shl().get(count).i32(8).i32ShrU().i32Or();
  code.i32Store16(14);
  code.get(count).i32(1).i32Add().set(count);
  code.get(at).i32(16).i32Add().tee(at).get(end).i32LtU().repeatIf();
  code.end();
  return {
    name: "counters",
    paramCount: 2,
    i32Count: 1,
    v128Count: 1,
    body: code.bytes,
  };
}

function mixFunction(): WasmFunction {
  const [at, end, keyStreamAt] = [0, 1, 2];
  const code = new WasmCode();
  code.loop();
  code.get(at).get(at).load(0).get(keyStreamAt).load(0).xor().store(0);
  code.get(keyStreamAt).i32(16).i32Add().set(keyStreamAt);
  code.get(at).i32(16).i32Add().tee(at).get(end).i32LtU().repeatIf();
  code.end();
  return {
    name: "mix",
    paramCount: 3,
    i32Count: 0,
    v128Count: 0,
    body: code.bytes,
  };
}
