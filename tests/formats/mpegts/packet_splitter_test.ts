import {
  type TsPacketSink,
  TsPacketSplitter,
} from "#formats/mpegts/packet_splitter.ts";
import { assertEquals } from "#test/assert.ts";
import { chunkings, mutations } from "#test/splits.ts";

/** Packets that begin with the sync byte and hold their number. */
function packets(...numbers: readonly number[]): Uint8Array {
  return Uint8Array.from(
    numbers.flatMap((number) => [0x47, ...new Array(187).fill(number)]),
  );
}

/** Numbers of the packets found, and minus the bytes passed over between them. */
function split(chunks: Iterable<Uint8Array>): number[] {
  const found: number[] = [];
  const sink: TsPacketSink = {
    handlePacket: (bytes, at) => {
      assertEquals([bytes[at], at + 188 <= bytes.length], [0x47, true]);
      found.push(bytes[at + 1]!);
    },
    handleLostSync: (skippedBytes) => {
      if (found.at(-1)! < 0) found.push(found.pop()! - skippedBytes);
      else found.push(-skippedBytes);
    },
  };
  const splitter = new TsPacketSplitter(sink);
  for (const chunk of chunks) splitter.push(chunk.slice());
  return found;
}

const garbage = new Uint8Array(300).fill(9);
garbage[7] = 0x47;

const STREAMS: readonly {
  readonly name: string;
  readonly bytes: readonly Uint8Array[];
  readonly found: readonly number[];
}[] = [
  { name: "packets", bytes: [packets(1, 2, 3)], found: [1, 2, 3] },
  {
    name: "packets behind garbage",
    bytes: [garbage, packets(1, 2, 3)],
    found: [-300, 1, 2, 3],
  },
  {
    name: "packets with garbage between them",
    bytes: [packets(1, 2), garbage, packets(3, 4)],
    found: [1, 2, -300, 3, 4],
  },
  {
    name: "packets of which one is cut",
    bytes: [packets(1, 2), packets(3).subarray(0, 100), packets(4, 5, 6)],
    found: [1, 2, 3, -100, 5, 6],
  },
];

for (const { name, bytes, found } of STREAMS) {
  Deno.test(`TsPacketSplitter finds ${name} in all chunkings`, () => {
    const stream = Uint8Array.from(bytes.flatMap((part) => [...part]));
    for (const chunks of chunkings(stream)) {
      assertEquals(split(chunks), found);
    }
  });
}

Deno.test("TsPacketSplitter never throws, and never gives what is no packet", () => {
  const seeds = [packets(1, 2, 3, 4), packets(1, 0x47)];
  for (const bytes of mutations(seeds, 2_000)) split([bytes]);
});
