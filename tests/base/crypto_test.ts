import {
  DIFFIE_HELLMAN_1024_BYTES,
  DiffieHellman1024,
  hmacSha256,
  Md5,
  md5Hex,
  openAes128,
  randomBytes,
  sha1,
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

Deno.test("sha1() digests [FIPS 180-4 abc]", () => {
  assertEquals(
    sha1("abc").toHex(),
    "a9993e364706816aba3e25717850c26c9cd0d89d",
  );
});

Deno.test("Md5 digests bytes that come in pieces [RFC 1321 A.5]", () => {
  const md5 = new Md5();
  for (const piece of ["message", "", " ", "digest"]) md5.update(text(piece));
  assertEquals(md5.digest().toHex(), "f96b697d7cb7938d525a2f31aaf161d0");
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

Deno.test("DiffieHellman1024 gives both sides the same secret, leading zeros kept", () => {
  for (let i = 0; i < 20; i++) {
    const one = new DiffieHellman1024();
    const other = new DiffieHellman1024();
    const secret = one.sharedSecret(other.publicKey);
    assertEquals(secret, other.sharedSecret(one.publicKey));
    assertEquals(secret?.length, DIFFIE_HELLMAN_1024_BYTES);
    assertEquals(one.publicKey.length, DIFFIE_HELLMAN_1024_BYTES);
  }
});

Deno.test("DiffieHellman1024.sharedSecret() refuses keys that give the secret away", () => {
  const prime = "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd1" +
    "29024e088a67cc74020bbea63b139b22514a08798e3404dd" +
    "ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245" +
    "e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed" +
    "ee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381" +
    "ffffffffffffffff";
  const key = (text: string) => Uint8Array.fromHex(text.padStart(256, "0"));
  const one = new DiffieHellman1024();
  for (const bad of ["00", "01", prime.replace(/ff$/, "fe"), prime]) {
    assertEquals(one.sharedSecret(key(bad)), undefined, bad.slice(0, 8));
  }
});

Deno.test("openAes128() encrypts block after block, each on its own [FIPS 197 C.1]", () => {
  using cipher = openAes128(
    Uint8Array.fromHex("000102030405060708090a0b0c0d0e0f"),
  );
  const block = Uint8Array.fromHex("00112233445566778899aabbccddeeff");
  const wanted = "69c4e0d86a7b0430d8cdb78070b4c55a";
  assertEquals(cipher.encrypt(block).toHex(), wanted);
  const both = Uint8Array.from([...block, ...block]);
  assertEquals(cipher.encrypt(both).toHex(), wanted.repeat(2));
});

Deno.test("openAes128() is disposed of twice without harm, and without having been used", () => {
  const cipher = openAes128(new Uint8Array(16));
  cipher[Symbol.dispose]();
  cipher[Symbol.dispose]();
});
