import { ReceptionStatistics } from "#formats/rtp/reception_statistics.ts";
import type { SenderReport } from "#formats/rtp/rtcp/rtcp_packet.ts";
import { assert, assertEquals } from "#test/assert.ts";

const CLOCK_RATE_HZ = 90_000;

/** Packets 10 ms apart that arrive on time. */
function pushAll(
  statistics: ReceptionStatistics,
  sequenceNumbers: readonly number[],
): void {
  for (const [i, sequenceNumber] of sequenceNumbers.entries()) {
    statistics.push(sequenceNumber, 0xffff_0000 + i * 900 >>> 0, 5000 + i * 10);
  }
}

const CASES = [
  { name: "nothing", pushed: [], lost: 0, fraction: 0, highest: 0 },
  { name: "no loss", pushed: [7, 8, 9], lost: 0, fraction: 0, highest: 9 },
  {
    name: "a quarter lost",
    pushed: [1, 2, 4],
    lost: 1,
    fraction: 64,
    highest: 4,
  },
  {
    name: "a wrap-around",
    pushed: [65_535, 0, 1],
    lost: 0,
    fraction: 0,
    highest: 65_537,
  },
  {
    name: "reordered packets",
    pushed: [1, 3, 2],
    lost: 0,
    fraction: 0,
    highest: 3,
  },
  { name: "duplicates", pushed: [1, 1, 1], lost: -2, fraction: 0, highest: 1 },
  {
    name: "a restart",
    pushed: [1, 3, 20_000, 20_002, 20_003],
    lost: 2,
    fraction: 64,
    highest: 20_003,
  },
];

for (const { name, pushed, lost, fraction, highest } of CASES) {
  Deno.test(`ReceptionStatistics reports ${name}`, () => {
    const statistics = new ReceptionStatistics(CLOCK_RATE_HZ);
    pushAll(statistics, pushed);
    assertEquals(statistics.receivedPackets, pushed.length);
    assertEquals(statistics.lostPackets, lost);
    assertEquals(statistics.takeReportBlock(42, 6000), {
      ssrc: 42,
      fractionLost: fraction,
      cumulativeLost: lost,
      extendedHighestSequenceNumber: highest,
      jitterTicks: 0,
      lastSenderReport: 0,
      delaySinceLastSenderReport: 0,
    });
  });
}

Deno.test("ReceptionStatistics.takeReportBlock() counts the fraction of its own interval", () => {
  const statistics = new ReceptionStatistics(CLOCK_RATE_HZ);
  pushAll(statistics, [1, 3]);
  assertEquals(statistics.takeReportBlock(1, 0).fractionLost, 85);
  pushAll(statistics, [4, 5]);
  const block = statistics.takeReportBlock(1, 0);
  assertEquals([block.fractionLost, block.cumulativeLost], [0, 1]);
});

Deno.test("ReceptionStatistics.takeReportBlock() clamps what 24 bits cannot hold", () => {
  const statistics = new ReceptionStatistics(CLOCK_RATE_HZ);
  for (let i = 0; i < 3000; i++) statistics.push(i * 2999 & 0xffff, 0, 0);
  assert(statistics.lostPackets > 2 ** 23);
  assertEquals(statistics.takeReportBlock(1, 0).cumulativeLost, 2 ** 23 - 1);
});

Deno.test("ReceptionStatistics.jitterTicks follows RFC 3550 §A.8", () => {
  const statistics = new ReceptionStatistics(CLOCK_RATE_HZ);
  statistics.push(1, 0xffff_fff0, 1000);
  statistics.push(2, 0xffff_fff0 + 900 >>> 0, 1010);
  assertEquals(statistics.jitterTicks, 0);
  statistics.push(3, 1784, 1036);
  assertEquals(statistics.jitterTicks, 90);
  statistics.push(4, 2684, 1030);
  assertEquals(statistics.jitterTicks, 90 + (1440 - 90) / 16);
});

Deno.test("ReceptionStatistics.handleSenderReport() gives LSR and DLSR", () => {
  const statistics = new ReceptionStatistics(CLOCK_RATE_HZ);
  const report: SenderReport = {
    type: "senderReport",
    ssrc: 1,
    ntp: { seconds: 0xb44d_b705, fraction: 0x2000_0000 },
    rtpTimestampTicks: 0,
    packetCount: 0,
    octetCount: 0,
    reportBlocks: [],
  };
  statistics.handleSenderReport(report, 1000);
  const block = statistics.takeReportBlock(1, 6250);
  assertEquals(block.lastSenderReport, 0xb705_2000);
  assertEquals(block.delaySinceLastSenderReport, 0x0005_4000);
});
