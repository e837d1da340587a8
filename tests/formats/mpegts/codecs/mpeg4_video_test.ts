import { joinBytes } from "#base/join_bytes.ts";
import { assertEquals } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";
import { outline, streamOfType } from "./read_units.ts";

const STREAM_TYPE = 0x10;

/** Sequence, object and layer headers [ffmpeg 5.1, 640x360]. */
const CONFIG = Uint8Array.fromHex(
  "000001b0f1000001b5a913000001000000012008d48d0800cd14042d14183f",
);
const I_VOP = Uint8Array.fromHex("000001b61060a0b0");
const P_VOP = Uint8Array.fromHex("000001b65060a0b0");

Deno.test("mpeg4VideoTs reads pictures from the first configuration on", () => {
  const stream = streamOfType(STREAM_TYPE);
  assertEquals(stream.read(I_VOP), []);
  const key = joinBytes([CONFIG, I_VOP]);
  const [unit] = stream.read(key, { ptsTicks: 7_200, dtsTicks: 3_600 });
  assertEquals(unit, {
    ptsTicks: 7_200,
    dtsTicks: 3_600,
    isRandomAccess: true,
    parts: [key],
    codec: { codec: "mpeg4Video", config: CONFIG, profileLevelId: 0xf1 },
  });
  assertEquals(outline(stream.read(P_VOP)), ["9000/9000: 8"]);
  const { codec } = stream.reader;
  stream.read(key);
  assertEquals(stream.reader.codec === codec, true, "it did not change");
});

Deno.test("mpeg4VideoTs takes a new configuration over, and leaves out what is no picture", () => {
  const stream = streamOfType(STREAM_TYPE);
  stream.read(joinBytes([CONFIG, I_VOP]));
  const other = CONFIG.with(4, 3);
  const [unit] = stream.read(joinBytes([other, I_VOP]));
  assertEquals(unit?.codec, {
    codec: "mpeg4Video",
    config: other,
    profileLevelId: 3,
  });
  for (const payload of [CONFIG, new Uint8Array(0)]) {
    assertEquals(stream.read(payload), []);
  }
  assertEquals(stream.read(I_VOP, { ptsTicks: undefined }), []);
});

Deno.test("mpeg4VideoTs never throws", () => {
  const stream = streamOfType(STREAM_TYPE);
  const seeds = [joinBytes([CONFIG, I_VOP]), P_VOP];
  for (const bytes of mutations(seeds, 5_000)) stream.read(bytes);
});
