import { RtpUnitAssembler } from "#formats/rtp/unit_assembler.ts";
import { rtpSequenceNumber } from "#formats/rtp/rtp_packet.ts";
import type { RtpUnitBoundary } from "#formats/rtp/payload_format.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { rtpPacket } from "#test/units.ts";

interface Unit {
  readonly numbers: number[];
  readonly timestampTicks: number;
}

function assembler(boundary: RtpUnitBoundary) {
  const units: Unit[] = [];
  const assembled = new RtpUnitAssembler(boundary, {
    handleRtpUnit(packets, timestampTicks) {
      const numbers = packets.map(rtpSequenceNumber);
      units.push({ numbers, timestampTicks });
    },
  });
  return { units, assembler: assembled };
}

/** Packets: timestamp, and `!` where the marker bit is set. */
const CASES: readonly {
  readonly name: string;
  readonly boundary: RtpUnitBoundary;
  readonly packets: readonly string[];
  readonly units: readonly (readonly number[])[];
}[] = [
  {
    name: "at marker bits",
    boundary: "marker",
    packets: ["10", "10!", "20!", "30", "30", "30!"],
    units: [[0, 1], [2], [3, 4, 5]],
  },
  {
    name: "where the timestamp changes [no marker bits]",
    boundary: "marker",
    packets: ["10", "10", "20", "30", "30"],
    units: [[0, 1], [2], [3, 4]],
  },
  {
    name: "at each marker bit of one timestamp [two slices, two markers]",
    boundary: "marker",
    packets: ["10!", "10!", "20!"],
    units: [[0], [1], [2]],
  },
  {
    name: "at every packet of audio",
    boundary: "packet",
    packets: ["10", "10", "20!", "30"],
    units: [[0], [1], [2], [3]],
  },
];

for (const { name, boundary, packets, units } of CASES) {
  Deno.test(`RtpUnitAssembler ends units ${name}`, () => {
    const test = assembler(boundary);
    for (const [sequenceNumber, text] of packets.entries()) {
      const timestampTicks = parseInt(text);
      const marker = text.endsWith("!");
      test.assembler.push(
        rtpPacket(
          { sequenceNumber, timestampTicks, marker },
          new Uint8Array(1),
        ),
      );
    }
    test.assembler.flush();
    test.assembler.flush();
    assertEquals(test.units.map(({ numbers }) => numbers), units);
    for (const { numbers, timestampTicks } of test.units) {
      assertEquals(timestampTicks, parseInt(packets[numbers[0]!]!));
    }
  });
}

Deno.test("RtpUnitAssembler hands a unit over as soon as its marker bit comes", () => {
  const test = assembler("marker");
  test.assembler.push(rtpPacket({ marker: true }, new Uint8Array(1)));
  assertEquals(test.units.length, 1);
});

Deno.test("RtpUnitAssembler hands a unit without an end over in pieces", () => {
  const byCount = assembler("marker");
  for (let i = 0; i < 40_000; i++) {
    byCount.assembler.push(
      rtpPacket({ sequenceNumber: i }, new Uint8Array(1)),
    );
  }
  byCount.assembler.flush();
  assertEquals(
    byCount.units.map(({ numbers }) => numbers.length),
    [16_384, 16_384, 7_232],
  );
  const bySize = assembler("marker");
  const packet = rtpPacket({}, new Uint8Array(65_000));
  for (let i = 0; i < 150; i++) bySize.assembler.push(packet);
  for (const { numbers } of bySize.units) {
    assert(numbers.length * packet.length <= 8 * 1_024 * 1_024);
  }
  assertEquals(bySize.units.length, 1);
});
