import { Backoff } from "#platform/backoff.ts";
import { plainIp } from "#platform/peer_address.ts";
import { serializeSockaddr } from "#platform/socket_address.ts";
import type { DatagramHandler, UdpPeer, UdpSocket } from "./udp_socket.ts";

/**
 * Bytes that may wait in one socket for the system.
 *
 * Many readers wait with the same bytes, so it costs less memory than it says: a quarter of a second at 1 Gbit/s.
 */
export const MAX_QUEUED_BYTES = 33_554_432;

/** The largest payload that a UDP length field can express, rounded up. */
const RECEIVE_BUFFER_BYTES = 65_536;

const RECEIVE_BACKOFF_MS = 20;

/** Finished places at the front of the queue before they are cut off. */
const MAX_DONE_PLACES = 1_024;

/** Where datagrams go, in the runtime's and in the system's words. */
export class ResolvedPeer implements UdpPeer {
  readonly ip: string;
  readonly port: number;
  /** For the runtime. */
  readonly destination: Deno.NetAddr;
  /** For the system. */
  readonly sockaddr: Uint8Array<ArrayBuffer>;
  /** Largest segment that the way to this peer is not known to refuse. */
  maxSegmentBytes = Infinity;

  /** `isIpv6` says what the sending socket is. */
  constructor(ip: string, port: number, isIpv6: boolean) {
    this.sockaddr = serializeSockaddr(ip, port, isIpv6);
    this.ip = plainIp(ip);
    this.port = port;
    const hostname = isIpv6 && !this.ip.includes(":")
      ? `::ffff:${this.ip}`
      : this.ip;
    this.destination = { transport: "udp", hostname, port };
  }
}

/** Datagrams on their way to one peer. */
export interface Transfer {
  bytes: Uint8Array;
  /** Bytes that are done with: sent, or refused for good. */
  offsetBytes: number;
  segmentBytes: number;
  peer: ResolvedPeer;
}

/** Sends many datagrams a call where the system can. */
export interface SegmentSender {
  /** Datagrams the system refused for good. */
  readonly droppedDatagrams: number;
  /** Goes on with a transfer as far as the system takes it now; whether it is done. */
  send(transfer: Transfer): boolean;
  /** Makes the socket ready for a datagram that the runtime sends. */
  yieldSocket(): void;
  /** To be called before the socket is closed. */
  forget(): void;
}

/** What a socket needs of the runtime's own. */
export type DatagramSource = Pick<
  Deno.DatagramConn,
  "receive" | "send" | "close" | "addr"
>;

/**
 * A UDP socket of the runtime, which receives, and sends one datagram at a time.
 *
 * With a `sender` the system gets the datagrams at once, and the runtime only waits for it to take more.
 */
export class DatagramSocket implements UdpSocket {
  readonly port: number;
  #source: DatagramSource;
  #sender: SegmentSender | undefined;
  #isIpv6: boolean;
  #queue: Transfer[] = [];
  #donePlaces = 0;
  #queuedBytes = 0;
  #droppedDatagrams = 0;
  #isClosed = false;
  #backoff = new Backoff();
  #draining: Promise<void> | undefined;
  // Reused, so that a send which leaves at once makes no object.
  #transfer: Transfer;

  /** Takes over `source` and `sender`. */
  constructor(source: DatagramSource, sender: SegmentSender | undefined) {
    const address = source.addr as Deno.NetAddr;
    this.#source = source;
    this.#sender = sender;
    this.#isIpv6 = address.hostname.includes(":");
    this.port = address.port;
    const peer = new ResolvedPeer(
      this.#isIpv6 ? "::" : "0.0.0.0",
      0,
      this.#isIpv6,
    );
    const bytes = new Uint8Array(0);
    this.#transfer = { bytes, offsetBytes: 0, segmentBytes: 1, peer };
  }

  get droppedDatagrams(): number {
    return this.#droppedDatagrams + (this.#sender?.droppedDatagrams ?? 0);
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  async receive(handler: DatagramHandler): Promise<void> {
    const buffer = new Uint8Array(RECEIVE_BUFFER_BYTES);
    while (!this.#isClosed) {
      let received: [Uint8Array, Deno.Addr];
      try {
        received = await this.#source.receive(buffer);
      } catch (error) {
        if (this.#isClosed || error instanceof Deno.errors.BadResource) return;
        if (isPeerRefusal(error)) continue;
        await this.#backoff.wait(RECEIVE_BACKOFF_MS);
        continue;
      }
      const { hostname, port } = received[1] as Deno.NetAddr;
      handler(received[0], plainIp(hostname), port);
    }
  }

  resolvePeer(ip: string, port: number): UdpPeer {
    return new ResolvedPeer(ip, port, this.#isIpv6);
  }

  sendSegments(bytes: Uint8Array, segmentBytes: number, peer: UdpPeer): void {
    if (this.#isClosed || bytes.length === 0) return;
    const transfer = this.#transfer;
    transfer.bytes = bytes;
    transfer.offsetBytes = 0;
    transfer.segmentBytes = segmentBytes;
    transfer.peer = peer as ResolvedPeer;
    if (this.#draining === undefined && this.#sender?.send(transfer)) return;
    const restBytes = bytes.length - transfer.offsetBytes;
    if (this.#queuedBytes + restBytes > MAX_QUEUED_BYTES) {
      this.#droppedDatagrams += Math.ceil(restBytes / segmentBytes);
      return;
    }
    this.#queuedBytes += restBytes;
    this.#queue.push({ ...transfer });
    this.#draining ??= this.#drain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#backoff.cancel();
      this.#sender?.forget();
      this.#source.close();
    }
    await this.#draining;
  }

  /** The runtime waits until the system takes one datagram, then the sender goes on as far as it gets. */
  async #drain(): Promise<void> {
    while (!this.#isClosed) {
      const first = this.#queue[this.#donePlaces];
      if (first === undefined) break;
      const { bytes, offsetBytes, segmentBytes, peer } = first;
      const datagram = bytes.subarray(
        offsetBytes,
        Math.min(offsetBytes + segmentBytes, bytes.length),
      );
      this.#sender?.yieldSocket();
      try {
        await this.#source.send(datagram, peer.destination);
      } catch {
        this.#droppedDatagrams++; // refused for good; once closed, nobody looks
      }
      first.offsetBytes += datagram.length;
      this.#account(first, offsetBytes);
      if (this.#sender !== undefined) this.#flush(this.#sender);
    }
    this.#queue = [];
    this.#donePlaces = 0;
    this.#queuedBytes = 0;
    this.#draining = undefined;
  }

  #flush(sender: SegmentSender): void {
    let isDone = true;
    while (isDone) {
      const first = this.#queue[this.#donePlaces];
      if (first === undefined) return;
      const { offsetBytes } = first;
      isDone = sender.send(first);
      this.#account(first, offsetBytes);
    }
  }

  #account(first: Transfer, fromBytes: number): void {
    this.#queuedBytes -= first.offsetBytes - fromBytes;
    if (first.offsetBytes < first.bytes.length) return;
    if (++this.#donePlaces < MAX_DONE_PLACES) return;
    this.#queue.splice(0, this.#donePlaces);
    this.#donePlaces = 0;
  }
}

/** Some systems report an earlier datagram that nobody wanted with the next receive. */
function isPeerRefusal(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionRefused ||
    error instanceof Deno.errors.ConnectionReset;
}
