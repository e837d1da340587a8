import { freeUdpPortPair } from "./ports.ts";
import type { WeirProcess } from "./weir_process.ts";

/** Sockets for RTP and RTCP on neighbouring ports. */
export interface UdpPair extends Disposable {
  /** That of RTP. */
  readonly port: number;
  readonly rtp: Deno.DatagramConn;
  readonly rtcp: Deno.DatagramConn;
}

/** Binds a pair on this machine, on ports that are free unless told otherwise. */
export function bindUdpPair(
  hostname = "127.0.0.1",
  port = freeUdpPortPair(),
): UdpPair {
  const bind = (at: number) =>
    Deno.listenDatagram({ transport: "udp", hostname, port: at });
  const rtp = bind(port);
  const rtcp = bind(port + 1);
  return {
    port,
    rtp,
    rtcp,
    [Symbol.dispose]() {
      rtp.close();
      rtcp.close();
    },
  };
}

/** The server's socket for RTP (0) or RTCP (1). */
export function udpOf(server: WeirProcess, offset: number): Deno.NetAddr {
  const port = server.rtpPort + offset;
  return { transport: "udp", hostname: "127.0.0.1", port };
}
