import { errorText } from "#base/errors.ts";
import type { Logger } from "#base/log.ts";
import { codecLabel } from "#codecs/codec.ts";
import type { Batch } from "#core/batch.ts";
import type { ModulePorts, ReadGrant, SessionOwner } from "#core/ports.ts";
import type { SessionInfo } from "#core/session_info.ts";
import type { BatchSink, Subscription } from "#core/subscription.ts";
import type { MediaWriter, StreamContainer } from "./media_writer.ts";
import type { Transport } from "./transport.ts";

/** Who asks for a stream, and as what. */
export interface StreamSessionOptions {
  readonly ports: ModulePorts;
  readonly container: StreamContainer;
  readonly transport: "http" | "webSocket";
  readonly pathName: string;
  readonly query: string;
  readonly remoteAddress: string;
  readonly userAgent: string;
}

/** What flows to the reader. */
interface Flow {
  readonly grant: ReadGrant;
  readonly writer: MediaWriter;
  readonly transport: Transport;
  readonly subscription: Subscription;
  readonly registration: Disposable;
}

/** One reader of a stream over HTTP or a WebSocket: it lasts as long as its response. */
export class StreamSession implements BatchSink {
  readonly id: string = crypto.randomUUID();
  readonly logger: Logger;
  /** Called once, when it has ended. */
  onClosed: () => void = () => {};
  #options: StreamSessionOptions;
  #createdAtMs: number;
  #flow: Flow | undefined;
  #announced: string | undefined;
  #outboundBytes = 0;
  #isClosed = false;

  /** Nothing flows before `start()`. */
  constructor(options: StreamSessionOptions) {
    const { ports } = options;
    this.#options = options;
    this.#createdAtMs = ports.clock.wallMs();
    this.logger = ports.logger.child(`session ${this.id.slice(0, 8)}`);
  }

  /** Who a permission is given to. */
  get owner(): SessionOwner {
    return { logger: this.logger, describe: () => this.describe() };
  }

  /** Lets the media flow, as soon as `transport` asks for it; takes over `grant`. */
  start(grant: ReadGrant, writer: MediaWriter, transport: Transport): void {
    const { ports, remoteAddress, container } = this.#options;
    this.#flow = {
      grant,
      writer,
      transport,
      subscription: grant.subscribe(this),
      registration: ports.sessions.register({
        describe: () => this.describe(),
        kick: (reason) => this.close(reason),
      }),
    };
    this.logger.info(`created by ${remoteAddress}`);
    ports.events.emit({ type: "sessionOpened", session: this.describe() });
    const labels = writer.tracks.map(({ codec }) => codecLabel(codec));
    this.logger.info(
      `is reading from path '${grant.pathName}' as ${container.name}, ${labels.length} ${
        labels.length === 1 ? "track" : "tracks"
      } (${labels.join(", ")})`,
    );
    transport.onDrained = () => this.#flow?.subscription.resume();
    transport.onGone = (reason) => this.close(reason);
    grant.revoked.addEventListener(
      "abort",
      () => this.close(errorText(grant.revoked.reason)),
      { once: true },
    );
  }

  /** Sends a batch. Hot path. */
  deliver(batch: Batch): boolean {
    const { writer, transport } = this.#flow!;
    const pieces = writer.write(batch);
    if (pieces.length === 0) return true;
    const { mimeType } = writer;
    if (this.#options.container.isAnnounced && mimeType !== this.#announced) {
      this.#announced = mimeType;
      transport.announce(mimeType);
    }
    for (const piece of pieces) this.#outboundBytes += piece.length;
    return transport.send(pieces);
  }

  /** The stream has ended. */
  end(reason: string): void {
    this.close(reason);
  }

  /** Ends the session behind what was sent. Idempotent. */
  close(reason: string): void {
    if (this.#isClosed || this.#flow === undefined) return;
    this.#isClosed = true;
    const { ports } = this.#options;
    const { grant, subscription, transport, registration } = this.#flow;
    const session = this.describe();
    subscription[Symbol.dispose]();
    grant[Symbol.dispose]();
    registration[Symbol.dispose]();
    transport.end(reason);
    this.logger.info(`closed: ${reason}`);
    ports.events.emit({ type: "sessionClosed", session, reason });
    this.onClosed();
  }

  /** This session, for lists and events. */
  describe(): SessionInfo {
    const { container, transport, pathName, query, remoteAddress, userAgent } =
      this.#options;
    const droppedUnits = this.#flow?.subscription.droppedUnits ?? 0;
    return {
      id: this.id,
      type: "httpSession",
      createdAtMs: this.#createdAtMs,
      remoteAddress,
      state: this.#flow === undefined ? "idle" : "read",
      pathName,
      query,
      user: this.#flow?.grant.user ?? "",
      userAgent,
      inboundBytes: 0,
      outboundBytes: this.#outboundBytes,
      droppedUnits,
      lostPackets: 0,
      details: {
        container: container.name,
        transport,
        outboundFramesDiscarded: droppedUnits,
      },
    };
  }
}
