import type {
  EventPort,
  PathDirectory,
  ServerEvent,
  SessionRegistry,
} from "#core/ports.ts";
import type { SessionInfo } from "#core/session_info.ts";
import {
  activeSpan,
  exportCounter,
  exportGauge,
  isTelemetryOn,
  type Measurement,
  startSpan,
  type TelemetryAttributes,
  type TelemetrySpan,
} from "#platform/telemetry.ts";

/** What is told of. */
export interface TelemetryPorts {
  readonly events: EventPort;
  readonly sessions: SessionRegistry;
  readonly paths: Pick<PathDirectory, "list">;
}

/**
 * Exports, with the runtime's OpenTelemetry, a span for every session, how many sessions and paths there are, and
 * what failed; does nothing without it (`OTEL_DENO`).
 */
export function exportTelemetry(ports: TelemetryPorts): Disposable {
  if (!isTelemetryOn) return { [Symbol.dispose]() {} };
  const { sessions, paths, events } = ports;
  exportGauge(
    "weir.sessions",
    "Sessions and connections by type",
    () => countBy(sessions.list(), ({ type, state }) => ({ type, state })),
  );
  exportGauge(
    "weir.paths",
    "Paths by whether they can be read",
    () =>
      countBy(paths.list(), ({ availableAtMs }) => ({
        available: availableAtMs !== undefined,
      })),
  );
  return events.listen(new SpanWriter().handle);
}

/** Makes spans of events. */
class SpanWriter {
  /** By the session's identifier. */
  #spans = new Map<string, TelemetrySpan>();
  #countFailure = exportCounter("weir.failures", "What failed, by kind");

  readonly handle = (event: ServerEvent): void => {
    switch (event.type) {
      case "connectionOpened": {
        // It runs within its own span.
        const span = activeSpan();
        span?.updateName(event.session.type);
        span?.setAttributes(attributesOf(event.session));
        break;
      }
      case "connectionClosed":
        activeSpan()?.setAttributes(attributesOf(event.session));
        break;
      case "sessionOpened": {
        const { id, type } = event.session;
        const begun = startSpan(type, attributesOf(event.session));
        if (begun) this.#spans.set(id, begun);
        break;
      }
      case "sessionClosed":
        this.#end(event.session, event.reason);
        break;
      case "failed":
        this.#countFailure(1, { kind: event.kind });
    }
  };

  #end(session: SessionInfo, reason: string): void {
    const span = this.#spans.get(session.id);
    this.#spans.delete(session.id);
    span?.setAttributes({ ...attributesOf(session), "weir.reason": reason });
    span?.end();
  }
}

function attributesOf(session: SessionInfo): TelemetryAttributes {
  return {
    "session.id": session.id,
    "weir.path": session.pathName,
    "weir.state": session.state,
    "user.name": session.user,
    "user_agent.original": session.userAgent,
    "weir.inbound_bytes": session.inboundBytes,
    "weir.outbound_bytes": session.outboundBytes,
    "weir.dropped_units": session.droppedUnits,
    "weir.lost_packets": session.lostPackets,
  };
}

/** How many of the items have each set of attributes. */
function countBy<T>(
  items: readonly T[],
  attributesOfItem: (item: T) => Readonly<Record<string, string | boolean>>,
): Measurement[] {
  const groups = Map.groupBy(
    items,
    (item) => JSON.stringify(attributesOfItem(item)),
  );
  return Array.from(groups.values(), (group) => ({
    value: group.length,
    attributes: attributesOfItem(group[0]!),
  }));
}
