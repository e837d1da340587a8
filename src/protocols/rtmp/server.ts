import { namingKey } from "#base/errors.ts";
import { parseListenAddress } from "#base/listen_address.ts";
import type { ModulePorts, RunningModule } from "#core/ports.ts";
import { listenTcp, type TcpListener } from "#platform/tcp.ts";
import { RtmpConnection } from "./connection.ts";
import type { RtmpConfig, RtmpContext } from "./context.ts";

/** How often timeouts and stuck writes are looked at. */
const TICK_MS = 500;

/**
 * Opens the listener.
 *
 * @throws {Error} if the address is in use or not allowed; the message names the key and the remedy.
 */
export function openRtmpServer(
  config: RtmpConfig,
  ports: ModulePorts,
): RtmpServer {
  const listener = namingKey(
    "rtmpAddress",
    () => listenTcp(parseListenAddress(config.rtmpAddress)),
  );
  return new RtmpServer(config, ports, listener);
}

/** A running RTMP server. */
export class RtmpServer implements RunningModule<RtmpConfig> {
  readonly closed: Promise<void>;
  #context: RtmpContext;
  #listener: TcpListener;
  #cancelTick: () => void = () => {};
  #running = new Set<Promise<void>>();

  /** Takes over `listener`; use {@linkcode openRtmpServer}. */
  constructor(config: RtmpConfig, ports: ModulePorts, listener: TcpListener) {
    this.#context = { ports, config, connections: new Set() };
    this.#listener = listener;
    this.closed = this.#accept();
    this.#tick();
    ports.logger.info(`started with listener on :${listener.port} (TCP/RTMP)`);
  }

  /** Takes a new configuration if it changes nothing here. */
  apply(next: RtmpConfig): "done" | "restart" {
    const { config } = this.#context;
    const isSame = next.rtmp === config.rtmp &&
      next.rtmpAddress === config.rtmpAddress &&
      next.readTimeoutMs === config.readTimeoutMs &&
      next.writeTimeoutMs === config.writeTimeoutMs;
    return isSame ? "done" : "restart";
  }

  /** Stops listening, ends every connection, waits for all. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelTick();
    this.#listener[Symbol.dispose]();
    for (const connection of this.#context.connections) {
      connection.closeAfterDrain("terminated");
    }
    await Promise.all(this.#running);
    await this.closed;
  }

  async #accept(): Promise<void> {
    for (
      let stream = await this.#listener.accept();
      stream !== undefined;
      stream = await this.#listener.accept()
    ) {
      const running = new RtmpConnection(stream, this.#context).run()
        .finally(() => this.#running.delete(running));
      this.#running.add(running);
    }
  }

  #tick(): void {
    const { ports, connections } = this.#context;
    this.#cancelTick = ports.clock.after(TICK_MS, () => this.#tick());
    const nowMs = ports.clock.monotonicMs();
    for (const connection of [...connections]) connection.tick(nowMs);
  }
}
