import type { TcpConnection } from "#platform/tcp.ts";
import { Base64Decoder } from "./base64_decoder.ts";
import { TunnelConnection } from "./tunnel_connection.ts";

/** Media type of both directions of a tunnel. */
export const TUNNEL_MEDIA_TYPE = "application/x-rtsp-tunnelled";

/** Both connections of a tunnel, after their heads. */
export interface HttpTunnelParts {
  /** Carries bytes to the client, as they are. */
  readonly get: TcpConnection;
  /** Carries bytes to the server, as base64. */
  readonly post: TcpConnection;
  /** Settles when the connection that this side sends on has ended: nothing that comes on it is of interest. */
  readonly ended: Promise<void>;
}

/** The server's end of a tunnel. Spec: Tunnelling RTSP and RTP through HTTP (QuickTime Dispatch 28). */
export class HttpServerTunnel extends TunnelConnection {
  #decoder = new Base64Decoder();

  /** Owns both connections from here on. */
  constructor({ get, post, ended }: HttpTunnelParts) {
    super(post, get);
    ended.then(() => post.close());
  }

  /** Hot path: nothing stands around the bytes. */
  send(bytes: Uint8Array): boolean {
    return this.outgoing.send(bytes);
  }

  /** Hot path. */
  sendAll(parts: readonly Uint8Array[]): boolean {
    return this.outgoing.sendAll(parts);
  }

  closeAfterDrain(deadlineMs: number): Promise<void> {
    return closeBoth(this.outgoing, this.incoming, deadlineMs);
  }

  protected decode(bytes: Uint8Array, count: number): number {
    return this.#decoder.decode(bytes, count);
  }
}

/** The client's end of a tunnel: what it sends are requests and reports, never media in bulk. */
export class HttpClientTunnel extends TunnelConnection {
  #encoder = new TextEncoder();

  /** Owns both connections from here on. */
  constructor({ get, post, ended }: HttpTunnelParts) {
    super(get, post);
    ended.then(() => get.close());
  }

  send(bytes: Uint8Array): boolean {
    return this.outgoing.send(this.#encode(bytes));
  }

  sendAll(parts: readonly Uint8Array[]): boolean {
    return this.outgoing.sendAll(parts.map((part) => this.#encode(part)));
  }

  closeAfterDrain(deadlineMs: number): Promise<void> {
    return closeBoth(this.outgoing, this.incoming, deadlineMs);
  }

  protected decode(_bytes: Uint8Array, count: number): number {
    return count;
  }

  /** Each piece by itself, padding included, as other clients do. */
  #encode(bytes: Uint8Array): Uint8Array {
    return this.#encoder.encode(bytes.toBase64());
  }
}

async function closeBoth(
  outgoing: TcpConnection,
  incoming: TcpConnection,
  deadlineMs: number,
): Promise<void> {
  await outgoing.closeAfterDrain(deadlineMs);
  incoming.close();
}
