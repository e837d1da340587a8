import { ReorderBuffer } from "#formats/rtp/reorder_buffer.ts";
import { serializeRtpHeader } from "#formats/rtp/rtp_header.ts";
import { rtpSequenceNumber } from "#formats/rtp/rtp_packet.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { seededRandom } from "#test/splits.ts";

function packet(sequenceNumber: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const fields = { marker: false, payloadType: 96, timestampTicks: 0, ssrc: 1 };
  serializeRtpHeader(bytes, 0, { ...fields, sequenceNumber });
  return bytes;
}

function drain(buffer: ReorderBuffer): number[] {
  const taken: number[] = [];
  for (let one = buffer.take(); one !== undefined; one = buffer.take()) {
    taken.push(rtpSequenceNumber(one));
  }
  return taken;
}

function pushAll(buffer: ReorderBuffer, sequenceNumbers: number[]): number[] {
  return sequenceNumbers.flatMap((one) => {
    buffer.push(packet(one));
    return drain(buffer);
  });
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i & 0xffff);
}

const SEQUENCES = [
  {
    name: "packets in order",
    pushed: range(1, 200),
    taken: range(1, 200),
    lost: 0,
    dropped: 0,
    held: 0,
  },
  {
    name: "a wrap-around",
    pushed: range(65_530, 65_540),
    taken: range(65_530, 65_540),
    lost: 0,
    dropped: 0,
    held: 0,
  },
  {
    name: "two packets swapped",
    pushed: [1, 3, 2, 4],
    taken: [1, 2, 3, 4],
    lost: 0,
    dropped: 0,
    held: 0,
  },
  {
    name: "packets swapped at the wrap-around",
    pushed: [65_534, 0, 1, 65_535, 2],
    taken: [65_534, 65_535, 0, 1, 2],
    lost: 0,
    dropped: 0,
    held: 0,
  },
  {
    name: "a duplicate in the window",
    pushed: [1, 3, 3, 2],
    taken: [1, 2, 3],
    lost: 0,
    dropped: 1,
    held: 0,
  },
  {
    name: "a duplicate behind the window",
    pushed: [1, 2, 1, 3],
    taken: [1, 2, 3],
    lost: 0,
    dropped: 1,
    held: 0,
  },
  {
    name: "an open gap",
    pushed: [1, 3, 4],
    taken: [1],
    lost: 0,
    dropped: 0,
    held: 2,
  },
  {
    name: "a gap with the window just full",
    pushed: [1, ...range(3, 65)],
    taken: [1],
    lost: 0,
    dropped: 0,
    held: 63,
  },
  {
    name: "a gap given up",
    pushed: [1, ...range(3, 66)],
    taken: [1, ...range(3, 66)],
    lost: 1,
    dropped: 0,
    held: 0,
  },
  {
    name: "two packets later than their gap",
    pushed: [1, ...range(4, 67), 2, 3, 68],
    taken: [1, ...range(4, 68)],
    lost: 2,
    dropped: 2,
    held: 0,
  },
  {
    name: "a packet later than its gap",
    pushed: [1, ...range(3, 66), 2, 67],
    taken: [1, ...range(3, 67)],
    lost: 1,
    dropped: 1,
    held: 0,
  },
  {
    name: "two gaps, the second one still open",
    pushed: [1, 3, 40, ...range(41, 66)],
    taken: [1, 3],
    lost: 1,
    dropped: 0,
    held: 27,
  },
  {
    name: "a loss beyond the window",
    pushed: [1, 101, 102],
    taken: [1, 101, 102],
    lost: 99,
    dropped: 0,
    held: 0,
  },
  {
    name: "a loss beyond the window behind a gap",
    pushed: [1, 3, 201],
    taken: [1, 3, 201],
    lost: 198,
    dropped: 0,
    held: 0,
  },
  {
    name: "a sender restarted ahead",
    pushed: [1, 2, 30_000, 30_001, 30_002],
    taken: [1, 2, 30_000, 30_001, 30_002],
    lost: 0,
    dropped: 0,
    held: 0,
  },
  {
    name: "a sender restarted back",
    pushed: [5000, 5001, 10, 11],
    taken: [5000, 5001, 10, 11],
    lost: 0,
    dropped: 0,
    held: 0,
  },
  {
    name: "a sender restarted behind a gap",
    pushed: [5000, 5002, 10, 11, 12],
    taken: [5000, 5002, 10, 11, 12],
    lost: 1,
    dropped: 0,
    held: 0,
  },
  {
    name: "a sender restarted at the wrap-around",
    pushed: [5000, 65_535, 0],
    taken: [5000, 65_535, 0],
    lost: 0,
    dropped: 0,
    held: 0,
  },
  {
    name: "stray packets",
    pushed: [1, 30_000, 2, 20_000, 3],
    taken: [1, 2, 3],
    lost: 0,
    dropped: 1,
    held: 0,
  },
];

for (const { name, pushed, taken, lost, dropped, held } of SEQUENCES) {
  Deno.test(`ReorderBuffer.take() gives ${name}`, () => {
    const buffer = new ReorderBuffer();
    assertEquals(pushAll(buffer, pushed), taken);
    assertEquals(
      [buffer.lostPackets, buffer.droppedPackets, buffer.heldPackets],
      [lost, dropped, held],
    );
  });
}

Deno.test("ReorderBuffer.flush() gives up every gap", () => {
  const buffer = new ReorderBuffer();
  assertEquals(pushAll(buffer, [1, 3, 6]), [1]);
  buffer.flush();
  assertEquals(drain(buffer), [3, 6]);
  assertEquals([buffer.lostPackets, buffer.heldPackets], [3, 0]);
  assertEquals(pushAll(buffer, [7, 9, 8]), [7, 8, 9]);
});

Deno.test("ReorderBuffer.flush() does nothing when nothing is held", () => {
  const buffer = new ReorderBuffer();
  buffer.flush();
  assertEquals(pushAll(buffer, [1, 3]), [1]);
  assertEquals(buffer.lostPackets, 0);
});

Deno.test("ReorderBuffer with a window of zero passes everything and counts", () => {
  const buffer = new ReorderBuffer(0);
  const pushed = [65_534, 65_535, 2, 3, 3, 1, 2, 40_000, 40_001];
  assertEquals(pushAll(buffer, pushed), pushed);
  assertEquals([buffer.lostPackets, buffer.droppedPackets], [2, 0]);
});

Deno.test("ReorderBuffer.take() is in order and complete over any shuffle inside the window", () => {
  const random = seededRandom(7);
  const buffer = new ReorderBuffer();
  const arrivals = range(60_000, 70_000)
    .map((sequenceNumber, i) => ({ sequenceNumber, at: i + random() * 60 }))
    .sort((a, b) => a.at - b.at)
    .map(({ sequenceNumber }) => sequenceNumber);
  const taken = pushAll(buffer, [60_000, ...arrivals]);
  assertEquals(taken, range(60_000, 70_000));
  assertEquals([buffer.lostPackets, buffer.droppedPackets], [0, 1]);
});

Deno.test("ReorderBuffer keeps its promises over 10,000 random packets", () => {
  const random = seededRandom(3);
  const buffer = new ReorderBuffer();
  let sequenceNumber = 0;
  let pushedPackets = 0;
  let takenPackets = 0;
  for (let i = 0; i < 10_000; i++) {
    const step = random();
    if (step < 0.01) sequenceNumber = Math.floor(random() * 65_536);
    else if (step < 0.1) sequenceNumber += Math.floor(random() * 200) - 100;
    else sequenceNumber++;
    buffer.push(packet(sequenceNumber));
    pushedPackets++;
    takenPackets += drain(buffer).length;
    assert(buffer.heldPackets <= 64);
  }
  const missing = pushedPackets - takenPackets - buffer.droppedPackets -
    buffer.heldPackets;
  assert(missing === 0 || missing === 1, "one may stand for a restart");
});
