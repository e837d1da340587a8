import type { Clock } from "#base/clock.ts";
import { serializeJson } from "#http/json.ts";
import type { ApiParts } from "./context.ts";

/** A line this often keeps proxies from closing what is silent, and finds clients that are gone. */
const HEARTBEAT_MS = 15_000;

/** What may wait for a client: one that takes less than comes is closed, and may come back for what it missed. */
const MAX_WAITING_BYTES = 1_048_576;

/** How long a client is to wait before it comes back. */
const RETRY_MS = 2_000;

/** What a stream of events is made of. */
export interface EventStreamParts extends Pick<ApiParts, "events" | "signal"> {
  readonly clock: Clock;
  /** The client has gone or was sent away. */
  readonly onEnd: () => void;
}

/**
 * Server-sent events: those after `lastId` that are still known, then each as it happens.
 *
 * An event of the type `gap` says that some are missing. Ends with `signal`.
 * Spec: WHATWG HTML §9.2.
 */
export function eventStream(
  parts: EventStreamParts,
  lastId: string | undefined,
): ReadableStream<Uint8Array> {
  let sender: EventSender | undefined;
  return new ReadableStream<Uint8Array>({
    start: (controller) => {
      sender = new EventSender(parts, controller);
      sender.run(lastId);
    },
    cancel: () => sender?.release(),
  }, new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING_BYTES }));
}

/** Sends events to one client. */
class EventSender {
  #parts: EventStreamParts;
  #controller: ReadableStreamDefaultController<Uint8Array>;
  #encoder = new TextEncoder();
  #listening: Disposable | undefined;
  #cancelHeartbeat: () => void = () => {};
  #isEnded = false;
  #handleAbort = () => this.#end();

  constructor(
    parts: EventStreamParts,
    controller: ReadableStreamDefaultController<Uint8Array>,
  ) {
    this.#parts = parts;
    this.#controller = controller;
  }

  /** Sends what was missed, and begins to listen. */
  run(lastId: string | undefined): void {
    const { events, signal } = this.#parts;
    this.#send(`retry: ${RETRY_MS}\n\n`);
    const missed = events.since(lastId);
    if (missed === "gap") this.#send(`data: {"type":"gap"}\n\n`);
    else for (const record of missed) this.#send(eventText(record));
    if (signal.aborted) this.#end();
    if (this.#isEnded) return;
    signal.addEventListener("abort", this.#handleAbort);
    this.#listening = events.listen((record) => this.#send(eventText(record)));
    this.#beat();
  }

  /** Listens no more. Idempotent. */
  release(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#cancelHeartbeat();
    this.#listening?.[Symbol.dispose]();
    this.#parts.signal.removeEventListener("abort", this.#handleAbort);
    this.#parts.onEnd();
  }

  #end(): void {
    if (this.#isEnded) return;
    this.release();
    this.#controller.close();
  }

  #send(text: string): void {
    if (this.#isEnded) return;
    this.#controller.enqueue(this.#encoder.encode(text));
    if ((this.#controller.desiredSize ?? 0) <= 0) this.#end();
  }

  #beat(): void {
    this.#cancelHeartbeat = this.#parts.clock.after(HEARTBEAT_MS, () => {
      this.#send(":\n\n");
      if (!this.#isEnded) this.#beat();
    });
  }
}

function eventText(record: { readonly id: string }): string {
  return `id: ${record.id}\ndata: ${serializeJson(record)}\n\n`;
}
