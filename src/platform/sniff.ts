import type { TcpConnection } from "./tcp.ts";

/** How something that a peer may speak begins. */
export interface Opening<K extends string> {
  readonly kind: K;
  /** At least one byte. */
  readonly bytes: Uint8Array;
}

/**
 * Reads until the first bytes of a peer tell what it speaks; they stay to be read.
 *
 * Output: the kind of the first opening of `table` that fits; `undefined` if none does, or the peer has ended before.
 * Limits: reads no more than the longest opening; how long it may wait is the caller's matter (`beginWithin`).
 */
export async function sniff<K extends string>(
  connection: TcpConnection,
  table: readonly Opening<K>[],
): Promise<K | undefined> {
  const head = new Uint8Array(
    Math.max(...table.map(({ bytes }) => bytes.length)),
  );
  let lengthBytes = 0;
  let found: K | undefined;
  while (
    found === undefined &&
    table.some((one) => fits(one.bytes, head, lengthBytes))
  ) {
    const count = await connection.read(head.subarray(lengthBytes));
    if (count === undefined) break;
    lengthBytes += count;
    found = table.find(({ bytes }) =>
      bytes.length <= lengthBytes && fits(bytes, head, lengthBytes)
    )?.kind;
  }
  connection.unread(head.subarray(0, lengthBytes));
  return found;
}

/** Whether what was read is an opening, or may become one. */
function fits(
  opening: Uint8Array,
  head: Uint8Array,
  lengthBytes: number,
): boolean {
  const end = Math.min(opening.length, lengthBytes);
  for (let i = 0; i < end; i++) if (opening[i] !== head[i]) return false;
  return true;
}
