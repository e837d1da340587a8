import { DisposableSet } from "#base/disposable_set.ts";
import type { SessionRegistry } from "./ports.ts";
import type { SessionInfo } from "./session_info.ts";

/** The sessions there are, each able to describe itself. */
export class SessionList implements SessionRegistry {
  #sessions = new DisposableSet<() => SessionInfo>();

  /** Adds a session until disposed of. */
  register(describe: () => SessionInfo): Disposable {
    return this.#sessions.add(describe);
  }

  /** Descriptions of all sessions, as they are now. */
  list(): SessionInfo[] {
    return Array.from(this.#sessions, (describe) => describe());
  }
}
