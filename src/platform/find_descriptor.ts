import { EBADF, type Libc, readSockaddr, socketOption } from "./libc.ts";
import { isSameSockaddr, serializeSockaddr } from "./socket_address.ts";

const SO_TYPE = 3;

/**
 * Closed descriptors in a row after which the search ends.
 *
 * A new socket gets the lowest free number, so below it there is hardly a gap.
 */
const MAX_CLOSED_IN_A_ROW = 256;

/** What a socket is known by. */
export interface SocketTraits {
  /** `SOCK_STREAM` or `SOCK_DGRAM` as Linux numbers them. */
  readonly type: number;
  readonly local: Deno.NetAddr;
  /** The other end, for connected sockets. */
  readonly peer?: Deno.NetAddr;
  /** Descriptors that belong to others. */
  readonly skip?: ReadonlySet<number>;
}

/**
 * Finds the descriptor of a socket of the runtime by its addresses, for sockets that do not tell their own.
 *
 * Takes about 0.3 microseconds for each descriptor that is open.
 */
export function findDescriptor(
  library: Libc,
  traits: SocketTraits,
): number | undefined {
  const local = sockaddrOf(traits.local);
  const peer = traits.peer && sockaddrOf(traits.peer);
  let closedInARow = 0;
  for (let descriptor = 0; closedInARow < MAX_CLOSED_IN_A_ROW; descriptor++) {
    const found = readSockaddr(library, "getsockname", descriptor);
    const isClosed = !found && library.errno[0] === EBADF;
    closedInARow = isClosed ? closedInARow + 1 : 0;
    if (!found || traits.skip?.has(descriptor)) continue;
    const isWanted = isSameSockaddr(found, local) &&
      (!peer || hasPeer(library, descriptor, peer)) &&
      socketOption(library, descriptor, SO_TYPE) === traits.type;
    if (isWanted) return descriptor;
  }
  return undefined;
}

/** Whether a descriptor is a socket connected to `peer`. */
export function isConnectedTo(
  library: Libc,
  descriptor: number,
  peer: Deno.NetAddr,
): boolean {
  return hasPeer(library, descriptor, sockaddrOf(peer));
}

function hasPeer(
  library: Libc,
  descriptor: number,
  wanted: Uint8Array,
): boolean {
  const found = readSockaddr(library, "getpeername", descriptor);
  return found !== undefined && isSameSockaddr(found, wanted);
}

function sockaddrOf({ hostname, port }: Deno.NetAddr): Uint8Array {
  return serializeSockaddr(hostname, port, hostname.includes(":"));
}
