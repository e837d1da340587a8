import { LiveBody } from "#platform/live_body.ts";
import type { PeerSocket } from "#platform/websocket.ts";

/** The way of the bytes to one reader. */
export interface Transport {
  /** Sends pieces in one go; false if the next ones should wait for `onDrained`. Hot path. */
  send(pieces: readonly Uint8Array[]): boolean;
  /** Tells what follows, where the transport has a way to. */
  announce(mimeType: string): void;
  /** Ends it behind what was sent. Idempotent. */
  end(reason: string): void;
  /** Called when there is room: once at the beginning, then after `send()` answered false. */
  onDrained: () => void;
  /** Called when the reader has gone. */
  onGone: (reason: string) => void;
}

/** A response without end. */
export class ResponseTransport implements Transport {
  onDrained: () => void = () => {};
  onGone: (reason: string) => void = () => {};
  #body = new LiveBody();

  /** Asks for media when the body is read. */
  constructor() {
    this.#body.onDrained = () => this.onDrained();
    this.#body.onGone = () => this.onGone("the peer closed it");
  }

  /** The response. */
  respond(headers: Readonly<Record<string, string>>): Response {
    return this.#body.respond(headers);
  }

  send(pieces: readonly Uint8Array[]): boolean {
    return this.#body.send(pieces);
  }

  /** The header of the response has told it. */
  announce(): void {}

  end(): void {
    this.#body.end();
  }
}

/** Messages of a WebSocket: each piece is one. */
export class SocketTransport implements Transport {
  onDrained: () => void = () => {};
  onGone: (reason: string) => void = () => {};
  #socket: PeerSocket;

  /** Asks for media when the socket is open. */
  constructor(socket: PeerSocket) {
    this.#socket = socket;
    socket.onDrained = () => this.onDrained();
    socket.opened.then(() => this.onDrained());
    socket.closed.then((reason) => this.onGone(reason));
  }

  send(pieces: readonly Uint8Array[]): boolean {
    let hasRoom = true;
    for (const piece of pieces) hasRoom = this.#socket.send(piece);
    return hasRoom;
  }

  announce(mimeType: string): void {
    this.#socket.send(JSON.stringify({ type: "mse", value: mimeType }));
  }

  end(reason: string): void {
    this.#socket.close(reason);
  }
}
