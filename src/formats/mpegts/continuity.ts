import { TS_PACKET_BYTES, type TsHeader } from "./ts_packet.ts";

const COUNTER_MASK = 0b1111;

/** How a packet stands to the one before of its PID. */
export type Continuity = "next" | "repeated" | "gap";

/** Follows the continuity counter of one PID. Spec: ISO/IEC 13818-1 §2.4.3.3. */
export class ContinuityCounter {
  /** Packets that did not come, as far as four bits can tell. */
  lostPackets = 0;
  #last = -1;
  #mayJump = false;

  /** Looks at the next packet. Hot path. */
  check(header: TsHeader): Continuity {
    if (header.isDiscontinuity) this.#mayJump = true;
    if (header.payloadOffsetBytes === TS_PACKET_BYTES) return "next";
    const last = this.#last;
    const mayJump = this.#mayJump;
    this.#last = header.continuityCounter;
    this.#mayJump = false;
    if (last < 0 || header.continuityCounter === (last + 1 & COUNTER_MASK)) {
      return "next";
    }
    // Where the counter may jump nothing was lost, but only a start goes on well.
    if (mayJump) return header.isUnitStart ? "next" : "gap";
    if (header.continuityCounter === last) return "repeated";
    this.lostPackets += header.continuityCounter - last - 1 & COUNTER_MASK;
    return "gap";
  }
}
