/** Packets that may be late. Spec: RFC 3711 §3.3.2 asks for 64 at least. */
export const REPLAY_WINDOW_PACKETS = 128;

const NONE = -1;

/** Remembers which of the last packets were there already. Spec: RFC 3711 §3.3.2. */
export class ReplayWindow {
  /** Highest index so far; -1 before the first. */
  highest: number = NONE;
  #seen = new Float64Array(REPLAY_WINDOW_PACKETS).fill(NONE);

  /** Whether this index is new and not behind the window. Hot path. */
  accepts(index: number): boolean {
    return index > this.highest - REPLAY_WINDOW_PACKETS &&
      this.#seen[index % REPLAY_WINDOW_PACKETS] !== index;
  }

  /** Remembers an index; its packet is authentic. Hot path. */
  add(index: number): void {
    this.#seen[index % REPLAY_WINDOW_PACKETS] = index;
    if (index > this.highest) this.highest = index;
  }
}
