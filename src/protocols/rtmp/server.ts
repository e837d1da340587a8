import { errorText, namingKey } from "#base/errors.ts";
import { parseListenAddress } from "#base/listen_address.ts";
import type { ModulePorts, RunningModule } from "#core/ports.ts";
import { type Certificates, openCertificates } from "#platform/certificates.ts";
import { Incoming } from "#platform/incoming.ts";
import { addressText } from "#platform/peer_address.ts";
import { listenTcp, type TcpListener } from "#platform/tcp.ts";
import { RtmpConnection } from "./connection.ts";
import {
  RTMP_CONFIG_KEYS,
  type RtmpConfig,
  type RtmpContext,
  type RtmpProtocol,
} from "./context.ts";

/** How often timeouts and stuck writes are looked at. */
const TICK_MS = 500;

/**
 * Opens the listener.
 *
 * @throws {Error} if the address is in use or not allowed, or the certificate cannot be used; the message names the key
 * and the remedy.
 */
export async function openRtmpServer(
  protocol: RtmpProtocol,
  config: RtmpConfig,
  ports: ModulePorts,
): Promise<RtmpServer> {
  await using opened = new AsyncDisposableStack();
  const isEncrypted = protocol === "rtmps";
  const certificates = isEncrypted
    ? opened.use(
      await openCertificates({
        keyFile: config.rtmpServerKey,
        certificateFile: config.rtmpServerCert,
        configKeys: { key: "rtmpServerKey", certificate: "rtmpServerCert" },
        logger: ports.logger,
      }),
    )
    : undefined;
  const key = isEncrypted ? "rtmpsAddress" : "rtmpAddress";
  const listener = opened.use(
    namingKey(key, () => listenTcp(parseListenAddress(config[key]))),
  );
  return new RtmpServer(
    { protocol, config, ports, listener, certificates },
    opened.move(),
  );
}

/** A running RTMP or RTMPS server. */
export class RtmpServer implements RunningModule<RtmpConfig> {
  readonly closed: Promise<void>;
  #context: RtmpContext;
  #config: RtmpConfig;
  #opened: AsyncDisposableStack;
  #incoming: Incoming;
  #cancelTick: () => void = () => {};

  /** Takes over `opened`; use {@linkcode openRtmpServer}. */
  constructor(
    parts: {
      readonly protocol: RtmpProtocol;
      readonly config: RtmpConfig;
      readonly ports: ModulePorts;
      readonly listener: TcpListener;
      /** Undefined if nothing is encrypted. */
      readonly certificates: Certificates | undefined;
    },
    opened: AsyncDisposableStack,
  ) {
    const { protocol, config, ports, listener, certificates } = parts;
    this.#config = config;
    this.#opened = opened;
    this.#context = { protocol, ports, config, connections: new Set() };
    this.#incoming = new Incoming(listener, {
      certificate: certificates && (() => certificates.current),
      trustedProxies: config.rtmpTrustedProxies,
      serve: (stream) => new RtmpConnection(stream, this.#context).run(),
      onRefused: (peer, error) =>
        ports.logger.child(`conn ${addressText(peer)}`)
          .info(`closed: ${errorText(error)}`),
    });
    this.closed = this.#incoming.closed;
    this.#tick();
    const address = `:${listener.port} (TCP/${protocol.toUpperCase()})`;
    ports.logger.info(`started with listener on ${address}`);
  }

  /** Takes a new configuration if it changes nothing here. */
  apply(next: RtmpConfig): "done" | "restart" {
    for (const key of RTMP_CONFIG_KEYS[this.#context.protocol]) {
      if (String(next[key]) !== String(this.#config[key])) return "restart";
    }
    return "done";
  }

  /** Stops listening, ends every connection, waits for all. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelTick();
    this.#incoming.stop();
    for (const connection of this.#context.connections) {
      connection.terminate();
    }
    await this.#incoming.closed;
    await this.#opened.disposeAsync();
  }

  #tick(): void {
    const { ports, connections } = this.#context;
    this.#cancelTick = ports.clock.after(TICK_MS, () => this.#tick());
    const nowMs = ports.clock.monotonicMs();
    for (const connection of [...connections]) connection.tick(nowMs);
  }
}
