import {
  MAX_PARAMETER_SET_BYTES,
  MAX_PARAMETER_SETS,
  withParameterSet,
} from "#codecs/parameter_sets.ts";
import { h264ParameterSetId } from "#codecs/h264/nal.ts";
import { assert, assertEquals } from "#test/assert.ts";

const PPS_0 = Uint8Array.fromHex("68ebe3");
const PPS_1 = Uint8Array.fromHex("6840");

Deno.test("withParameterSet() keeps the list when nothing changes", () => {
  const known = [PPS_0, PPS_1];
  assert(withParameterSet(known, PPS_1.slice(), h264ParameterSetId) === known);
});

Deno.test("withParameterSet() replaces a set of the same id in its place and appends others", () => {
  const other = Uint8Array.fromHex("68eb00");
  assertEquals(withParameterSet([PPS_0, PPS_1], other, h264ParameterSetId), [
    other,
    PPS_1,
  ]);
  assertEquals(withParameterSet([PPS_0], PPS_1, h264ParameterSetId), [
    PPS_0,
    PPS_1,
  ]);
});

Deno.test("withParameterSet() copies what it keeps", () => {
  const packet = Uint8Array.fromHex("00006840");
  const [kept] = withParameterSet([], packet.subarray(2), h264ParameterSetId);
  packet.fill(0xff);
  assertEquals(kept, PPS_1);
});

Deno.test("withParameterSet() passes over unreadable and oversized sets", () => {
  const known = [PPS_0];
  const huge = new Uint8Array(MAX_PARAMETER_SET_BYTES + 1);
  huge.set(PPS_1);
  for (const nal of [Uint8Array.of(0x68), huge]) {
    assert(withParameterSet(known, nal, h264ParameterSetId) === known);
  }
});

Deno.test("withParameterSet() keeps a limited number of sets", () => {
  let known: readonly Uint8Array[] = [];
  for (let id = 0; id < 256; id++) {
    known = withParameterSet(known, Uint8Array.of(0x68, id), (nal) => nal[1]);
  }
  assertEquals(known.length, MAX_PARAMETER_SETS);
});
