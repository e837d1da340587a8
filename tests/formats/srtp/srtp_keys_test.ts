import { createSrtpKeys, srtpOverheadBytes } from "#formats/srtp/srtp_keys.ts";
import { assert, assertEquals } from "#test/assert.ts";

Deno.test("createSrtpKeys() makes other keys each time", () => {
  const [one, two] = [createSrtpKeys(), createSrtpKeys()];
  assertEquals([one.masterKey.length, one.masterSalt.length], [16, 14]);
  assert(one.masterKey.toHex() !== two.masterKey.toHex());
  assert(one.masterSalt.toHex() !== two.masterSalt.toHex());
});

Deno.test("srtpOverheadBytes() counts tag and identifier", () => {
  const keys = createSrtpKeys();
  assertEquals(srtpOverheadBytes(keys), 10);
  const other = { ...keys, rtpTagBytes: 4 as const, mki: new Uint8Array(3) };
  assertEquals(srtpOverheadBytes(other), 7);
});
