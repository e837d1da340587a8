import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { decryptConfig } from "#config/encryption.ts";
import { ConfigError } from "#config/errors.ts";
import { assertEquals, assertIncludes, assertRejects } from "#test/assert.ts";

/** `rtspAddress: :8555\n` with the key `testKey`. [made by hand with a nonce of 1 to 24] */
const GOLDEN =
  "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYfxUTgK2jERxmUqOpsxYH25EPbILhHxW40ZYidFuaTm0GGIk=";

function encrypt(text: string, key: string, nonce: Uint8Array): string {
  const keyBytes = new Uint8Array(32);
  keyBytes.set(new TextEncoder().encode(key).subarray(0, 32));
  const sealed = xsalsa20poly1305(keyBytes, nonce)
    .encrypt(new TextEncoder().encode(text));
  return Uint8Array.from([...nonce, ...sealed]).toBase64();
}

const nonce = Uint8Array.from({ length: 24 }, (_, i) => i + 1);

/** Text and key. */
const FILES: [name: string, text: string, key: string][] = [
  ["a short key", "rtspAddress: :8555\n", "testKey"],
  ["a key of 32 bytes", "api: yes\n", "k".repeat(32)],
  ["a key that is cut", "api: yes\n", "k".repeat(40)],
  ["a key of letters beyond ASCII", "api: yes\n", "schlüssel"],
  ["no text", "", "testKey"],
];

for (const [name, text, key] of FILES) {
  Deno.test(`decryptConfig() reads a file with ${name}`, async () => {
    assertEquals(await decryptConfig(encrypt(text, key, nonce), key), text);
  });
}

Deno.test("decryptConfig() reads what was always written", async () => {
  assertEquals(encrypt("rtspAddress: :8555\n", "testKey", nonce), GOLDEN);
  assertEquals(
    await decryptConfig(`${GOLDEN}\n`, "testKey"),
    "rtspAddress: :8555\n",
  );
});

/** What is refused. */
const REFUSED: [name: string, text: string, key: string][] = [
  ["another key", GOLDEN, "otherKey"],
  ["a plain file", "rtspAddress: :8555\n", "testKey"],
  ["a cut file", GOLDEN.slice(0, 40), "testKey"],
  ["an empty file", "", "testKey"],
  ["a changed file", GOLDEN.replace(/.{5}$/, "AAAA="), "testKey"],
];

for (const [name, text, key] of REFUSED) {
  Deno.test(`decryptConfig() refuses ${name}`, async () => {
    const { message } = await assertRejects(
      decryptConfig(text, key, "f.yml"),
      ConfigError,
    );
    assertIncludes(message, "Cannot read config: decryption error");
    assertIncludes(message, "(f.yml)");
  });
}
