import { ParseError } from "#base/errors.ts";
import type { Box } from "#formats/fmp4/box_reader.ts";
import { SampleCursor } from "#formats/mp4/sample_cursor.ts";
import { SampleTable } from "#formats/mp4/sample_table.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

function table(type: string, ...numbers: readonly number[]): Box {
  const body = new Uint8Array(4 + 4 * numbers.length);
  const view = new DataView(body.buffer);
  for (const [i, number] of numbers.entries()) {
    view.setUint32(4 + 4 * i, number >>> 0);
  }
  return { type, body };
}

/** Five samples in three chunks of 2, 2 and 1; two runs of durations; a table of offsets that ends early. */
const TABLES = [
  table("stts", 2, 3, 10, 2, 20),
  table("ctts", 2, 1, 5, 2, -5),
  table("stsc", 2, 1, 2, 1, 3, 1, 1),
  table("stsz", 0, 5, 1, 2, 3, 4, 5),
  table("stco", 3, 100, 200, 300),
  table("stss", 2, 1, 4),
];

const WALK = [
  "0 5 10 true 100+1",
  "10 5 10 false 101+2",
  "20 15 10 false 200+3",
  "30 30 20 true 203+4",
  "50 50 20 false 300+5",
];

function walk(boxes: readonly Box[], { from = 0, maxGroup = 1 } = {}) {
  const cursor = new SampleCursor(new SampleTable(boxes), {
    trackNumber: 1,
    maxGroup,
  });
  if (from > 0) cursor.seek(from);
  const found: string[] = [];
  for (let one = cursor.next(); one; one = cursor.next()) {
    found.push(
      `${one.dtsTicks} ${one.ptsTicks} ${one.durationTicks} ${one.isSync} ` +
        `${one.offsetBytes}+${one.sizeBytes}`,
    );
  }
  return found;
}

Deno.test("SampleCursor walks through the tables", () => {
  assertEquals(walk(TABLES), WALK);
});

Deno.test("SampleCursor goes on from anywhere as it would have come there", () => {
  for (let from = 0; from < WALK.length; from++) {
    assertEquals(walk(TABLES, { from }), WALK.slice(from));
  }
});

Deno.test("SampleTable finds samples by time and where a decoder may start", () => {
  const found = new SampleTable(TABLES);
  const at = [-5, 0, 9, 10, 29, 30, 49, 50, 999].map((ticks) =>
    found.sampleAt(ticks)
  );
  assertEquals(at, [0, 0, 0, 1, 2, 3, 3, 4, 4]);
  const syncs = [0, 1, 2, 3, 4].map((i) => found.syncAtOrBefore(i));
  assertEquals(syncs, [0, 0, 0, 3, 3]);
  const all = new SampleTable(TABLES.slice(0, -1));
  assertEquals(all.syncAtOrBefore(2), 2);
});

Deno.test("SampleTable reads compact sizes and large offsets", () => {
  const boxes = [
    ...TABLES.slice(0, 3),
    {
      type: "stz2",
      body: Uint8Array.fromHex("00000000000000100000000500010002000300040005"),
    },
    table("co64", 3, 1, 0, 0, 200, 0, 300),
  ];
  const walked = walk(boxes);
  assertEquals(walked[0]?.split(" ").at(-1), `${2 ** 32}+1`);
  assertEquals(walked[2]?.split(" ").at(-1), "200+3");
  const bytes = {
    type: "stz2",
    body: Uint8Array.fromHex("0000000000000008000000050102030405"),
  };
  assertEquals(
    walk([...TABLES.slice(0, 3), bytes, TABLES[4]!, TABLES[5]!]),
    WALK,
  );
});

Deno.test("SampleCursor groups samples of one size within a chunk", () => {
  const boxes = [
    table("stts", 1, 10, 1),
    table("stsc", 1, 1, 5, 1),
    table("stsz", 4, 10),
    table("stco", 2, 100, 900),
  ];
  assertEquals(walk(boxes, { maxGroup: 3 }), [
    "0 0 3 true 100+12",
    "3 3 2 true 112+8",
    "5 5 3 true 900+12",
    "8 8 2 true 912+8",
  ]);
  assertEquals(walk(boxes, { from: 7, maxGroup: 3 }), ["7 7 3 true 908+12"]);
});

Deno.test("SampleCursor refuses tables that end before the samples do", () => {
  for (
    const short of [
      table("stts", 1, 3, 10),
      table("stsc", 1, 1, 1, 1),
      table("stsc", 0),
      table("stco", 2, 100, 200),
    ]
  ) {
    const boxes = TABLES.map((box) => box.type === short.type ? short : box);
    assertThrows(() => walk(boxes), ParseError);
    assertThrows(() => walk(boxes, { from: 4 }), ParseError);
  }
});

Deno.test("SampleTable refuses counts that are not backed by bytes, and missing tables", () => {
  for (const [i, { type, body }] of TABLES.entries()) {
    const huge = body.slice();
    const countAt = type === "stsz" ? 8 : 4;
    new DataView(huge.buffer).setUint32(countAt, 0xffff_ffff);
    const boxes = TABLES.with(i, { type, body: huge });
    assertThrows(() => new SampleTable(boxes), ParseError);
  }
  for (const type of ["stts", "stsc", "stsz", "stco"]) {
    const boxes = TABLES.filter((box) => box.type !== type);
    assertThrows(() => new SampleTable(boxes), ParseError);
  }
  const odd = {
    type: "stz2",
    body: Uint8Array.fromHex("000000000000000400000000"),
  };
  assertThrows(() => new SampleTable([...TABLES, odd]), ParseError);
});
