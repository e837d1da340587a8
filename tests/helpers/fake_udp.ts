import type {
  DatagramHandler,
  UdpPeer,
  UdpSocket,
} from "#platform/udp/udp_socket.ts";

/** One datagram that was sent. */
export interface SentDatagram {
  readonly bytes: Uint8Array;
  readonly ip: string;
  readonly port: number;
}

/** A UDP port without a network. */
export class FakeUdpSocket implements UdpSocket {
  readonly port: number;
  readonly droppedDatagrams = 0;
  readonly queuedBytes = 0;
  /** Calls to send so far: each would have been one call to the system. */
  sends = 0;
  #handler: DatagramHandler | undefined;
  #sent: SentDatagram[] = [];
  #closed = Promise.withResolvers<void>();

  /** `port`: the one it says it is bound to. */
  constructor(port: number) {
    this.port = port;
  }

  /** Settles when it is closed. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  receive(handler: DatagramHandler): Promise<void> {
    this.#handler = handler;
    return this.#closed.promise;
  }

  resolvePeer(ip: string, port: number): UdpPeer {
    return { ip, port };
  }

  sendSegments(
    bytes: Uint8Array,
    segmentBytes: number,
    { ip, port }: UdpPeer,
  ): void {
    this.sends++;
    for (let at = 0; at < bytes.length; at += segmentBytes) {
      const datagram = bytes.subarray(at, at + segmentBytes);
      this.#sent.push({ bytes: datagram, ip, port });
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed.resolve();
    return Promise.resolve();
  }

  /** Somebody sends a datagram; it is borrowed for the call, so it is spoiled behind it. */
  deliver(datagram: Uint8Array, ip: string, port: number): void {
    const borrowed = datagram.slice();
    this.#handler?.(borrowed, ip, port);
    borrowed.fill(0xee);
  }

  /** What was sent since the last call. */
  takeSent(): SentDatagram[] {
    return this.#sent.splice(0);
  }
}
