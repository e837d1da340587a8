import type { EventPort, ServerEvent } from "#core/ports.ts";

/** How often something worked and did not. */
export interface OutcomeCounts {
  readonly ok: number;
  readonly failed: number;
}

/** Kinds of what events start. */
const HOOK_KINDS = ["hook", "webhook"];

/** Kinds of failures that have a counter before the first one: an increase from nothing raises no alert. */
const KNOWN_KINDS = [
  "authentication",
  "config",
  "recording",
  "upload",
  ...HOOK_KINDS,
];

/** Counts what happens, from its construction until it is disposed of. */
export class EventCounts implements Disposable {
  #failures = new Map(KNOWN_KINDS.map((kind) => [kind, 0]));
  #successes = new Map<string, number>();
  #reloads = 0;
  #listening: Disposable;

  /** Listens from now on. */
  constructor(events: Pick<EventPort, "listen">) {
    this.#listening = events.listen((event) => this.#count(event));
  }

  /** Failures by kind. */
  get failures(): ReadonlyMap<string, number> {
    return this.#failures;
  }

  /** Commands and webhooks that have ended, by kind. */
  get hooks(): ReadonlyMap<string, OutcomeCounts> {
    return new Map(
      HOOK_KINDS.map((kind) => [kind, {
        ok: this.#successes.get(kind) ?? 0,
        failed: this.#failures.get(kind)!,
      }]),
    );
  }

  /** Configurations that were read while the server ran. */
  get reloads(): OutcomeCounts {
    return { ok: this.#reloads, failed: this.#failures.get("config")! };
  }

  /** Counts no more. */
  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
  }

  #count(event: ServerEvent): void {
    switch (event.type) {
      case "failed":
        return countOne(this.#failures, event.kind);
      case "succeeded":
        return countOne(this.#successes, event.kind);
      case "configApplied":
        if (event.revision > 1) this.#reloads++;
    }
  }
}

function countOne(counts: Map<string, number>, kind: string): void {
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
}
