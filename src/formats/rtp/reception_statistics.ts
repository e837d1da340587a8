import { MAX_DROPOUT_PACKETS, MAX_MISORDER_PACKETS } from "./reorder_buffer.ts";
import { compactNtp } from "./rtcp/ntp_time.ts";
import type { ReportBlock, SenderReport } from "./rtcp/rtcp_packet.ts";

const MIN_CUMULATIVE_LOST = -(2 ** 23);
const MAX_CUMULATIVE_LOST = 2 ** 23 - 1;
/** Units a second of the delay in report blocks. */
const DELAY_UNITS_HZ = 65_536;

/**
 * Counts what arrives from one source and makes the report block about it.
 *
 * Packets are given as they come from the network, before they are put in order.
 * Spec: RFC 3550 §6.4.1, §A.3, §A.8.
 */
export class ReceptionStatistics {
  /** Packets received since the start, duplicates included. */
  receivedPackets = 0;
  #clockRateHz: number;
  /** Sequence numbers on a line without wrap-around; restarts move the base. */
  #baseSequence = 0;
  #highestSequence = 0;
  #receivedSinceBase = 0;
  #lostBeforeBase = 0;
  #expectedAtReport = 0;
  #receivedAtReport = 0;
  #transitTicks = 0;
  #jitterTicks = 0;
  #lastSenderReport = 0;
  #lastSenderReportMs = 0;

  /** `clockRateHz`: ticks a second of the timestamps. */
  constructor(clockRateHz: number) {
    this.#clockRateHz = clockRateHz;
  }

  /** Packets that have not arrived; negative if duplicates outnumber them. */
  get lostPackets(): number {
    return this.#lostBeforeBase + this.#expected - this.#receivedSinceBase;
  }

  /** Interarrival jitter in timestamp ticks. */
  get jitterTicks(): number {
    return this.#jitterTicks;
  }

  /**
   * Counts a packet.
   *
   * Hot path. Input: sequence number and timestamp of the packet, and when it came on any steady clock.
   */
  push(
    sequenceNumber: number,
    timestampTicks: number,
    arrivalMs: number,
  ): void {
    const arrivalTicks = Math.round(arrivalMs * this.#clockRateHz / 1000);
    const transitTicks = arrivalTicks - timestampTicks | 0;
    if (this.#receivedSinceBase === 0) {
      this.#startAt(sequenceNumber);
    } else {
      const distance = sequenceNumber - this.#highestSequence << 16 >> 16;
      if (
        distance >= MAX_DROPOUT_PACKETS || distance < -MAX_MISORDER_PACKETS
      ) {
        this.#lostBeforeBase = this.lostPackets;
        this.#startAt(sequenceNumber);
      } else {
        if (distance > 0) this.#highestSequence += distance;
        const stepTicks = Math.abs(transitTicks - this.#transitTicks | 0);
        this.#jitterTicks += (stepTicks - this.#jitterTicks) / 16;
      }
    }
    this.#transitTicks = transitTicks;
    this.#receivedSinceBase++;
    this.receivedPackets++;
  }

  /** Remembers the last report of the source; `arrivalMs` is on the clock of {@linkcode push}. */
  handleSenderReport(report: SenderReport, arrivalMs: number): void {
    this.#lastSenderReport = compactNtp(report.ntp);
    this.#lastSenderReportMs = arrivalMs;
  }

  /** Makes the block for the next report and starts a new interval; `nowMs` is on the clock of {@linkcode push}. */
  takeReportBlock(ssrc: number, nowMs: number): ReportBlock {
    const expected = this.#expected - this.#expectedAtReport;
    const lost = expected - (this.#receivedSinceBase - this.#receivedAtReport);
    this.#expectedAtReport = this.#expected;
    this.#receivedAtReport = this.#receivedSinceBase;
    const hasSenderReport = this.#lastSenderReport !== 0;
    return {
      ssrc,
      fractionLost: lost > 0
        ? Math.min(255, Math.floor(lost * 256 / expected))
        : 0,
      cumulativeLost: Math.max(
        MIN_CUMULATIVE_LOST,
        Math.min(MAX_CUMULATIVE_LOST, this.lostPackets),
      ),
      extendedHighestSequenceNumber: this.#highestSequence >>> 0,
      jitterTicks: Math.floor(this.#jitterTicks) >>> 0,
      lastSenderReport: this.#lastSenderReport,
      delaySinceLastSenderReport: hasSenderReport
        ? Math.round(
          (nowMs - this.#lastSenderReportMs) * DELAY_UNITS_HZ / 1000,
        ) >>> 0
        : 0,
    };
  }

  get #expected(): number {
    return this.#receivedSinceBase === 0
      ? 0
      : this.#highestSequence - this.#baseSequence + 1;
  }

  #startAt(sequenceNumber: number): void {
    this.#baseSequence = sequenceNumber;
    this.#highestSequence = sequenceNumber;
    this.#receivedSinceBase = 0;
    this.#expectedAtReport = 0;
    this.#receivedAtReport = 0;
  }
}
