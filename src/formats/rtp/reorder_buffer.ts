import { assert } from "#base/errors.ts";
import { serialDistance } from "#base/serial_number.ts";
import { rtpSequenceNumber } from "./rtp_packet.ts";

/** Packets that a gap may wait for the missing one. */
export const REORDER_WINDOW_PACKETS = 64;

/** A longer step ahead is a restarted sender, not a loss. Spec: RFC 3550 §A.1. */
export const MAX_DROPOUT_PACKETS = 3000;

/** A longer step back is a restarted sender, not a late packet. Spec: RFC 3550 §A.1. */
export const MAX_MISORDER_PACKETS = 100;

/**
 * Puts the packets of one source into the order of their sequence numbers and counts the lost ones.
 *
 * After each {@linkcode push} (or {@linkcode flush}) the caller must {@linkcode take} until undefined.
 * Packets in order come out at once. A gap holds back what follows; it is given up when a packet arrives that
 * the window has no room for. A step ahead beyond the window is a loss; a far longer one, or a long one back, is a
 * restarted sender, believed when the packet after it follows on.
 *
 * With a window of zero, for transports that keep the order, every packet passes at once and is only counted.
 * Spec: RFC 3550 §A.1.
 */
export class ReorderBuffer {
  /** Packets that never came, or came after their gap was given up. */
  lostPackets = 0;
  /** Packets dropped: duplicates, and those that came too late. */
  droppedPackets = 0;
  /** Packets that wait behind a gap. */
  heldPackets = 0;
  #windowPackets: number;
  /** Steps back up to this are late packets. */
  #lateLimitPackets: number;
  /** A ring; its length is a power of two, so that it divides the sequence number space. */
  #slots: (Uint8Array | undefined)[];
  #slotMask: number;
  #isStarted = false;
  #nextSequenceNumber = 0;
  /** Gaps are given up until nothing is held. */
  #isFlushing = false;
  /** The packet that found no room: goes in when the window has moved. */
  #overflow: Uint8Array | undefined;
  /** First packet of a sender that seems to have restarted, and the one that confirms it. */
  #restart: Uint8Array | undefined;
  #restartConfirmation: Uint8Array | undefined;

  /** `windowPackets`: 0, or 2 to {@linkcode REORDER_WINDOW_PACKETS}. */
  constructor(windowPackets: number = REORDER_WINDOW_PACKETS) {
    assert(
      windowPackets === 0 ||
        windowPackets >= 2 && windowPackets <= REORDER_WINDOW_PACKETS,
      "the window is 0 or 2 to 64 packets",
    );
    const slotCount = 2 ** Math.ceil(Math.log2(Math.max(2, windowPackets)));
    this.#windowPackets = windowPackets;
    this.#lateLimitPackets = windowPackets === 0 ? 0 : MAX_MISORDER_PACKETS;
    this.#slots = new Array(slotCount).fill(undefined);
    this.#slotMask = slotCount - 1;
  }

  /**
   * Gives a packet to the buffer.
   *
   * Hot path. Input: a packet that `parseRtpHeader` accepted, owned.
   */
  push(packet: Uint8Array): void {
    assert(this.#overflow === undefined, "take() was called until undefined");
    const sequenceNumber = rtpSequenceNumber(packet);
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.#nextSequenceNumber = sequenceNumber;
    }
    const distance = serialDistance(
      this.#nextSequenceNumber,
      sequenceNumber,
      16,
    );
    if (distance >= 0 && distance < this.#windowPackets) {
      this.#hold(packet, sequenceNumber);
    } else if (distance < 0 && distance >= -this.#lateLimitPackets) {
      this.droppedPackets++;
    } else if (distance >= 0 && distance < MAX_DROPOUT_PACKETS) {
      this.#overflow = packet;
    } else {
      this.#considerRestart(packet, sequenceNumber);
    }
  }

  /** Takes the next packet in order; undefined when there is none, or when it is waited for. Hot path. */
  take(): Uint8Array | undefined {
    while (true) {
      const slot = this.#nextSequenceNumber & this.#slotMask;
      const packet = this.#slots[slot];
      if (packet !== undefined) {
        this.#slots[slot] = undefined;
        this.heldPackets--;
        this.#nextSequenceNumber = this.#nextSequenceNumber + 1 & 0xffff;
        return packet;
      }
      if (this.#overflow === undefined && !this.#isFlushing) return undefined;
      if (this.heldPackets > 0) {
        this.lostPackets++;
        this.#nextSequenceNumber = this.#nextSequenceNumber + 1 & 0xffff;
        if (!this.#isFlushing) this.#holdOverflowIfItFits();
      } else if (this.#overflow !== undefined) {
        return this.#takeOverflow(this.#overflow);
      } else {
        this.#isFlushing = false;
      }
    }
  }

  /** Gives up every gap: {@linkcode take} then gives all that is held. */
  flush(): void {
    this.#isFlushing = this.heldPackets > 0;
  }

  #hold(packet: Uint8Array, sequenceNumber: number): void {
    const slot = sequenceNumber & this.#slotMask;
    if (this.#slots[slot] !== undefined) {
      this.droppedPackets++;
      return;
    }
    this.#slots[slot] = packet;
    this.heldPackets++;
  }

  #holdOverflowIfItFits(): void {
    const overflow = this.#overflow!;
    const sequenceNumber = rtpSequenceNumber(overflow);
    const distance = serialDistance(
      this.#nextSequenceNumber,
      sequenceNumber,
      16,
    );
    if (distance >= this.#windowPackets) return;
    this.#overflow = undefined;
    this.#hold(overflow, sequenceNumber);
  }

  /** Nothing is held: the line goes on at the packet that found no room. */
  #takeOverflow(overflow: Uint8Array): Uint8Array {
    const sequenceNumber = rtpSequenceNumber(overflow);
    if (!this.#isFlushing) {
      this.lostPackets += sequenceNumber - this.#nextSequenceNumber & 0xffff;
    }
    this.#isFlushing = false;
    this.#overflow = undefined;
    this.#nextSequenceNumber = sequenceNumber + 1 & 0xffff;
    const confirmation = this.#restartConfirmation;
    if (confirmation !== undefined) {
      this.#restartConfirmation = undefined;
      this.#hold(confirmation, this.#nextSequenceNumber);
    }
    return overflow;
  }

  #considerRestart(packet: Uint8Array, sequenceNumber: number): void {
    const first = this.#restart;
    if (this.#windowPackets === 0) {
      this.#overflow = packet;
      this.#isFlushing = true;
    } else if (
      first !== undefined &&
      (rtpSequenceNumber(first) + 1 & 0xffff) === sequenceNumber
    ) {
      this.#overflow = first;
      this.#isFlushing = true;
      this.#restart = undefined;
      this.#restartConfirmation = packet;
    } else {
      if (first !== undefined) this.droppedPackets++;
      this.#restart = packet;
    }
  }
}
