import { namingKey } from "#base/errors.ts";
import { parseListenAddress } from "#base/listen_address.ts";
import type { ModulePorts, RunningModule } from "#core/ports.ts";
import { listenTcp, type TcpListener } from "#platform/tcp.ts";
import { openUdp } from "#platform/udp/open_udp.ts";
import type { UdpSocket } from "#platform/udp/udp_socket.ts";
import { RtspConnection } from "./connection.ts";
import {
  RTSP_CONFIG_KEYS,
  type RtspConfig,
  type RtspContext,
  type RtspUdp,
} from "./context.ts";
import { UdpRouter } from "./udp_router.ts";

/** How often reports, timeouts and stuck writes are looked at. */
const TICK_MS = 500;

/**
 * Opens the listener and, if UDP is wanted, the two sockets.
 *
 * @throws {PlatformError} if an address is in use or not allowed; the message names the key and the remedy.
 */
export async function openRtspServer(
  config: RtspConfig,
  ports: ModulePorts,
): Promise<RtspServer> {
  await using opened = new AsyncDisposableStack();
  const listener = opened.use(
    namingKey(
      "rtspAddress",
      () => listenTcp(parseListenAddress(config.rtspAddress)),
    ),
  );
  const udp = config.rtspTransports.includes("udp")
    ? openUdpPair(config, opened)
    : undefined;
  return new RtspServer({ config, ports, listener, udp }, opened.move());
}

function openUdpPair(
  config: RtspConfig,
  opened: AsyncDisposableStack,
): RtspUdp {
  const open = (key: "rtpAddress" | "rtcpAddress") =>
    namingKey(key, () =>
      opened.use(openUdp({
        ...parseListenAddress(config[key]),
        receiveBufferBytes: config.udpReadBufferSize,
      })));
  const rtp = open("rtpAddress");
  const rtcp = open("rtcpAddress");
  if (rtp.port % 2 !== 0 || rtcp.port !== rtp.port + 1) {
    throw new Error(
      `Cannot use config keys rtpAddress and rtcpAddress: ports are ${rtp.port} and ${rtcp.port}, wanted an even one and the next`,
    );
  }
  return { rtp, rtcp, router: new UdpRouter() };
}

/** A running RTSP server. */
export class RtspServer implements RunningModule<RtspConfig> {
  readonly closed: Promise<void>;
  #context: RtspContext;
  #config: RtspConfig;
  #opened: AsyncDisposableStack;
  #listener: TcpListener;
  #cancelTick: () => void = () => {};
  #running = new Set<Promise<void>>();

  /** Takes over `opened`; use {@linkcode openRtspServer}. */
  constructor(
    parts: {
      readonly config: RtspConfig;
      readonly ports: ModulePorts;
      readonly listener: TcpListener;
      readonly udp: RtspUdp | undefined;
    },
    opened: AsyncDisposableStack,
  ) {
    const { config, ports, listener, udp } = parts;
    this.#config = config;
    this.#opened = opened;
    this.#listener = listener;
    this.#context = {
      ports,
      udp,
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
    const loops = [this.#accept(listener)];
    if (udp) loops.push(udp.router.run(udp.rtp, udp.rtcp));
    this.closed = Promise.all(loops).then(() => {});
    this.#tick();
    ports.logger.info(startLine(listener, udp));
  }

  /** Takes a new configuration if it changes nothing here. */
  apply(next: RtspConfig): "done" | "restart" {
    for (const key of RTSP_CONFIG_KEYS) {
      if (String(next[key]) !== String(this.#config[key])) return "restart";
    }
    return "done";
  }

  /** Stops listening, ends every session, waits for all. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelTick();
    this.#listener[Symbol.dispose]();
    for (const session of [...this.#context.sessions.values()]) {
      session.end("terminated");
    }
    for (const connection of this.#context.connections) {
      connection.closeAfterDrain("terminated");
    }
    await Promise.all(this.#running);
    await this.#opened.disposeAsync();
    await this.closed;
  }

  async #accept(listener: TcpListener): Promise<void> {
    for (
      let stream = await listener.accept();
      stream !== undefined;
      stream = await listener.accept()
    ) {
      const running = new RtspConnection(stream, this.#context).run()
        .finally(() => this.#running.delete(running));
      this.#running.add(running);
    }
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
  listener: TcpListener,
  udp: { readonly rtp: UdpSocket; readonly rtcp: UdpSocket } | undefined,
): string {
  const tcp = `:${listener.port} (TCP/RTSP)`;
  if (!udp) return `started with listener on ${tcp}`;
  return `started with listeners on ${tcp}, :${udp.rtp.port} (UDP/RTP), :${udp.rtcp.port} (UDP/RTCP)`;
}
