import { ByteReader } from "#base/byte_reader.ts";
import { ParseError } from "#base/errors.ts";
import {
  findBox,
  MAX_BOXES,
  needBox,
  readBoxes,
  readBoxHeader,
  readFullBoxHead,
  readI32,
  readU64,
} from "#formats/fmp4/box_reader.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const hex = (text: string) => Uint8Array.fromHex(text);

const FREE = "66726565";

Deno.test("readBoxHeader() reads sizes of 32 and 64 bits and open ones", () => {
  for (
    const [bytes, headerBytes, sizeBytes] of [
      [`0000000c${FREE}`, 8, 12],
      [`00000001${FREE}0000000200000010`, 16, 2 ** 33 + 16],
      [`00000000${FREE}`, 8, Infinity],
    ] as const
  ) {
    const header = readBoxHeader(hex(bytes));
    assertEquals(header, { type: "free", headerBytes, sizeBytes });
  }
});

Deno.test("readBoxHeader() waits for more of a cut header", () => {
  for (const whole of [`0000000c${FREE}`, `00000001${FREE}0000000000000010`]) {
    const bytes = hex(whole);
    for (let length = 0; length < bytes.length; length++) {
      assertEquals(readBoxHeader(bytes.subarray(0, length)), undefined);
    }
  }
});

Deno.test("readBoxHeader() refuses sizes below the header and over 2^53", () => {
  for (
    const bytes of [
      `00000007${FREE}`,
      `00000001${FREE}000000000000000f`,
      `00000001${FREE}0020000000000001`,
    ]
  ) {
    const error = assertThrows(() => readBoxHeader(hex(bytes)), ParseError);
    assertEquals(error.field, "free.size");
  }
});

Deno.test("readBoxes() splits a container, as far as zero bytes", () => {
  const bytes = hex(
    `0000000a${FREE}0102` + `00000001${FREE}0000000000000011ff` +
      `00000008${FREE}` + "0000000000000000",
  );
  const before = bytes.slice();
  assertEquals(readBoxes(bytes).map(({ type, body }) => [type, body.toHex()]), [
    ["free", "0102"],
    ["free", "ff"],
    ["free", ""],
  ]);
  assertEquals(bytes, before, "input must stay untouched");
  assertEquals(readBoxes(hex("000000")), []);
});

Deno.test("readBoxes() lets an open box reach to the end", () => {
  const [box] = readBoxes(hex(`00000000${FREE}0102`));
  assertEquals(box?.body.toHex(), "0102");
});

Deno.test("readBoxes() refuses boxes that run past the end", () => {
  for (const bytes of [`0000000b${FREE}0102`, `00000001${FREE}00000000`]) {
    const whole = hex(bytes);
    const error = assertThrows(() => readBoxes(whole), ParseError);
    assertEquals(error.field, "boxes[0]");
  }
});

Deno.test("readBoxes() takes a limited number of boxes", () => {
  const box = hex(`00000008${FREE}`);
  const bytes = new Uint8Array((MAX_BOXES + 1) * box.length);
  for (let at = 0; at < bytes.length; at += box.length) bytes.set(box, at);
  assertEquals(readBoxes(bytes.subarray(box.length)).length, MAX_BOXES);
  assertThrows(() => readBoxes(bytes), ParseError);
});

Deno.test("findBox() and needBox() take the first of a type", () => {
  const boxes = readBoxes(hex(`00000009${FREE}01` + `00000009${FREE}02`));
  assertEquals(findBox(boxes, "free")?.toHex(), "01");
  assertEquals(findBox(boxes, "moov"), undefined);
  const error = assertThrows(() => needBox(boxes, "moov", "file"), ParseError);
  assertEquals([error.format, error.field], ["MP4 box file", "moov"]);
});

Deno.test("readFullBoxHead(), readU64() and readI32() read numbers", () => {
  const reader = new ByteReader(
    hex("01000203" + "0000000100000002" + "fffffffe"),
    "test",
  );
  assertEquals(readFullBoxHead(reader), { version: 1, flags: 0x203 });
  assertEquals(readU64(reader, "u64"), 2 ** 32 + 2);
  assertEquals(readI32(reader, "i32"), -2);
});
