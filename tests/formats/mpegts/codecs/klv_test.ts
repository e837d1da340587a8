import { joinBytes } from "#base/join_bytes.ts";
import { assertEquals } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";
import {
  openStream,
  outline,
  type ReadStream,
  streamOfType,
} from "./read_units.ts";

/** Metadata descriptor: format and metadata format are named by identifiers. */
const SYNCHRONOUS = "26090100ff4b4c5641000f";
const UNIT = Uint8Array.fromHex("060e2b34020b01010e0103010100000003aabbcc");

function openSynchronous(): ReadStream {
  return streamOfType(0x15, SYNCHRONOUS);
}

/** A cell: 3 is a whole unit, 2 begins one, 0 goes on, 1 ends it. */
function cell(fragment: 0 | 1 | 2 | 3, data: Uint8Array): Uint8Array {
  return joinBytes([
    Uint8Array.of(0, 1, fragment << 6, data.length >> 8, data.length & 0xff),
    data,
  ]);
}

Deno.test("klvTs takes the streams that their descriptors name", () => {
  const streams = [
    [0x06, "05044b4c5641", true],
    [0x06, "05044f707573", false],
    [0x06, "", false],
    [0x15, SYNCHRONOUS, true],
    [0x15, "260dffff12345678ff4b4c5641000f", true],
    [0x15, "26090100ff49443320000f", false],
    [0x15, "260901004b4c5641000f00", false],
    [0x15, "2604ffffffff", false],
    [0x15, "05044b4c5641", false],
  ] as const;
  for (const [streamType, descriptors, isKlv] of streams) {
    const stream = openStream({ streamType, descriptors });
    assertEquals(stream?.reader.codec, isKlv ? { codec: "klv" } : undefined);
  }
});

Deno.test("klvTs reads a unit a packet, with the stream's time if it has none of its own", () => {
  const stream = streamOfType(0x06, "05044b4c5641");
  assertEquals(stream.read(UNIT), [{
    ptsTicks: 9_000,
    dtsTicks: 9_000,
    isRandomAccess: true,
    parts: [UNIT],
    codec: { codec: "klv" },
  }]);
  const bare = { ptsTicks: undefined };
  assertEquals(outline(stream.read(UNIT, { ...bare, latestTicks: 70 })), [
    "70/70*: 20",
  ]);
  assertEquals(stream.read(UNIT, bare), []);
  assertEquals(stream.read(new Uint8Array(0)), []);
});

Deno.test("klvTs reads whole units and fragments from cells", () => {
  const stream = openSynchronous();
  assertEquals(stream.read(cell(3, UNIT))[0]!.parts, [UNIT]);
  const whole = joinBytes([cell(3, UNIT), cell(3, UNIT.subarray(0, 5))]);
  assertEquals(outline(stream.read(whole)), [
    "9000/9000*: 20",
    "9000/9000*: 5",
  ]);
  const [first, second, third] = [
    cell(2, UNIT.subarray(0, 4)),
    cell(0, UNIT.subarray(4, 9)),
    cell(1, UNIT.subarray(9)),
  ];
  assertEquals(stream.read(joinBytes([first, second])), []);
  const [unit] = stream.read(third, { ptsTicks: 18_000 });
  assertEquals([unit?.parts, unit?.ptsTicks], [[UNIT], 18_000]);
});

Deno.test("klvTs leaves out fragments of a unit that is not whole", () => {
  const stream = openSynchronous();
  const [first, last] = [cell(2, UNIT), cell(1, UNIT)];
  assertEquals(stream.read(last), []);
  stream.read(first);
  stream.reader.handleGap();
  assertEquals(stream.read(last), []);
  stream.read(first);
  assertEquals(outline(stream.read(joinBytes([first, last]))), [
    "9000/9000*: 40",
  ]);
  assertEquals(stream.errors, []);
});

Deno.test("klvTs tells of a cell that is cut, and of a unit over the limit", () => {
  const stream = openSynchronous();
  assertEquals(stream.read(cell(3, UNIT).subarray(0, 20)), []);
  assertEquals(stream.errors, ["a metadata cell is cut"]);
  stream.read(cell(2, UNIT));
  for (let i = 0; i < 256; i++) stream.read(cell(0, UNIT));
  assertEquals(stream.read(cell(1, UNIT)), []);
  assertEquals(stream.errors[1], "a metadata unit is over the limit");
});

Deno.test("klvTs takes no more units from a packet than it may", () => {
  const cells = joinBytes(new Array(300).fill(cell(3, UNIT)));
  assertEquals(openSynchronous().read(cells).length, 256);
});

Deno.test("klvTs never throws", () => {
  const stream = openSynchronous();
  const seeds = [cell(3, UNIT), cell(2, UNIT), cell(1, UNIT)];
  for (const bytes of mutations(seeds)) stream.read(bytes);
});
