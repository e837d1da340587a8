import { errorText, namingKey } from "#base/errors.ts";
import { parseListenAddress } from "#base/listen_address.ts";
import type { ModulePorts, RunningModule } from "#core/ports.ts";
import { type Certificates, openCertificates } from "#platform/certificates.ts";
import { Incoming } from "#platform/incoming.ts";
import { addressText } from "#platform/peer_address.ts";
import { listenTcp, type TcpListener } from "#platform/tcp.ts";
import { openUdp } from "#platform/udp/open_udp.ts";
import type { UdpSocket } from "#platform/udp/udp_socket.ts";
import { RtspConnection } from "./connection.ts";
import {
  RTSP_CONFIG_KEYS,
  type RtspConfig,
  type RtspContext,
  type RtspProtocol,
  type RtspUdp,
} from "./context.ts";
import { MulticastAddresses } from "./multicast/multicast_addresses.ts";
import { MulticastGroups } from "./multicast/multicast_groups.ts";
import { TunnelEntrance } from "./tunnel/tunnel_entrance.ts";
import { UdpRouter } from "./udp_router.ts";
import type { RtpRtcpPair } from "./wire/headers/transport.ts";

/** How often reports, timeouts and stuck writes are looked at. */
const TICK_MS = 500;

/**
 * Opens the listener and, if UDP is wanted, the two sockets.
 *
 * @throws {Error} if an address is in use or not allowed, or the certificate cannot be used; the message names the key
 * and the remedy.
 */
export async function openRtspServer(
  protocol: RtspProtocol,
  config: RtspConfig,
  ports: ModulePorts,
): Promise<RtspServer> {
  await using opened = new AsyncDisposableStack();
  const isEncrypted = protocol === "rtsps";
  const certificates = isEncrypted
    ? opened.use(await openServerCertificates(config, ports))
    : undefined;
  const key = isEncrypted ? "rtspsAddress" : "rtspAddress";
  const listener = opened.use(
    namingKey(key, () => listenTcp(parseListenAddress(config[key]))),
  );
  const udp = config.rtspTransports.includes("udp")
    ? openUdpPair(protocol, config, opened)
    : undefined;
  const multicast = config.rtspTransports.includes("multicast")
    ? opened.use(multicastGroups(protocol, config, ports))
    : undefined;
  return new RtspServer(
    { protocol, config, ports, listener, certificates, udp, multicast },
    opened.move(),
  );
}

function openServerCertificates(
  config: RtspConfig,
  { logger }: ModulePorts,
): Promise<Certificates> {
  return openCertificates({
    keyFile: config.rtspServerKey,
    certificateFile: config.rtspServerCert,
    configKeys: { key: "rtspServerKey", certificate: "rtspServerCert" },
    logger,
  });
}

/** Config keys of the sockets: RTSPS sends SRTP, from ports of its own. */
const UDP_KEYS = {
  rtsp: ["rtpAddress", "rtcpAddress"],
  rtsps: ["srtpAddress", "srtcpAddress"],
} as const;

function openUdpPair(
  protocol: RtspProtocol,
  config: RtspConfig,
  opened: AsyncDisposableStack,
): RtspUdp {
  const keys = UDP_KEYS[protocol];
  const [rtpKey, rtcpKey] = keys;
  const open = (key: typeof rtpKey | typeof rtcpKey) =>
    namingKey(key, () =>
      opened.use(openUdp({
        ...parseListenAddress(config[key]),
        receiveBufferBytes: config.udpReadBufferSize,
      })));
  const rtp = open(rtpKey);
  const rtcp = open(rtcpKey);
  checkPorts(keys, [rtp.port, rtcp.port]);
  return { rtp, rtcp, router: new UdpRouter() };
}

/** Config keys of the ports that multicast goes to. */
const MULTICAST_KEYS = {
  rtsp: ["multicastRTPPort", "multicastRTCPPort"],
  rtsps: ["multicastSRTPPort", "multicastSRTCPPort"],
} as const;

function multicastGroups(
  protocol: RtspProtocol,
  config: RtspConfig,
  { clock }: ModulePorts,
): MulticastGroups {
  const keys = MULTICAST_KEYS[protocol];
  const ports = [config[keys[0]], config[keys[1]]] as const;
  checkPorts(keys, ports);
  const addresses = new MulticastAddresses(config.multicastIPRange);
  return new MulticastGroups({ addresses, ports, clock });
}

function checkPorts(
  [rtpKey, rtcpKey]: readonly [string, string],
  [rtp, rtcp]: RtpRtcpPair,
): void {
  if (rtp % 2 === 0 && rtcp === rtp + 1) return;
  throw new Error(
    `Cannot use config keys ${rtpKey} and ${rtcpKey}: ports are ${rtp} and ${rtcp}, wanted an even one and the next`,
  );
}

/** A running RTSP or RTSPS server. */
export class RtspServer implements RunningModule<RtspConfig> {
  readonly closed: Promise<void>;
  #context: RtspContext;
  #config: RtspConfig;
  #opened: AsyncDisposableStack;
  #incoming: Incoming;
  #cancelTick: () => void = () => {};

  /** Takes over `opened`; use {@linkcode openRtspServer}. */
  constructor(
    parts: {
      readonly protocol: RtspProtocol;
      readonly config: RtspConfig;
      readonly ports: ModulePorts;
      readonly listener: TcpListener;
      /** Undefined if nothing is encrypted. */
      readonly certificates: Certificates | undefined;
      readonly udp: RtspUdp | undefined;
      readonly multicast: MulticastGroups | undefined;
    },
    opened: AsyncDisposableStack,
  ) {
    const { protocol, config, ports, listener, certificates, udp, multicast } =
      parts;
    this.#config = config;
    this.#opened = opened;
    this.#context = {
      protocol,
      ports,
      udp,
      multicast,
      settings: {
        transports: config.rtspTransports,
        authMethods: config.rtspAuthMethods,
        readTimeoutMs: config.readTimeoutMs,
        writeTimeoutMs: config.writeTimeoutMs,
        maxPacketBytes: config.udpMaxPayloadSize,
      },
      connections: new Set(),
      sessions: new Map(),
    };
    const entrance = new TunnelEntrance(ports.clock);
    this.#incoming = new Incoming(listener, {
      certificate: certificates && (() => certificates.current),
      trustedProxies: config.rtspTrustedProxies,
      serve: (stream) =>
        new RtspConnection(stream, this.#context, { entrance }).run(),
      onRefused: (peer, error) =>
        ports.logger.child(`conn ${addressText(peer)}`)
          .info(`closed: ${errorText(error)}`),
    });
    const loops = [this.#incoming.closed];
    if (udp) loops.push(udp.router.run(udp.rtp, udp.rtcp));
    this.closed = Promise.all(loops).then(() => {});
    this.#tick();
    ports.logger.info(startLine(protocol, listener, udp));
  }

  /** Takes a new configuration if it changes nothing here. */
  apply(next: RtspConfig): "done" | "restart" {
    for (const key of RTSP_CONFIG_KEYS[this.#context.protocol]) {
      if (String(next[key]) !== String(this.#config[key])) return "restart";
    }
    return "done";
  }

  /** Stops listening, ends every session, waits for all. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelTick();
    this.#incoming.stop();
    for (const session of [...this.#context.sessions.values()]) {
      session.end("terminated");
    }
    for (const connection of this.#context.connections) {
      connection.closeAfterDrain("terminated");
    }
    await this.#incoming.closed;
    await this.#opened.disposeAsync();
    await this.closed;
  }

  #tick(): void {
    const { ports, sessions, connections } = this.#context;
    this.#cancelTick = ports.clock.after(TICK_MS, () => this.#tick());
    const nowMs = ports.clock.monotonicMs();
    for (const session of [...sessions.values()]) session.tick(nowMs);
    for (const connection of [...connections]) connection.tick(nowMs);
  }
}

function startLine(
  protocol: RtspProtocol,
  listener: TcpListener,
  udp: { readonly rtp: UdpSocket; readonly rtcp: UdpSocket } | undefined,
): string {
  const tcp = `:${listener.port} (TCP/${protocol.toUpperCase()})`;
  if (!udp) return `started with listener on ${tcp}`;
  const [rtp, rtcp] = protocol === "rtsps"
    ? ["SRTP", "SRTCP"]
    : ["RTP", "RTCP"];
  return `started with listeners on ${tcp}, :${udp.rtp.port} (UDP/${rtp}), :${udp.rtcp.port} (UDP/${rtcp})`;
}
