import type { Clock } from "#base/clock.ts";
import {
  EBADF,
  type Libc,
  libc,
  readSockaddr,
  setSocketOption,
  socketOption,
} from "./libc.ts";
import type { PeerAddress } from "./peer_address.ts";
import { serializeSockaddr } from "./socket_address.ts";

/** How often connections are looked at. */
const SWEEP_INTERVAL_MS = 1_000;

/**
 * Closed descriptors in a row after which there are no more, above the highest that was open last.
 *
 * A new one gets the lowest free number, but many that are closed at once leave a gap.
 */
const MAX_CLOSED_IN_A_ROW = 1_024;

const SO_TYPE = 3;
const SOCK_STREAM = 1;
const SHUT_RD = 0;
const SHUT_RDWR = 2;
const IPPROTO_TCP = 6;
const TCP_USER_TIMEOUT = 18;

/** First 12 bytes of an IPv4 address in IPv6 form. Spec: RFC 4291 §2.5.5.2. */
const MAPPED_PREFIX_HEX = "00000000000000000000ffff";

/** What connections of a port may take. */
export interface SweepLimits {
  /** How long a peer may take for its first request. */
  readonly firstRequestMs: number;
  /** How long a connection may wait for its next request. */
  readonly idleMs: number;
  /** How long what was sent may wait for the peer. */
  readonly writeTimeoutMs: number;
  /** Connections at the same time; beyond it those that wait longest are closed. */
  readonly maxConnections: number;
}

/** A connection without a request under way. */
interface Waiting {
  readonly key: string;
  readonly descriptor: number;
  readonly sinceMs: number;
  readonly limitMs: number;
}

/** What is known about a connection. */
interface Known {
  readonly key: string;
  readonly seenAtMs: number;
  /** Requests under way. */
  running: number;
  /** When the last request ended; undefined before the first. */
  endedAtMs: number | undefined;
  /** The system knows how long a write may take. */
  isLimited: boolean;
}

/**
 * Closes connections of a port that nobody uses: the runtime's HTTP server keeps one open for as long as its peer likes,
 * even if no request ever comes.
 *
 * Works by the descriptors of this process, on Linux; elsewhere connections stay.
 */
export class ConnectionSweeper implements Disposable {
  #library: Libc | undefined;
  #port: number;
  #limits: SweepLimits;
  #clock: Clock;
  #connections = new Map<string, Known>();
  /** The same by what the peer is called in requests. */
  #byPeer = new Map<string, Known>();
  /** Highest descriptor that was open last. */
  #highest = 0;
  #cancel: () => void = () => {};

  /** Begins to look at the connections that came in at `port`. */
  constructor(
    port: number,
    options: { readonly limits: SweepLimits; readonly clock: Clock },
  ) {
    this.#library = libc;
    this.#port = port;
    this.#limits = options.limits;
    this.#clock = options.clock;
    if (this.#library) this.#wait(this.#library);
  }

  /** A request of `peer` began; the result says that it has ended. */
  begin(peer: PeerAddress): () => void {
    if (!this.#library) return () => {};
    const name = `${peer.ip}/${peer.port}`;
    let known = this.#byPeer.get(name);
    if (known === undefined) {
      known = this.#know(keyOf(peer));
      this.#byPeer.set(name, known);
    }
    known.running++;
    return () => {
      known.running--;
      known.endedAtMs = this.#clock.monotonicMs();
    };
  }

  /** Reads no more of what `peer` sends; what it is sent still leaves. Output: whether that was possible. */
  endReading(peer: PeerAddress): boolean {
    if (!this.#library) return false;
    const descriptor = this.#openConnections(this.#library).get(keyOf(peer));
    return descriptor !== undefined &&
      this.#library.calls.shutdown(descriptor, SHUT_RD) === 0;
  }

  /** Ends every connection. */
  closeAll(): void {
    if (!this.#library) return;
    for (const descriptor of this.#openConnections(this.#library).values()) {
      this.#library.calls.shutdown(descriptor, SHUT_RDWR);
    }
  }

  /** Looks no more. Idempotent. */
  [Symbol.dispose](): void {
    this.#cancel();
    this.#connections.clear();
    this.#byPeer.clear();
  }

  #know(key: string): Known {
    let known = this.#connections.get(key);
    if (!known) {
      const seenAtMs = this.#clock.monotonicMs();
      known = {
        key,
        seenAtMs,
        running: 0,
        endedAtMs: undefined,
        isLimited: false,
      };
      this.#connections.set(key, known);
    }
    return known;
  }

  #wait(library: Libc): void {
    this.#cancel = this.#clock.after(SWEEP_INTERVAL_MS, () => {
      this.#sweep(library);
      this.#wait(library);
    });
  }

  #sweep(library: Libc): void {
    const { firstRequestMs, idleMs, maxConnections } = this.#limits;
    const open = this.#openConnections(library);
    for (const [key, { running }] of this.#connections) {
      if (running === 0 && !open.has(key)) this.#connections.delete(key);
    }
    const waiting: Waiting[] = [];
    for (const [key, descriptor] of open) {
      const { running, endedAtMs, seenAtMs } = this.#know(key);
      if (running > 0) continue;
      const sinceMs = endedAtMs ?? seenAtMs;
      const limitMs = endedAtMs === undefined ? firstRequestMs : idleMs;
      waiting.push({ descriptor, key, sinceMs, limitMs });
    }
    const nowMs = this.#clock.monotonicMs();
    const tooMany = open.size - maxConnections;
    waiting.sort((a, b) => a.sinceMs - b.sinceMs);
    for (
      const [i, { descriptor, key, sinceMs, limitMs }] of waiting.entries()
    ) {
      if (i >= tooMany && nowMs - sinceMs < limitMs) continue;
      library.calls.shutdown(descriptor, SHUT_RDWR);
      this.#connections.delete(key);
    }
    for (const [name, known] of this.#byPeer) {
      if (this.#connections.get(known.key) !== known) this.#byPeer.delete(name);
    }
  }

  /** Descriptors of what came in at the port, by {@linkcode keyOf} their peers. */
  #openConnections(library: Libc): Map<string, number> {
    const open = new Map<string, number>();
    let highest = 0;
    for (
      let descriptor = 0;
      descriptor <= Math.max(highest, this.#highest) + MAX_CLOSED_IN_A_ROW;
      descriptor++
    ) {
      const local = readSockaddr(library, "getsockname", descriptor);
      if (local || library.errno[0] !== EBADF) highest = descriptor;
      if (!local || (local[2]! << 8 | local[3]!) !== this.#port) continue;
      const peer = readSockaddr(library, "getpeername", descriptor);
      if (!peer) continue;
      const key = sockaddrKey(peer);
      if (socketOption(library, descriptor, SO_TYPE) !== SOCK_STREAM) continue;
      const known = this.#know(key);
      if (!known.isLimited) this.#limitWrites(library, descriptor);
      known.isLimited = true;
      open.set(key, descriptor);
    }
    this.#highest = highest;
    return open;
  }

  /** The system itself ends a connection whose peer takes nothing. */
  #limitWrites(library: Libc, descriptor: number): void {
    setSocketOption(library, descriptor, {
      level: IPPROTO_TCP,
      name: TCP_USER_TIMEOUT,
      value: this.#limits.writeTimeoutMs,
    });
  }
}

/** Names a peer as its socket address does, in IPv6 form. */
function keyOf({ ip, port }: PeerAddress): string {
  return sockaddrKey(serializeSockaddr(ip, port, true));
}

/** Port and address without what the system fills in; the same for IPv4 and for IPv4 in IPv6. */
function sockaddrKey(sockaddr: Uint8Array): string {
  const port = sockaddr.subarray(2, 4).toHex();
  const isIpv6 = sockaddr.length > 16;
  const address = isIpv6
    ? sockaddr.subarray(8, 24).toHex()
    : MAPPED_PREFIX_HEX + sockaddr.subarray(4, 8).toHex();
  return port + address;
}
