import { assertEquals } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";
import { H264_PARAMETERS, h264Slice } from "#test/units.ts";
import { annexB, H264_DELIMITER, h264Picture } from "../ts_samples.ts";
import { outline, streamOfType } from "./read_units.ts";

const STREAM_TYPE = 0x1b;
const { sps, pps } = H264_PARAMETERS;

Deno.test("h264Ts reads pictures with their times, delimiters and filler left out", () => {
  const stream = streamOfType(STREAM_TYPE);
  const filler = Uint8Array.of(12, 0xff, 0x80);
  const slice = h264Slice(true, 30);
  const [unit] = stream.read(
    annexB(H264_DELIMITER, ...sps, ...pps, slice, filler),
    { ptsTicks: 12_000, dtsTicks: 9_000 },
  );
  assertEquals(unit, {
    ptsTicks: 12_000,
    dtsTicks: 9_000,
    isRandomAccess: true,
    parts: [...sps, ...pps, slice],
    codec: H264_PARAMETERS,
  });
  assertEquals(outline(stream.read(h264Picture(false))), ["9000/9000: 200"]);
});

Deno.test("h264Ts begins with the first parameter sets", () => {
  const stream = streamOfType(STREAM_TYPE);
  assertEquals(stream.read(h264Picture(false)), []);
  assertEquals(stream.reader.codec, undefined);
  stream.read(h264Picture(true));
  const { codec } = stream.reader;
  assertEquals(codec, H264_PARAMETERS);
  stream.read(h264Picture(true));
  assertEquals(stream.reader.codec === codec, true, "they did not change");
});

Deno.test("h264Ts takes new parameter sets over with their picture", () => {
  const stream = streamOfType(STREAM_TYPE);
  stream.read(h264Picture(true));
  const other = Uint8Array.fromHex("68eb83cb20");
  const [unit] = stream.read(annexB(...sps, other, h264Slice(true)));
  assertEquals(unit?.codec, { ...H264_PARAMETERS, pps: [other] });
});

Deno.test("h264Ts lets a decoder start at I pictures that are marked", () => {
  const stream = streamOfType(STREAM_TYPE);
  stream.read(h264Picture(true));
  const intra = Uint8Array.of(0x61, 0xb0, 1, 2);
  assertEquals(outline(stream.read(annexB(intra))), ["9000/9000: 4"]);
  assertEquals(
    outline(stream.read(annexB(intra), { isRandomAccess: true })),
    ["9000/9000*: 4"],
  );
  assertEquals(
    outline(stream.read(annexB(...sps, intra))),
    [`9000/9000*: ${sps[0]!.length} 4`],
  );
  const other = Uint8Array.of(0x61, 0x9a, 1, 2);
  assertEquals(
    outline(stream.read(annexB(other), { isRandomAccess: true })),
    ["9000/9000: 4"],
  );
});

Deno.test("h264Ts leaves out packets without a picture or a time", () => {
  const stream = streamOfType(STREAM_TYPE);
  stream.read(h264Picture(true));
  for (const payload of [annexB(H264_DELIMITER, ...sps), new Uint8Array(0)]) {
    assertEquals(stream.read(payload), []);
  }
  assertEquals(stream.read(h264Picture(true), { ptsTicks: undefined }), []);
});

Deno.test("h264Ts tells of a picture with too many NAL units", () => {
  const stream = streamOfType(STREAM_TYPE);
  const slices = new Array(1_100).fill(h264Slice(false, 3));
  assertEquals(stream.read(annexB(...slices)), []);
  assertEquals(stream.errors, ["a picture has too many NAL units"]);
});

Deno.test("h264Ts never throws", () => {
  const stream = streamOfType(STREAM_TYPE);
  const seeds = [h264Picture(true), h264Picture(false)];
  for (const bytes of mutations(seeds, 5_000)) stream.read(bytes);
});
