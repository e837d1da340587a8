import { joinBytes } from "#base/join_bytes.ts";
import { assertEquals } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";
import { openStream, outline, streamOfType } from "./read_units.ts";

const STREAM_TYPE = 0x02;

/** Sequence header and extension [ffmpeg 5.1, MPEG-2, 640x360]. */
const SEQUENCE = Uint8Array.fromHex(
  "000001b328016833ffffe088000001b5148a00010000",
);
const GROUP = Uint8Array.fromHex("000001b800080040");
const SLICE = Uint8Array.fromHex("00000101221122");

function picture(type: number): Uint8Array {
  return joinBytes([
    Uint8Array.of(0, 0, 1, 0, 0, type << 3, 0xff, 0xf8),
    SLICE,
  ]);
}

const [I, P] = [picture(1), picture(2)];

Deno.test("mpeg12VideoTs reads pictures from the first sequence header on", () => {
  const stream = streamOfType(STREAM_TYPE);
  assertEquals(stream.read(P), []);
  const key = joinBytes([SEQUENCE, GROUP, I]);
  const [unit] = stream.read(key, { ptsTicks: 7_200, dtsTicks: 3_600 });
  assertEquals(unit, {
    ptsTicks: 7_200,
    dtsTicks: 3_600,
    isRandomAccess: true,
    parts: [key],
    codec: { codec: "mpeg12Video", config: SEQUENCE },
  });
  assertEquals(outline(stream.read(P)), ["9000/9000: 15"]);
});

Deno.test("mpeg12VideoTs lets a decoder start at I pictures until sequence headers come again", () => {
  const stream = streamOfType(STREAM_TYPE);
  const starts = [joinBytes([SEQUENCE, I]), I, joinBytes([SEQUENCE, I]), I]
    .map((payload) => stream.read(payload)[0]!.isRandomAccess);
  assertEquals(starts, [true, true, true, false]);
});

Deno.test("mpeg12VideoTs takes MPEG-1, too, and a new sequence header over", () => {
  const stream = openStream({ streamType: 0x01 })!;
  stream.read(joinBytes([SEQUENCE, I]));
  const other = SEQUENCE.with(5, 0x02);
  const [unit] = stream.read(joinBytes([other, I]));
  assertEquals(unit?.codec, { codec: "mpeg12Video", config: other });
});

Deno.test("mpeg12VideoTs leaves out what is no picture, or has no time", () => {
  const stream = streamOfType(STREAM_TYPE);
  stream.read(joinBytes([SEQUENCE, I]));
  for (const payload of [SEQUENCE, SLICE, new Uint8Array(0)]) {
    assertEquals(stream.read(payload), []);
  }
  assertEquals(stream.read(I, { ptsTicks: undefined }), []);
});

Deno.test("mpeg12VideoTs never throws", () => {
  const stream = streamOfType(STREAM_TYPE);
  const seeds = [joinBytes([SEQUENCE, GROUP, I]), P];
  for (const bytes of mutations(seeds, 5_000)) stream.read(bytes);
});
