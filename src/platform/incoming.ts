import type { IpNetwork } from "#base/ip.ts";
import { readProxyHeader } from "./proxy_protocol.ts";
import { inSpan } from "./telemetry.ts";
import type { PeerAddress, TcpConnection, TcpListener } from "./tcp.ts";
import { acceptTls, type TlsPair } from "./tls.ts";

/** How connections of a listener come to be served. */
export interface IncomingOptions {
  /** Pair that the next peer is shown; undefined if nothing is encrypted. */
  readonly certificate: (() => TlsPair) | undefined;
  /** Proxies whose PROXY header is believed; empty if none is understood. */
  readonly trustedProxies: readonly IpNetwork[];
  /** Serves one peer to its end; takes the connection over and never rejects. */
  readonly serve: (connection: TcpConnection) => Promise<void>;
  /** Told why a peer did not get that far; its connection is closed. */
  readonly onRefused: (peer: PeerAddress, error: unknown) => void;
}

/**
 * Accepts the peers of a listener: PROXY header, handshake, then serving, each peer on its own.
 *
 * A peer that is slow with its beginning keeps nobody waiting.
 */
export class Incoming {
  /** Settles when the listener is closed and every peer that was accepted has gone. */
  readonly closed: Promise<void>;
  #listener: TcpListener;
  #options: IncomingOptions;
  #abort = new AbortController();
  #running = new Set<Promise<void>>();

  /** Takes over `listener`, and begins. */
  constructor(listener: TcpListener, options: IncomingOptions) {
    this.#listener = listener;
    this.#options = options;
    this.closed = this.#accept();
  }

  /** Accepts nobody any more and drops those who are still at their beginning; those who are served stay. Idempotent. */
  stop(): void {
    this.#listener[Symbol.dispose]();
    this.#abort.abort(new Error("terminated"));
  }

  async #accept(): Promise<void> {
    for (
      let connection = await this.#listener.accept();
      connection !== undefined;
      connection = await this.#listener.accept()
    ) {
      const running = this.#run(connection)
        .finally(() => this.#running.delete(running));
      this.#running.add(running);
    }
    await Promise.all(this.#running);
  }

  async #run(accepted: TcpConnection): Promise<void> {
    const { certificate, trustedProxies, serve, onRefused } = this.#options;
    const { signal } = this.#abort;
    let connection = accepted;
    try {
      if (trustedProxies.length > 0) {
        await readProxyHeader(accepted, { trusted: trustedProxies, signal });
      }
      if (certificate) {
        connection = await acceptTls(accepted, certificate, { signal });
      }
      signal.throwIfAborted();
    } catch (error) {
      connection.close();
      onRefused(accepted.peer, error);
      return;
    }
    const { ip, port } = connection.peer;
    const attributes = {
      "network.peer.address": ip,
      "network.peer.port": port,
    };
    await inSpan("connection", attributes, () => serve(connection));
  }
}
