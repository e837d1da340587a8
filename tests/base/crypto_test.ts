import {
  hmacSha256,
  md5Hex,
  randomBytes,
  sha256,
  timingSafeEqual,
} from "#base/crypto.ts";
import { assert, assertEquals } from "#test/assert.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

Deno.test("hmacSha256() joins its parts [RFC 4231 case 2]", () => {
  const digest = hmacSha256(
    text("Jefe"),
    text("what do ya want "),
    text("for nothing?"),
  );
  assertEquals(
    digest.toHex(),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
});

Deno.test("sha256() digests [FIPS 180-4 abc]", () => {
  assertEquals(
    sha256(text("abc")).toHex(),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

Deno.test("md5Hex() digests text in UTF-8 [RFC 1321 abc]", () => {
  assertEquals(md5Hex("abc"), "900150983cd24fb0d6963f7d28e17f72");
  assertEquals(md5Hex("é"), "66ddcd97cfdeabb2f6fb8a999b4bc76f");
});

Deno.test("timingSafeEqual() compares content and length", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  assert(timingSafeEqual(bytes, bytes.slice()));
  assert(!timingSafeEqual(bytes, Uint8Array.of(1, 2, 4)));
  assert(!timingSafeEqual(bytes, Uint8Array.of(1, 2)));
});

Deno.test("randomBytes() has the length asked for and differs each time", () => {
  const bytes = randomBytes(32);
  assertEquals(bytes.length, 32);
  assert(!timingSafeEqual(bytes, randomBytes(32)));
});
