import type { Clock } from "#base/clock.ts";
import { EventBus } from "#base/event_bus.ts";
import type { EventPort, ServerEvent } from "#core/ports.ts";
import { type EventJson, eventJson, eventName } from "./event_json.ts";

/** Events that are kept for clients that come back. */
const MAX_EVENTS = 1_000;

/** An event as clients see it. */
export interface EventRecord extends EventJson {
  /** Start of the server and number of the event; only equality and `since()` mean something. */
  readonly id: string;
  /** E.g. `"path.available"`. */
  readonly type: string;
  /** When it happened, ISO 8601. */
  readonly time: string;
}

/** What an event history is given. */
export interface EventHistoryOptions {
  readonly events: Pick<EventPort, "listen">;
  readonly clock: Clock;
  /** Events that are kept; the oldest go first. */
  readonly maxEvents?: number;
}

/** The latest events, so that a client that lost its connection misses none. */
export class EventHistory implements Disposable {
  /** Tells this start of the server from all others. */
  #start: string = crypto.randomUUID().slice(0, 8);
  #clock: Clock;
  #maxEvents: number;
  #records: EventRecord[] = [];
  /** Events so far; the number of the last one. */
  #count = 0;
  #bus = new EventBus<EventRecord>();
  #listening: Disposable;

  /** Listens from now on. */
  constructor(options: EventHistoryOptions) {
    this.#clock = options.clock;
    this.#maxEvents = options.maxEvents ?? MAX_EVENTS;
    this.#listening = options.events.listen((event) => this.#add(event));
  }

  /**
   * Events after the one that a client has seen last; none for a client that has seen none.
   *
   * Output: `"gap"` if events may be missing: too many have happened since, or the id is of another start or of nobody.
   */
  since(lastId: string | undefined): readonly EventRecord[] | "gap" {
    if (lastId === undefined) return [];
    const [, start, digits] = /^(\w+)-(\d{1,15})$/.exec(lastId) ?? [];
    const seen = Number(digits);
    const firstKept = this.#count - this.#records.length + 1;
    const isKnown = start === this.#start && seen <= this.#count &&
      seen >= firstKept - 1;
    return isKnown ? this.#records.slice(seen - firstKept + 1) : "gap";
  }

  /** Calls `listener`, which must not throw, for each event from now on until disposed of. */
  listen(listener: (record: EventRecord) => void): Disposable {
    return this.#bus.listen(listener);
  }

  /** Keeps what it has and adds nothing. */
  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
  }

  #add(event: ServerEvent): void {
    const record = {
      id: `${this.#start}-${++this.#count}`,
      type: eventName(event.type),
      time: new Date(this.#clock.wallMs()).toISOString(),
      ...eventJson(event),
    };
    this.#records.push(record);
    if (this.#records.length > this.#maxEvents) this.#records.shift();
    this.#bus.emit(record);
  }
}
