/** Every prefix of `bytes` that is shorter than it, the empty one first. */
export function* prefixes(bytes: Uint8Array): Generator<Uint8Array> {
  for (let length = 0; length < bytes.length; length++) {
    yield bytes.subarray(0, length);
  }
}

/** Small repeatable random numbers (mulberry32), 0 to 1. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = state + 0x6d2b79f5 >>> 0;
    let mixed = Math.imul(state ^ state >>> 15, state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

/** Ways to cut `bytes` into chunks: whole, byte by byte, and `count` random ones. */
export function* chunkings(
  bytes: Uint8Array,
  count = 20,
  seed = 1,
): Generator<Uint8Array[]> {
  yield [bytes];
  yield Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
  const random = seededRandom(seed);
  for (let i = 0; i < count; i++) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = at + 1 + Math.floor(random() * 40);
      chunks.push(bytes.subarray(at, end));
      at = end;
    }
    yield chunks;
  }
}

/** `count` seeded mutations of the seeds: flips, cuts, insertions, repeats and splices. */
export function* mutations(
  seeds: readonly Uint8Array[],
  count = 10_000,
  seed = 1,
): Generator<Uint8Array<ArrayBuffer>> {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const edges = [0, 1, 0x7f, 0x80, 0xfe, 0xff];
  for (let i = 0; i < count; i++) {
    let bytes = Uint8Array.from(seeds[below(seeds.length)]!);
    for (let edits = 1 + below(4); edits > 0; edits--) {
      const at = below(bytes.length + 1);
      switch (below(6)) {
        case 0:
          if (at < bytes.length) bytes[at]! ^= 1 << below(8);
          break;
        case 1:
          if (at < bytes.length) bytes[at] = edges[below(edges.length)]!;
          break;
        case 2:
          bytes = bytes.slice(0, at);
          break;
        case 3:
          bytes = Uint8Array.from([
            ...bytes.subarray(0, at),
            ...Array.from({ length: 1 + below(8) }, () => below(256)),
            ...bytes.subarray(at),
          ]);
          break;
        case 4:
          bytes = Uint8Array.from([
            ...bytes.subarray(0, at),
            ...bytes.subarray(below(at + 1)),
          ]);
          break;
        case 5:
          bytes = Uint8Array.from([
            ...bytes.subarray(0, at),
            ...seeds[below(seeds.length)]!.subarray(at),
          ]);
          break;
      }
    }
    yield bytes;
  }
}
