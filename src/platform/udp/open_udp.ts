import { PlatformError, toPlatformError } from "#platform/errors.ts";
import { bindHostname } from "#platform/peer_address.ts";
import { DatagramSocket } from "./udp_deno.ts";
import { openFfiSender, setReceiveBuffer } from "./udp_ffi.ts";
import type { UdpSocket } from "./udp_socket.ts";

/** Asked for where the configuration does not say: the default of most systems is full after 20 ms of 80 Mbit/s. */
const WANTED_RECEIVE_BUFFER_BYTES = 2 * 1_024 * 1_024;

/**
 * Opens a UDP port.
 *
 * Input: an empty `hostname` means all interfaces, IPv6 and IPv4; `receiveBufferBytes` 0 takes what the system grants;
 * `useFfi: false` keeps to the runtime's own sends.
 *
 * @throws {PlatformError} if the address is in use, not of this machine, or not allowed; `buffer_size` if the system
 * does not grant the receive buffer, or it cannot be set here.
 */
export function openUdp(
  options: {
    hostname: string;
    port: number;
    receiveBufferBytes?: number;
    useFfi?: boolean;
  },
): UdpSocket {
  const { port, receiveBufferBytes = 0, useFfi = true } = options;
  const action = `open UDP ${options.hostname}:${port}`;
  let source: Deno.DatagramConn;
  try {
    const hostname = bindHostname(options.hostname);
    source = Deno.listenDatagram({ transport: "udp", hostname, port });
  } catch (error) {
    throw toPlatformError(error, action, port);
  }
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
