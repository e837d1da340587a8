/** End of a body of chunks. */
export const LAST_CHUNK: Uint8Array = new TextEncoder().encode("0\r\n\r\n");

const encoder = new TextEncoder();

/** Pieces of streams as chunks. */
const sharedChunks = new WeakMap<Uint8Array, Uint8Array>();

/** A piece of a stream as a chunk, made once for all of its readers; nothing for an empty one, which would end the body. Hot path. */
export function sharedChunkOf(piece: Uint8Array): Uint8Array {
  if (piece.length === 0) return piece;
  let chunk = sharedChunks.get(piece);
  if (chunk === undefined) {
    chunk = chunkOf(piece);
    sharedChunks.set(piece, chunk);
  }
  return chunk;
}

/** A piece of a body as a chunk. Spec: RFC 9112 §7.1. */
export function chunkOf(piece: Uint8Array): Uint8Array {
  const size = encoder.encode(`${piece.length.toString(16)}\r\n`);
  const chunk = new Uint8Array(size.length + piece.length + 2);
  chunk.set(size);
  chunk.set(piece, size.length);
  chunk.set([0x0d, 0x0a], size.length + piece.length);
  return chunk;
}
