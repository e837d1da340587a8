import {
  H265_NAL,
  h265NalType,
  h265PpsId,
  h265VpsId,
  isH265ParameterSet,
  isH265RandomAccess,
} from "#codecs/h265/nal.ts";
import { assertEquals } from "#test/assert.ts";
import { H265_SAMPLES } from "./samples.ts";

const TYPES = Array.from({ length: 64 }, (_, type) => type);

Deno.test("h265NalType() reads the type", () => {
  for (const { vps, sps, pps } of H265_SAMPLES) {
    assertEquals([vps, sps, pps].map(h265NalType), [
      H265_NAL.vps,
      H265_NAL.sps,
      H265_NAL.pps,
    ]);
  }
  assertEquals(h265NalType(Uint8Array.of()), 0);
});

Deno.test("isH265RandomAccess() and isH265ParameterSet() know their types", () => {
  assertEquals(TYPES.filter(isH265RandomAccess), [16, 17, 18, 19, 20, 21]);
  assertEquals(TYPES.filter(isH265ParameterSet), [32, 33, 34]);
});

Deno.test("h265VpsId() and h265PpsId() read ids", () => {
  for (const { vps, pps } of H265_SAMPLES) {
    assertEquals([h265VpsId(vps), h265PpsId(pps)], [0, 0]);
  }
  assertEquals(h265VpsId(Uint8Array.fromHex("400150")), 5);
  assertEquals(h265PpsId(Uint8Array.fromHex("440120")), 3);
});

Deno.test("h265PpsId() has no answer for cut sets and ids out of range", () => {
  for (const hex of ["", "4401", "44010100", "440100"]) {
    assertEquals(h265PpsId(Uint8Array.fromHex(hex)), undefined, hex);
  }
  assertEquals(h265VpsId(Uint8Array.of(0x40, 1)), undefined);
});
