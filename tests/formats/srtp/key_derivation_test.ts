import { deriveSessionKeys } from "#formats/srtp/key_derivation.ts";
import { assertEquals } from "#test/assert.ts";
import { KEYS } from "./reference.ts";

Deno.test("deriveSessionKeys() derives the keys of SRTP [RFC 3711 B.3]", () => {
  const { rtp } = deriveSessionKeys(KEYS);
  assertEquals(rtp.cipherKey.toHex(), "c61e7a93744f39ee10734afe3ff7a087");
  assertEquals(rtp.salt.toHex(), "30cbbc08863d8c85d49db34a9ae1");
  assertEquals(
    rtp.authenticationKey.toHex(),
    "cebe321f6ff7716b6fd4ab49af256a156d38baa4",
  );
});

Deno.test("deriveSessionKeys() derives other keys for SRTCP", () => {
  const { rtp, rtcp } = deriveSessionKeys(KEYS);
  assertEquals(rtcp.cipherKey.length, 16);
  assertEquals(rtcp.salt.length, 14);
  assertEquals(rtcp.authenticationKey.length, 20);
  const all = [...Object.values(rtp), ...Object.values(rtcp)];
  assertEquals(new Set(all.map((key) => key.toHex())).size, 6);
});
