import { DescriptorReader } from "./descriptor_reader.ts";
import { findDescriptor, isConnectedTo } from "./find_descriptor.ts";
import {
  type Libc,
  libc,
  MSG_DONTWAIT,
  MSG_MORE,
  MSG_NOSIGNAL,
} from "./libc.ts";
import type { ReadPoller } from "./read_poller.ts";

const DESCRIPTOR_SYMBOL = "Deno.internal.fd";
const SHUT_RDWR = 2;

/** Type of a stream socket. */
const SOCK_STREAM = 1;

let descriptorSymbol: symbol | undefined;

/** How TCP connections send: the C library's `send`, or the runtime's own write. */
export function sendEngine(): "ffi" | "deno" {
  return libc ? "ffi" : "deno";
}

/** Synchronous sending on the descriptor of one connection, which stays the connection's. */
export class DescriptorSender {
  readonly #calls: Libc["calls"];
  #descriptor: number;

  /** Use {@linkcode openDescriptorSender}. */
  constructor(calls: Libc["calls"], descriptor: number) {
    this.#calls = calls;
    this.#descriptor = descriptor;
  }

  /**
   * Hands over what the socket takes now of the first `lengthBytes`, without waiting.
   *
   * Hot path. Input: `hasMore` if the next call follows at once.
   * Output: bytes taken; 0 if it takes none, for whatever reason: the runtime's own write will tell.
   */
  send(bytes: Uint8Array, lengthBytes: number, hasMore = false): number {
    if (this.#descriptor < 0) return 0;
    const taken = this.#calls.send(
      this.#descriptor,
      bytes,
      lengthBytes,
      MSG_DONTWAIT | MSG_NOSIGNAL | (hasMore ? MSG_MORE : 0),
    );
    return taken > 0 ? taken : 0;
  }

  /** Reading on the same descriptor; undefined if that is not possible. Input: `peerIp`, named in errors. */
  openReader(
    poller: ReadPoller,
    peerIp: string,
  ): DescriptorReader | undefined {
    return DescriptorReader.open(poller, this.#descriptor, peerIp);
  }

  /** Ends a write of the runtime that waits for the peer: closing alone does not before Deno 2.9. */
  interruptWrite(): void {
    if (this.#descriptor >= 0) {
      this.#calls.shutdown(this.#descriptor, SHUT_RDWR);
    }
  }

  /** To be called before the connection is closed: from then on its number may belong to someone else. */
  forget(): void {
    this.#descriptor = -1;
  }
}

/** Finds a connection's descriptor and checks it against the peer; `undefined` where sending this way is not possible. */
export function openDescriptorSender(
  connection: Pick<Deno.TcpConn, "localAddr" | "remoteAddr">,
): DescriptorSender | undefined {
  if (!libc) return undefined;
  const { localAddr: local, remoteAddr: peer } = connection;
  const descriptor = toldDescriptor(connection) ??
    findDescriptor(libc, { type: SOCK_STREAM, local, peer });
  return descriptor !== undefined && isConnectedTo(libc, descriptor, peer)
    ? new DescriptorSender(libc.calls, descriptor)
    : undefined;
}

/** Accepted connections tell their descriptor; those that were made by connecting do not. */
function toldDescriptor(connection: object): number | undefined {
  descriptorSymbol ??= Object.getOwnPropertySymbols(connection)
    .find((symbol) => symbol.description === DESCRIPTOR_SYMBOL);
  if (!descriptorSymbol) return undefined;
  const value: unknown = Reflect.get(connection, descriptorSymbol);
  return typeof value === "number" && value >= 0 ? value : undefined;
}
