import { toPlatformError } from "#platform/errors.ts";
import { adoptUdp, type UdpOptions } from "./open_udp.ts";
import type { UdpSocket } from "./udp_socket.ts";

/** The group that every host is in anyway. Spec: RFC 1112 §4. */
const ALL_HOSTS = "224.0.0.1";

/** Any interface: the system chooses by its routes. */
const ANY_INTERFACE = "0.0.0.0";

/** Where multicast enters or leaves this machine. */
export interface MulticastOptions extends UdpOptions {
  /** IPv4 address of the interface; one of IPv6 leaves the choice to the system's routes. */
  readonly interfaceIp: string;
}

/**
 * Opens a port to send to multicast groups from, by one interface; local members of the groups hear it, too.
 *
 * It receives what is sent to the interface's own address. Other sockets may have the same address: what is sent there
 * reaches one of them.
 * Input: `ttl` is the number of hops, 0 to 255.
 *
 * @throws {PlatformError} if the address is not of this machine, or the system refuses.
 */
export async function openMulticastSender(
  options: MulticastOptions & { readonly ttl: number },
): Promise<UdpSocket> {
  const { port, ttl } = options;
  const hostname = interfaceOf(options);
  const action = `open UDP ${hostname}:${port} to send multicast`;
  return await open(action, options, hostname, async (source) => {
    // The runtime sets the hops by way of a membership, and any will do.
    const membership = await source.joinMulticastV4(ALL_HOSTS, hostname);
    await membership.setTTL(ttl);
    await membership.setLoopback(true);
  });
}

/**
 * Opens a port that receives what is sent to a multicast group.
 *
 * As long as it is open, what reaches the group over that interface reaches every socket of this machine that waits for
 * it, by whatever interface it has joined.
 * Input: `group` is an IPv4 multicast address.
 * Limits: where sockets cannot be bound to a group (Windows) everything that is sent to the port is received.
 *
 * @throws {PlatformError} if `group` is none, the interface is not of this machine, or the system refuses.
 */
export async function openMulticastReceiver(
  options: MulticastOptions & { readonly group: string },
): Promise<UdpSocket> {
  const { port, group } = options;
  const hostname = Deno.build.os === "windows" ? ANY_INTERFACE : group;
  const action = `receive multicast of ${group}:${port}`;
  return await open(action, options, hostname, async (source) => {
    await source.joinMulticastV4(group, interfaceOf(options));
  });
}

/** Opens a socket whose address others may have, too. */
async function open(
  action: string,
  options: MulticastOptions,
  hostname: string,
  prepare: (source: Deno.DatagramConn) => Promise<void>,
): Promise<UdpSocket> {
  const { port } = options;
  let source: Deno.DatagramConn | undefined;
  try {
    source = Deno.listenDatagram({
      transport: "udp",
      hostname,
      port,
      reuseAddress: true,
    });
    await prepare(source);
  } catch (error) {
    source?.close();
    throw toPlatformError(error, action, port);
  }
  return adoptUdp(source, action, options);
}

function interfaceOf({ interfaceIp }: MulticastOptions): string {
  return interfaceIp.includes(":") ? ANY_INTERFACE : interfaceIp;
}
