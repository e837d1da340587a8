import type { Logger } from "#base/log.ts";
import { parseRtcpCompound } from "#formats/rtp/rtcp/parse_compound.ts";

/** Readers report every five seconds or so; some only once they have received something. */
const PATIENCE_MS = 15_000;

/**
 * Notices that nothing arrives at a reader over UDP: it sends no receiver report, or reports about nothing.
 *
 * Firewalls drop datagrams without a word; the log then says what to do.
 */
export class ReaderSilence {
  #logger: Logger;
  #isProtected: boolean;
  #startedAtMs: number;
  #isOver = false;

  /** `isProtected`: reports are encrypted, each is taken for a good one. */
  constructor(
    logger: Logger,
    options: { readonly isProtected: boolean; readonly nowMs: number },
  ) {
    this.#logger = logger;
    this.#isProtected = options.isProtected;
    this.#startedAtMs = options.nowMs;
  }

  /** Takes an RTCP packet of the reader, borrowed. */
  handleRtcp(packet: Uint8Array): void {
    if (this.#isOver) return;
    if (this.#isProtected) {
      this.#isOver = true;
      return;
    }
    const packets = parseRtcpCompound(packet);
    if (typeof packets === "string") return;
    this.#isOver = packets.some((one) =>
      (one.type === "receiverReport" || one.type === "senderReport") &&
      one.reportBlocks.length > 0
    );
  }

  /** Warns once when the time is over. */
  tick(nowMs: number): void {
    if (this.#isOver || nowMs - this.#startedAtMs < PATIENCE_MS) return;
    this.#isOver = true;
    this.#logger.warn(
      `the reader has not confirmed any packet for ${
        PATIENCE_MS / 1_000
      } s: if it shows nothing, a firewall keeps UDP from it; let it use TCP (ffmpeg -rtsp_transport tcp), or set rtspTransports to [tcp]`,
    );
  }
}
