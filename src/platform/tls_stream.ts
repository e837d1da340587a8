import type { Duplex } from "node:stream";
import type { TcpConnection } from "./tcp.ts";
import type { ByteSource } from "./tcp_connection.ts";
import type { TlsPipe } from "./tls_pipe.ts";

/** What the TLS engine takes at once: what is behind it counts as not sent yet. */
const MAX_WRITE_BYTES = 49_152;

/** A write that has not left yet. */
interface PendingWrite {
  readonly lengthBytes: number;
  readonly resolve: (taken: number) => void;
  readonly reject: (error: Error) => void;
  /** The engine has encrypted all of it. */
  isEncrypted: boolean;
}

/** The plain side of a TLS connection: what a {@linkcode SocketConnection} reads from and writes to. */
export class TlsStream implements ByteSource {
  readonly localAddr: Deno.NetAddr;
  readonly remoteAddr: Deno.NetAddr;
  #tcp: TcpConnection;
  #pipe: TlsPipe;
  #secured: Duplex;
  /** Decrypted and not read yet. */
  #chunks: Uint8Array[] = [];
  #hasEnded = false;
  #error: Error | undefined;
  /** Reads that wait: the last one of a connection's end may come beside its owner's. */
  #waiting: (() => void)[] = [];
  #rejectHandshake: ((error: Error) => void) | undefined;
  #write: PendingWrite | undefined;
  #handleEncrypted = (error?: Error | null) => this.#goOn(error);

  /** Takes over all three; `secured` is the engine's stream around `pipe`, which is around `tcp`. */
  constructor(tcp: TcpConnection, pipe: TlsPipe, secured: Duplex) {
    this.#tcp = tcp;
    this.#pipe = pipe;
    this.#secured = secured;
    this.localAddr = toNetAddress(tcp.local);
    this.remoteAddr = toNetAddress(tcp.peer);
    pipe.onSent = () => this.#settleWrite();
    secured.on("data", (chunk: Uint8Array) => this.#take(chunk));
    secured.on("end", () => this.#end());
    secured.on("close", () => this.#close());
    secured.on("error", (error: Error) => this.#fail(error));
    // The engine tells errors behind the handshake of an accepted connection in no other way.
    secured.on("_tlsError", (error: Error) => this.#fail(error));
  }

  /**
   * Waits for the end of the handshake; `event` is how the engine tells it.
   *
   * @throws {Error} what the engine says, or that the peer has gone.
   */
  handshake(event: "secure" | "secureConnect"): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#secured.once(event, () => {
        this.#rejectHandshake = undefined;
        resolve();
      });
      this.#rejectHandshake = reject;
    });
  }

  /** Part of a byte source: waits for decrypted bytes; `null` at the end. */
  async read(into: Uint8Array): Promise<number | null> {
    while (this.#chunks.length === 0) {
      if (this.#error) throw this.#error;
      if (this.#hasEnded) return null;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    const chunk = this.#chunks[0]!;
    const count = Math.min(chunk.length, into.length);
    into.set(chunk.subarray(0, count));
    if (count < chunk.length) this.#chunks[0] = chunk.subarray(count);
    else this.#chunks.shift();
    if (this.#chunks.length === 0) this.#pipe.release();
    return count;
  }

  /** Part of a byte source: answers how many bytes have left, as encrypted ones. */
  write(bytes: Uint8Array): Promise<number> {
    if (this.#error) return Promise.reject(this.#error);
    const lengthBytes = Math.min(bytes.length, MAX_WRITE_BYTES);
    return new Promise((resolve, reject) => {
      this.#write = { lengthBytes, resolve, reject, isEncrypted: false };
      this.#secured.write(
        bytes.subarray(0, lengthBytes),
        this.#handleEncrypted,
      );
    });
  }

  /** Part of a byte source: says goodbye (`close_notify`) behind everything that was written. */
  closeWrite(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#secured.destroyed) return resolve();
      this.#secured.once("finish", resolve);
      this.#secured.once("close", resolve);
      this.#secured.end();
      this.#pipe.nudge();
    });
  }

  /** Part of a byte source: closes at once. Harmless when closed. */
  close(): void {
    this.#secured.destroy();
    this.#pipe.destroy();
    this.#tcp.close();
    this.#close();
  }

  #take(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#pipe.hold();
    this.#wake();
  }

  /** The peer sends nothing more. */
  #end(): void {
    this.#hasEnded = true;
    this.#rejectHandshake?.(new Error("the peer closed the connection"));
    this.#wake();
  }

  #close(): void {
    this.#end();
    this.#rejectWrite(new Error("the connection is closed"));
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.#rejectHandshake?.(error);
    this.#rejectWrite(error);
    this.#wake();
  }

  #rejectWrite(error: Error): void {
    this.#write?.reject(error);
    this.#write = undefined;
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #goOn(error: Error | null | undefined): void {
    if (error) return this.#fail(error);
    if (this.#write) this.#write.isEncrypted = true;
    this.#settleWrite();
  }

  /** The engine may be done with a write while its bytes wait for the peer. */
  #settleWrite(): void {
    const write = this.#write;
    if (!write?.isEncrypted || this.#pipe.isSending) return;
    this.#write = undefined;
    write.resolve(write.lengthBytes);
  }
}

function toNetAddress(
  { ip, port }: { readonly ip: string; readonly port: number },
): Deno.NetAddr {
  return { transport: "tcp", hostname: ip, port };
}
