import type { TcpConnection } from "#platform/tcp.ts";

const BUFFER_BYTES = 1_024;

/** Reads and drops what a peer sends; settles when it has left. Never rejects. */
export async function readToEnd(connection: TcpConnection): Promise<void> {
  const dropped = new Uint8Array(BUFFER_BYTES);
  try {
    while (await connection.read(dropped) !== undefined);
  } catch {
    // A connection that was reset has ended, too.
  }
}
