/** What goes wrong with connections. */
export interface ProxyFault {
  /** A byte is another one, the connection ends, the proxy answers 500 itself, or nothing happens any more. */
  readonly kind: "spoil" | "cut" | "answer" | "hang";
  /** Bytes to the server that pass before. */
  readonly atBytes: number;
  /** Connections that it still happens to. */
  count: number;
}

const ANSWER = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n" +
  "Connection: close\r\n\r\n";

/** Stands before a server and lets things go wrong on the way to it. */
export class FaultyProxy implements AsyncDisposable {
  /** None, if left out. */
  fault: ProxyFault | undefined;
  #server: URL;
  #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  #connections = new Set<Deno.Conn>();
  #ending = Promise.withResolvers<void>();
  #running: Promise<void>;

  /** `serverUrl`: where the server is. */
  constructor(serverUrl: string) {
    this.#server = new URL(serverUrl);
    this.#running = this.#run();
  }

  /** Address of the proxy. */
  get url(): string {
    const { port } = this.#listener.addr as Deno.NetAddr;
    return `http://127.0.0.1:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.#ending.resolve();
    for (const one of this.#connections) close(one);
    await this.#running;
  }

  async #run(): Promise<void> {
    const passing = new Set<Promise<void>>();
    for await (const client of this.#listener) {
      const one = this.#pass(client).catch(() => {}) // one of both has gone
        .finally(() => passing.delete(one));
      passing.add(one);
    }
    await Promise.all(passing);
  }

  async #pass(client: Deno.Conn): Promise<void> {
    const { hostname, port } = this.#server;
    const server = await Deno.connect({ hostname, port: Number(port) });
    for (const one of [client, server]) this.#connections.add(one);
    try {
      const down = copy(server, client).finally(() => close(client));
      await this.#passUp(client, server);
      await down;
    } finally {
      for (const one of [client, server]) {
        this.#connections.delete(one);
        close(one);
      }
    }
  }

  async #passUp(client: Deno.Conn, server: Deno.Conn): Promise<void> {
    let passedBytes = 0;
    const bytes = new Uint8Array(65_536);
    for (;;) {
      const count = await client.read(bytes);
      if (count === null) return;
      const piece = bytes.subarray(0, count);
      const { fault } = this;
      const at = (fault?.atBytes ?? Infinity) - passedBytes;
      if (fault && fault.count > 0 && at >= 0 && at < count) {
        fault.count--;
        if (fault.kind === "hang") return await this.#ending.promise;
        if (fault.kind === "spoil") piece[at]! ^= 1;
        else {
          if (fault.kind === "answer") {
            await write(client, new TextEncoder().encode(ANSWER));
          }
          close(client);
          close(server);
          return;
        }
      }
      await write(server, piece);
      passedBytes += count;
    }
  }
}

async function copy(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  const bytes = new Uint8Array(65_536);
  for (;;) {
    const count = await from.read(bytes).catch(() => null); // gone
    if (count === null) return;
    await write(to, bytes.subarray(0, count));
  }
}

async function write(to: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // closed already
  }
}
