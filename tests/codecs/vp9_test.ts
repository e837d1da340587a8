import { ParseError } from "#base/errors.ts";
import {
  isVp9KeyFrame,
  joinVp9Superframe,
  MAX_VP9_SUPERFRAME_FRAMES,
  parseVp9KeyFrame,
} from "#codecs/vp9.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";
import { VP9_SAMPLES } from "./vp9/samples.ts";

const FRAMES = VP9_SAMPLES.map(({ name, frame, expected }) => ({
  name,
  bytes: Uint8Array.fromHex(frame),
  expected,
}));

for (const { name, bytes, expected } of FRAMES) {
  Deno.test(`parseVp9KeyFrame() reads ${name}`, () => {
    const before = bytes.slice();
    assertEquals(isVp9KeyFrame(bytes[0]!), true);
    assertEquals(parseVp9KeyFrame(bytes), expected);
    assertEquals(bytes, before, "input must stay untouched");
  });

  Deno.test(`parseVp9KeyFrame() rejects prefixes of ${name}`, () => {
    for (const prefix of prefixes(bytes.subarray(0, 8))) {
      assertThrows(() => parseVp9KeyFrame(prefix), ParseError);
    }
  });
}

Deno.test("isVp9KeyFrame() tells key frames from others by the first byte", () => {
  for (
    const [firstByte, expected] of [
      [0x80, true], // hidden
      [0x82, true],
      [0x86, false],
      [0x84, false],
      [0x88, false], // shows an existing frame
      [0xb0, true], // profile 3
      [0xb2, false],
      [0xb4, false],
      [0x42, false], // no frame marker
      [0x00, false],
    ] as const
  ) assertEquals(isVp9KeyFrame(firstByte), expected, firstByte.toString(16));
});

Deno.test("parseVp9KeyFrame() names the field at fault", () => {
  const { bytes } = FRAMES[0]!;
  for (
    const [at, value, field] of [
      [0, 0x42, "frame_marker"],
      [0, 0x8a, "show_existing_frame"],
      [0, 0x86, "frame_type"],
      [2, 0, "frame_sync_code"],
    ] as const
  ) {
    const error = assertThrows(
      () => parseVp9KeyFrame(bytes.with(at, value)),
      ParseError,
    );
    assertEquals(error.field, field);
  }
});

Deno.test("parseVp9KeyFrame() throws nothing but ParseError on mutations", () => {
  for (const bytes of mutations(FRAMES.map((frame) => frame.bytes))) {
    try {
      parseVp9KeyFrame(bytes);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});

Deno.test("joinVp9Superframe() writes an index behind the frames", () => {
  const frames = ["8249", "86004092"].map((one) => Uint8Array.fromHex(one));
  assertEquals(
    joinVp9Superframe(frames).toHex(),
    "8249" + "86004092" + "c1" + "02" + "04" + "c1",
  );
  const large = new Uint8Array(0x1_2345);
  const index = joinVp9Superframe([frames[0]!, large, frames[1]!])
    .subarray(2 + large.length + 4);
  assertEquals(index.toHex(), "d2" + "020000" + "452301" + "040000" + "d2");
});

Deno.test("joinVp9Superframe() leaves one frame as it is, and takes no more than eight", () => {
  const frame = Uint8Array.of(0x82);
  assert(joinVp9Superframe([frame]) === frame);
  const many = Array<Uint8Array>(MAX_VP9_SUPERFRAME_FRAMES).fill(frame);
  assertEquals(joinVp9Superframe(many).length, 8 + 10);
  assertThrows(() => joinVp9Superframe([...many, frame]), Error);
  assertThrows(() => joinVp9Superframe([]), Error);
});
