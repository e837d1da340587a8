import { HttpError } from "#http/http_error.ts";
import type { ApiParts } from "#api/context.ts";
import { eventStream } from "#api/event_stream.ts";
import type { Operation } from "#api/operation.ts";

/** Clients that may listen at the same time. */
const MAX_LISTENERS = 64;

const MEDIA_TYPE = "text/event-stream";

/** The stream of events. */
export function eventOperations(parts: ApiParts): Operation[] {
  let listeners = 0;
  return [{
    method: "get",
    path: "/v3/events",
    id: "events",
    tag: "Events",
    summary:
      "Tells what happens, as it happens: server-sent events; with Last-Event-ID, those that were missed first.",
    answer: MEDIA_TYPE,
    errors: [503],
    handle: (context) => {
      if (listeners >= MAX_LISTENERS) {
        throw new HttpError(
          503,
          `Cannot add a listener: ${MAX_LISTENERS} are there`,
        );
      }
      listeners++;
      const lastId = context.req.header("Last-Event-ID");
      const { events, signal, ports: { clock } } = parts;
      const onEnd = () => void listeners--;
      const stream = eventStream({ events, signal, clock, onEnd }, lastId);
      return new Response(stream, {
        headers: { "Content-Type": MEDIA_TYPE, "Cache-Control": "no-store" },
      });
    },
  }];
}
