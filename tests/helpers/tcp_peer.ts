import type { TcpConnection } from "#platform/tcp.ts";
import { assert } from "./assert.ts";
import { seededRandom } from "./splits.ts";

/** Bytes that are the same in every run, and without a pattern. */
export function randomBytes(
  countBytes: number,
  seed = 1,
): Uint8Array<ArrayBuffer> {
  const random = seededRandom(seed);
  const words = Uint32Array.from(
    { length: Math.ceil(countBytes / 4) },
    () => random() * 2 ** 32,
  );
  return new Uint8Array(words.buffer, 0, countBytes);
}

/** The next bytes of a peer, all of them. */
export async function readExactly(
  peer: Deno.Conn,
  countBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(countBytes);
  for (let at = 0; at < countBytes;) {
    const count = await peer.read(bytes.subarray(at));
    assert(count !== null, `peer saw the end after ${at} bytes`);
    at += count;
  }
  return bytes;
}

/** Reads to the end that the other side announces and counts; a TLS peer's read throws without that end. */
export async function readToEnd(peer: Deno.Conn): Promise<number> {
  const bytes = new Uint8Array(1_048_576);
  let total = 0;
  for (;;) {
    const count = await peer.read(bytes);
    if (count === null) return total;
    total += count;
  }
}

/** Settles when everything that waited was sent. */
export function drained(connection: TcpConnection): Promise<void> {
  return new Promise((resolve) => connection.onDrained = resolve);
}

/** Settles when sending has failed. */
export function broken(connection: TcpConnection): Promise<Error> {
  return new Promise((resolve) => connection.onBroken = resolve);
}
