import { ParseError } from "#base/errors.ts";
import {
  extensionOf,
  isRegisteredAs,
  MAX_DESCRIPTORS,
  readDescriptors,
} from "#formats/mpegts/descriptors.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";

const OPUS = Uint8Array.fromHex("05044f7075737f028002");

Deno.test("readDescriptors() reads registration and extension of Opus [ffmpeg 5.1]", () => {
  const descriptors = readDescriptors(OPUS);
  assertEquals(descriptors.map(({ tag }) => tag), [0x05, 0x7f]);
  assert(isRegisteredAs(descriptors, "Opus"));
  assert(!isRegisteredAs(descriptors, "KLVA"));
  assertEquals(extensionOf(descriptors, 0x80), Uint8Array.of(2));
  assertEquals(extensionOf(descriptors, 0x81), undefined);
  assertEquals(
    extensionOf(readDescriptors(Uint8Array.of(0x7f, 0)), 0),
    undefined,
  );
});

Deno.test("readDescriptors() rejects what is cut, and what is too many", () => {
  for (let length = 1; length < OPUS.length; length++) {
    if (length === 6) continue;
    assertThrows(() => readDescriptors(OPUS.subarray(0, length)), ParseError);
  }
  const many = new Uint8Array(2 * MAX_DESCRIPTORS);
  assertEquals(readDescriptors(many).length, MAX_DESCRIPTORS);
  const tooMany = new Uint8Array(2 * MAX_DESCRIPTORS + 2);
  assertThrows(() => readDescriptors(tooMany), ParseError);
});
