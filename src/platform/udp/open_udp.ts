import { PlatformError, toPlatformError } from "#platform/errors.ts";
import { bindHostname } from "#platform/peer_address.ts";
import { DatagramSocket } from "./udp_deno.ts";
import { openFfiSender, setReceiveBuffer } from "./udp_ffi.ts";
import type { UdpSocket } from "./udp_socket.ts";

/** Asked for where the configuration does not say: the default of most systems is full after 20 ms of 80 Mbit/s. */
const WANTED_RECEIVE_BUFFER_BYTES = 2 * 1_024 * 1_024;

/** What every way to open a UDP port takes. */
export interface UdpOptions {
  readonly port: number;
  /** 0 takes what the system grants. */
  readonly receiveBufferBytes?: number;
  /** False keeps to the runtime's own sends. */
  readonly useFfi?: boolean;
}

/**
 * Opens a UDP port.
 *
 * Input: an empty `hostname` means all interfaces, IPv6 and IPv4.
 *
 * @throws {PlatformError} if the address is in use, not of this machine, or not allowed; `buffer_size` if the system
 * does not grant the receive buffer, or it cannot be set here.
 */
export function openUdp(
  options: UdpOptions & { readonly hostname: string },
): UdpSocket {
  const { port } = options;
  const action = `open UDP ${options.hostname}:${port}`;
  let source: Deno.DatagramConn;
  try {
    const hostname = bindHostname(options.hostname);
    source = Deno.listenDatagram({ transport: "udp", hostname, port });
  } catch (error) {
    throw toPlatformError(error, action, port);
  }
  return adoptUdp(source, action, options);
}

/**
 * Takes over a UDP socket of the runtime, and closes it on failure.
 *
 * Input: `action` completes "Cannot ...".
 *
 * @throws {PlatformError} `buffer_size` if the system does not grant the receive buffer, or it cannot be set here.
 */
export function adoptUdp(
  source: Deno.DatagramConn,
  action: string,
  { port, receiveBufferBytes = 0, useFfi = true }: UdpOptions,
): UdpSocket {
  const address = source.addr as Deno.NetAddr;
  if (receiveBufferBytes === 0) {
    if (useFfi) setReceiveBuffer(address, WANTED_RECEIVE_BUFFER_BYTES);
  } else {
    const grantedBytes = useFfi
      ? setReceiveBuffer(address, receiveBufferBytes)
      : undefined;
    if (grantedBytes === undefined || grantedBytes < receiveBufferBytes) {
      source.close();
      const found = grantedBytes === undefined
        ? "it cannot be set without foreign calls"
        : `the system grants ${grantedBytes}`;
      throw new PlatformError(
        action,
        `receive buffer of ${receiveBufferBytes} bytes: ${found}`,
        { code: "buffer_size", port },
      );
    }
  }
  return new DatagramSocket(
    source,
    useFfi ? openFfiSender(address) : undefined,
  );
}
