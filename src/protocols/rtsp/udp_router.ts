import type { UdpSocket } from "#platform/udp/udp_socket.ts";

/** Takes the datagrams of one peer. */
export interface UdpEndpoint {
  /** Owned. */
  handleRtpDatagram(trackIndex: number, packet: Uint8Array): void;
  /** Borrowed. */
  handleRtcpDatagram(trackIndex: number, packet: Uint8Array): void;
  /** A datagram brought a bug to light: ends what it came for, and nothing else. */
  handleFault(error: unknown): void;
}

/** Who takes datagrams, and for which track. */
export interface UdpRoute {
  readonly endpoint: UdpEndpoint;
  readonly trackIndex: number;
}

/** Hands datagrams to the session of their sender; those of strangers are dropped and counted. */
export class UdpRouter {
  /** Datagrams from addresses that belong to no session. */
  strangerDatagrams = 0;
  #rtp = new Map<string, UdpRoute>();
  #rtcp = new Map<string, UdpRoute>();

  /** Reads both sockets until they are closed. */
  async run(rtp: UdpSocket, rtcp: UdpSocket): Promise<void> {
    await Promise.all([
      rtp.receive((datagram, ip, port) => {
        const route = this.#find(this.#rtp, ip, port);
        if (route !== undefined) deliver(route, datagram.slice(), false);
      }),
      rtcp.receive((datagram, ip, port) => {
        const route = this.#find(this.#rtcp, ip, port);
        if (route !== undefined) deliver(route, datagram, true);
      }),
    ]);
  }

  /** Whether these ports of a peer belong to a session already. */
  isTaken(ip: string, ports: readonly [number, number]): boolean {
    return this.#rtp.has(keyOf(ip, ports[0])) ||
      this.#rtcp.has(keyOf(ip, ports[1]));
  }

  /** Sends what comes from a peer's ports to `endpoint` until disposed of. */
  add(
    ip: string,
    ports: readonly [number, number],
    route: UdpRoute,
  ): Disposable {
    const rtpKey = keyOf(ip, ports[0]);
    const rtcpKey = keyOf(ip, ports[1]);
    this.#rtp.set(rtpKey, route);
    this.#rtcp.set(rtcpKey, route);
    return {
      [Symbol.dispose]: () => {
        if (this.#rtp.get(rtpKey) !== route) return;
        this.#rtp.delete(rtpKey);
        this.#rtcp.delete(rtcpKey);
      },
    };
  }

  #find(
    routes: ReadonlyMap<string, UdpRoute>,
    ip: string,
    port: number,
  ): UdpRoute | undefined {
    const route = routes.get(keyOf(ip, port));
    if (route === undefined) this.strangerDatagrams++;
    return route;
  }
}

/** Hands a datagram over. Hot path. What goes wrong must not end the reading: the sockets are everybody's. */
export function deliver(
  { endpoint, trackIndex }: UdpRoute,
  datagram: Uint8Array,
  isRtcp: boolean,
): void {
  try {
    if (isRtcp) endpoint.handleRtcpDatagram(trackIndex, datagram);
    else endpoint.handleRtpDatagram(trackIndex, datagram);
  } catch (error) {
    // Later: ending it may bring the same to light once more.
    queueMicrotask(() => endpoint.handleFault(error));
  }
}

function keyOf(ip: string, port: number): string {
  return `${ip} ${port}`;
}
