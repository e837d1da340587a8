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
  { events, clock, signal, onEnd }: EventStreamParts,
  lastId: string | undefined,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let close = () => {};
  return new ReadableStream<Uint8Array>({
    start(controller) {
      let cancelHeartbeat = () => {};
      let listening: Disposable | undefined;
      let isClosed = false;
      close = () => {
        if (isClosed) return;
        isClosed = true;
        cancelHeartbeat();
        listening?.[Symbol.dispose]();
        signal.removeEventListener("abort", end);
        onEnd();
      };
      const end = () => {
        if (isClosed) return;
        close();
        controller.close();
      };
      const send = (text: string) => {
        if (isClosed) return;
        controller.enqueue(encoder.encode(text));
        if ((controller.desiredSize ?? 0) <= 0) end();
      };
      const beat = () => {
        cancelHeartbeat = clock.after(HEARTBEAT_MS, () => {
          send(":\n\n");
          if (!isClosed) beat();
        });
      };
      send(`retry: ${RETRY_MS}\n\n`);
      const missed = events.since(lastId);
      if (missed === "gap") send(`data: {"type":"gap"}\n\n`);
      else for (const record of missed) send(eventText(record));
      if (isClosed) return;
      signal.addEventListener("abort", end);
      listening = events.listen((record) => send(eventText(record)));
      beat();
    },
    cancel: () => close(),
  }, new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING_BYTES }));
}

function eventText(record: { readonly id: string }): string {
  return `id: ${record.id}\ndata: ${serializeJson(record)}\n\n`;
}
