// Value types: 32-bit numbers and vectors of four of them. Spec: WebAssembly 2.0 §5.3.1, §5.3.2.
const I32 = 0x7f;
const V128 = 0x7b;

const SIMD_PREFIX = 0xfd;
const VOID_BLOCK = 0x40;
const BYTES_PER_PAGE = 65_536;

/** A function of a module that is being written: it takes 32-bit numbers and answers nothing. */
export interface WasmFunction {
  readonly name: string;
  /** Parameters, all of them 32-bit numbers: the locals from 0 on. */
  readonly paramCount: number;
  /** Locals behind the parameters: first those of 32 bits, then those of 128. */
  readonly i32Count: number;
  readonly v128Count: number;
  /** Instructions, the final `end` left out. */
  readonly body: readonly number[];
}

/** Instructions of WebAssembly, appended one by one. Spec: WebAssembly 2.0 §5.4. */
export class WasmCode {
  /** What was written so far. */
  readonly bytes: number[] = [];

  /** Pushes a local. */
  get(local: number): this {
    return this.#op(0x20, local);
  }

  /** Pops into a local. */
  set(local: number): this {
    return this.#op(0x21, local);
  }

  /** Copies the top of the stack into a local. */
  tee(local: number): this {
    return this.#op(0x22, local);
  }

  /** Pushes a 32-bit number. */
  i32(value: number): this {
    this.bytes.push(0x41, ...signedLeb128(value));
    return this;
  }

  /** i32.add */
  i32Add(): this {
    return this.#op(0x6a);
  }

  /** i32.sub */
  i32Sub(): this {
    return this.#op(0x6b);
  }

  /** i32.shl */
  i32Shl(): this {
    return this.#op(0x74);
  }

  /** i32.shr_u */
  i32ShrU(): this {
    return this.#op(0x76);
  }

  /** i32.or */
  i32Or(): this {
    return this.#op(0x72);
  }

  /** i32.lt_u */
  i32LtU(): this {
    return this.#op(0x49);
  }

  /** i32.store16: address and value are on the stack. */
  i32Store16(offsetBytes: number): this {
    return this.#op(0x3b, 0, offsetBytes);
  }

  /** Starts a loop: {@linkcode repeatIf} goes back to here. */
  loop(): this {
    return this.#op(0x03, VOID_BLOCK);
  }

  /** Starts what is done if the top of the stack is not zero. */
  if(): this {
    return this.#op(0x04, VOID_BLOCK);
  }

  /** Starts what is done otherwise. */
  else(): this {
    return this.#op(0x05);
  }

  /** Ends a loop or a condition. */
  end(): this {
    return this.#op(0x0b);
  }

  /** Goes back to the start of the innermost loop if the top of the stack is not zero. */
  repeatIf(): this {
    return this.#op(0x0d, 0);
  }

  /** v128.load from the address on the stack. */
  load(offsetBytes: number): this {
    return this.#simd(0, 0, offsetBytes);
  }

  /** v128.load32_splat from the address on the stack. */
  load32Splat(offsetBytes: number): this {
    return this.#simd(9, 0, offsetBytes);
  }

  /** v128.store: address and value are on the stack. */
  store(offsetBytes: number): this {
    return this.#simd(11, 0, offsetBytes);
  }

  /** v128.const of four equal lanes. */
  splat(value: number): this {
    this.#simd(12);
    for (let lane = 0; lane < 4; lane++) {
      this.bytes.push(
        value & 0xff,
        value >>> 8 & 0xff,
        value >>> 16 & 0xff,
        value >>> 24,
      );
    }
    return this;
  }

  /** i8x16.shuffle of the two vectors on the stack. */
  shuffle(lanes: readonly number[]): this {
    return this.#simd(13, ...lanes);
  }

  /** v128.and */
  and(): this {
    return this.#simd(78);
  }

  /** v128.or */
  or(): this {
    return this.#simd(80);
  }

  /** v128.xor */
  xor(): this {
    return this.#simd(81);
  }

  /** v128.bitselect */
  bitSelect(): this {
    return this.#simd(82);
  }

  /** i32x4.lt_s */
  ltS(): this {
    return this.#simd(57);
  }

  /** i32x4.add */
  add(): this {
    return this.#simd(174);
  }

  /** Turns each lane of a local to the left. */
  rotateLeft(local: number, bits: number): this {
    this.get(local).i32(bits).#simd(171);
    this.get(local).i32(32 - bits).#simd(173);
    return this.or();
  }

  #op(...parts: readonly number[]): this {
    const [code, ...immediates] = parts;
    this.bytes.push(code!);
    for (const value of immediates) this.bytes.push(...leb128(value));
    return this;
  }

  #simd(code: number, ...immediates: readonly number[]): this {
    return this.#op(SIMD_PREFIX, code, ...immediates);
  }
}

/**
 * Writes a module with one memory, exported as `memory`, and functions, exported by their names.
 *
 * Spec: WebAssembly 2.0 §5.5.
 */
export function serializeWasmModule(
  functions: readonly WasmFunction[],
  memoryBytes: number,
): Uint8Array<ArrayBuffer> {
  const pages = Math.ceil(memoryBytes / BYTES_PER_PAGE);
  const types = functions.map(({ paramCount }) => [
    0x60,
    ...vector(Array<number[]>(paramCount).fill([I32])),
    0,
  ]);
  const exports = functions.map(({ name }, i) => [
    ...nameOf(name),
    0,
    ...leb128(i),
  ]);
  const memoryExport = [...nameOf("memory"), 2, 0];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(types)),
    ...section(3, vector(functions.map((_, i) => leb128(i)))),
    ...section(5, vector([[1, ...leb128(pages), ...leb128(pages)]])),
    ...section(7, vector([memoryExport, ...exports])),
    ...section(10, vector(functions.map(codeOf))),
  ]);
}

function codeOf({ i32Count, v128Count, body }: WasmFunction): number[] {
  const locals = vector([
    [...leb128(i32Count), I32],
    [...leb128(v128Count), V128],
  ]);
  return sized([...locals, ...body, 0x0b]);
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...sized(content)];
}

function sized(content: readonly number[]): number[] {
  return [...leb128(content.length), ...content];
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...leb128(items.length), ...items.flat()];
}

function nameOf(text: string): number[] {
  return sized([...new TextEncoder().encode(text)]);
}

/** Spec: WebAssembly 2.0 §5.2.2. */
function leb128(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 0x7f; value >>>= 7) bytes.push(value & 0x7f | 0x80);
  return [...bytes, value];
}

function signedLeb128(value: number): number[] {
  const bytes: number[] = [];
  for (; value < -64 || value > 63; value >>= 7) {
    bytes.push(value & 0x7f | 0x80);
  }
  return [...bytes, value & 0x7f];
}
