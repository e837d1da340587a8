/** Longest wait for a server's next bytes, or for the end of a connection. */
const READ_DEADLINE_MS = 15_000;

const READ_BUFFER_BYTES = 64 * 1_024;

/** A bare TCP client that sends whatever a test wants. */
export class RawTcp implements Disposable {
  /** `IP:port` of this side, as a server logs it. */
  readonly address: string;
  /** Port of the server. */
  readonly serverPort: number;
  readonly #conn: Deno.TcpConn | Deno.TlsConn;
  readonly #buffer = new Uint8Array(READ_BUFFER_BYTES);

  /** Takes over `conn`; use {@linkcode openRawTcp}. */
  constructor(conn: Deno.TcpConn | Deno.TlsConn) {
    this.#conn = conn;
    this.address = `${conn.localAddr.hostname}:${conn.localAddr.port}`;
    this.serverPort = conn.remoteAddr.port;
  }

  /** Sends everything; answers false if the server has closed the connection meanwhile. */
  async send(data: Uint8Array | string): Promise<boolean> {
    let rest = typeof data === "string" ? new TextEncoder().encode(data) : data;
    try {
      while (rest.length > 0) {
        rest = rest.subarray(await this.#conn.write(rest));
      }
      return true;
    } catch (error) {
      if (isClosedByPeer(error)) return false;
      throw error;
    }
  }

  /**
   * The next bytes, valid until the next call; `undefined` at the end of the connection.
   *
   * @throws {Error} if nothing comes for 15 s; the connection is closed then.
   */
  async read(): Promise<Uint8Array | undefined> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#conn.close();
    }, READ_DEADLINE_MS);
    try {
      const count = await this.#conn.read(this.#buffer);
      return count === null ? undefined : this.#buffer.subarray(0, count);
    } catch (error) {
      if (isLate) {
        throw new Error(`The server sent nothing for ${READ_DEADLINE_MS} ms`);
      }
      if (isClosedByPeer(error)) return undefined;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Reads until the server ends the connection; answers how many bytes came. */
  async readToEnd(): Promise<number> {
    let sizeBytes = 0;
    for (
      let chunk = await this.read();
      chunk !== undefined;
      chunk = await this.read()
    ) sizeBytes += chunk.length;
    return sizeBytes;
  }

  /** Tells the server that nothing more comes, and keeps reading possible. */
  async closeWrite(): Promise<void> {
    await this.#conn.closeWrite();
  }

  [Symbol.dispose](): void {
    try {
      this.#conn.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
}

/** Connects to a port of this machine; with the server's certificate (PEM), over TLS. */
export async function openRawTcp(
  port: number,
  certificatePem?: string,
): Promise<RawTcp> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay(true);
  if (certificatePem === undefined) return new RawTcp(conn);
  const options = { hostname: "127.0.0.1", caCerts: [certificatePem] };
  const secured = await Deno.startTls(conn, options);
  try {
    await secured.handshake();
  } catch (error) {
    secured.close();
    throw error;
  }
  return new RawTcp(secured);
}

function isClosedByPeer(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.UnexpectedEof ||
    error instanceof Deno.errors.ConnectionAborted;
}
