import { assertEquals } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";
import { annexB } from "../ts_samples.ts";
import { outline, streamOfType } from "./read_units.ts";

const STREAM_TYPE = 0x24;

/** Parameter sets [x265, 640x360, 25 fps]. */
const VPS = Uint8Array.fromHex(
  "40010c01ffff01600000030090000003000003003f959409",
);
const SPS = Uint8Array.fromHex(
  "42010101600000030090000003000003003fa005020171f2e595952930bc05a02000000300200000030321",
);
const PPS = Uint8Array.fromHex("4401c073c189");
const DELIMITER = Uint8Array.of(0x46, 1, 0x50);
const IDR = Uint8Array.fromHex("2801af0102030405");
const TRAIL = Uint8Array.fromHex("0201d0010203");
const CODEC = { codec: "h265", vps: [VPS], sps: [SPS], pps: [PPS] };

Deno.test("h265Ts reads pictures from the first parameter sets on, delimiters left out", () => {
  const stream = streamOfType(STREAM_TYPE);
  assertEquals(stream.read(annexB(DELIMITER, TRAIL)), []);
  const [unit] = stream.read(annexB(DELIMITER, VPS, SPS, PPS, IDR), {
    ptsTicks: 7_200,
    dtsTicks: 3_600,
  });
  assertEquals(unit, {
    ptsTicks: 7_200,
    dtsTicks: 3_600,
    isRandomAccess: true,
    parts: [VPS, SPS, PPS, IDR],
    codec: CODEC,
  });
  assertEquals(outline(stream.read(annexB(DELIMITER, TRAIL))), [
    "9000/9000: 6",
  ]);
});

Deno.test("h265Ts takes new parameter sets over with their picture", () => {
  const stream = streamOfType(STREAM_TYPE);
  stream.read(annexB(VPS, SPS, PPS, IDR));
  const other = Uint8Array.fromHex("4401c073c188");
  const [unit] = stream.read(annexB(other, IDR));
  assertEquals(unit?.codec, { ...CODEC, pps: [other] });
});

Deno.test("h265Ts never throws", () => {
  const stream = streamOfType(STREAM_TYPE);
  const seeds = [annexB(VPS, SPS, PPS, IDR), annexB(DELIMITER, TRAIL)];
  for (const bytes of mutations(seeds, 5_000)) stream.read(bytes);
});
