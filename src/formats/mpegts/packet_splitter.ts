import { joinBytes } from "#base/join_bytes.ts";
import { TS_PACKET_BYTES, TS_SYNC_BYTE } from "./ts_packet.ts";

/** Takes the packets that a splitter finds. */
export interface TsPacketSink {
  /** The 188 bytes at `at` are a packet, borrowed. Hot path. */
  handlePacket(bytes: Uint8Array, at: number): void;
  /** Bytes were passed over to find the next packet. */
  handleLostSync(skippedBytes: number): void;
}

/**
 * Finds the packets in a transport stream, however it is cut into chunks.
 *
 * Out of sync, which is how it begins, it goes on at the next two sync bytes that are a packet apart.
 * Spec: ISO/IEC 13818-1 §2.4.3.2, annex G.1 of the same.
 */
export class TsPacketSplitter {
  #sink: TsPacketSink;
  #isInSync = false;
  /** Less than a packet, or while out of sync one that nothing confirms yet. */
  #rest: Uint8Array = new Uint8Array(0);

  /** Starts out of sync. */
  constructor(sink: TsPacketSink) {
    this.#sink = sink;
  }

  /** Takes the next bytes, owned. Hot path. */
  push(chunk: Uint8Array): void {
    const bytes = this.#rest.length === 0
      ? chunk
      : joinBytes([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= TS_PACKET_BYTES) {
      if (bytes[at] !== TS_SYNC_BYTE) this.#isInSync = false;
      if (!this.#isInSync) {
        const next = this.#findSync(bytes, at);
        if (next > at) this.#sink.handleLostSync(next - at);
        at = next;
        if (!this.#isInSync) break;
      }
      this.#sink.handlePacket(bytes, at);
      at += TS_PACKET_BYTES;
    }
    this.#rest = at === bytes.length ? EMPTY : bytes.subarray(at);
  }

  /** Where two packets follow each other; else where one may begin that the next bytes must confirm. */
  #findSync(bytes: Uint8Array, fromBytes: number): number {
    let at = bytes.indexOf(TS_SYNC_BYTE, fromBytes);
    while (at >= 0) {
      const next = at + TS_PACKET_BYTES;
      if (next >= bytes.length) return at;
      if (bytes[next] === TS_SYNC_BYTE) {
        this.#isInSync = true;
        return at;
      }
      at = bytes.indexOf(TS_SYNC_BYTE, at + 1);
    }
    return bytes.length;
  }
}

const EMPTY = new Uint8Array(0);
