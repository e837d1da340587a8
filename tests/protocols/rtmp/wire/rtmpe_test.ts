import { DiffieHellman1024 } from "#base/crypto.ts";
import { deriveRtmpeKeys, Rc4 } from "#protocols/rtmp/wire/rtmpe.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { chunkings } from "#test/splits.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Known answers. */
const STREAMS = [
  { key: "Key", plain: "Plaintext", encrypted: "bbf316e8d940af0ad3" },
  { key: "Wiki", plain: "pedia", encrypted: "1021bf0420" },
  {
    key: "Secret",
    plain: "Attack at dawn",
    encrypted: "45a01f645fc35b383552544b9bf5",
  },
];

for (const { key, plain, encrypted } of STREAMS) {
  Deno.test(`Rc4.apply() encrypts "${plain}" in any chunking`, () => {
    const expected = Uint8Array.fromHex(encrypted);
    for (const chunks of chunkings(text(plain))) {
      const cipher = new Rc4(text(key));
      const output: number[] = [];
      for (const chunk of chunks) {
        const into = new Uint8Array(chunk.length);
        cipher.apply(chunk, into);
        output.push(...into);
      }
      assertEquals(Uint8Array.from(output), expected);
    }
  });
}

Deno.test("Rc4.apply() works in place [RFC 6229, 40-bit key]", () => {
  const bytes = new Uint8Array(16);
  new Rc4(Uint8Array.of(1, 2, 3, 4, 5)).apply(bytes, bytes);
  assertEquals(bytes.toHex(), "b2396305f03dc027ccc3524a0a1118a8");
});

Deno.test("deriveRtmpeKeys() gives each direction a key of its own", () => {
  const client = new DiffieHellman1024();
  const server = new DiffieHellman1024();
  const ofClient = deriveRtmpeKeys(client, server.publicKey)!;
  const ofServer = deriveRtmpeKeys(server, client.publicKey)!;
  const up = new Uint8Array(100);
  const down = new Uint8Array(100);
  ofClient.outgoing.apply(up, up);
  ofServer.outgoing.apply(down, down);
  assert(up.toHex() !== down.toHex());
  ofServer.incoming.apply(up, up);
  ofClient.incoming.apply(down, down);
  assertEquals([up, down], [new Uint8Array(100), new Uint8Array(100)]);
});

Deno.test("deriveRtmpeKeys() refuses a key that gives the secret away", () => {
  const own = new DiffieHellman1024();
  assertEquals(deriveRtmpeKeys(own, new Uint8Array(128)), undefined);
});
