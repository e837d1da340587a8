import { ParseError } from "#base/errors.ts";
import { SRTP_POLICY_PARAMETERS } from "#formats/mikey/mikey_message.ts";
import { parseMikey } from "#formats/mikey/parse_mikey.ts";
import { serializeMikey } from "#formats/mikey/serialize_mikey.ts";
import {
  exchangeFromMikey,
  mikeyFromExchange,
} from "#formats/mikey/srtp_exchange.ts";
import { createSrtpKeys } from "#formats/srtp/srtp_keys.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { MESSAGES } from "./messages.ts";

const NOW_MS = Date.UTC(2026, 0, 1);

for (const { name, bytes, master, sessions, spi } of MESSAGES) {
  Deno.test(`exchangeFromMikey() takes the keys out of ${name}`, () => {
    const { keys, rollovers } = exchangeFromMikey(parseMikey(bytes));
    assertEquals(keys.masterKey.toHex() + keys.masterSalt.toHex(), master);
    assertEquals([keys.rtpTagBytes, keys.rtcpTagBytes], [10, 10]);
    assertEquals(keys.mki.toHex(), spi ?? "");
    assertEquals(
      [...rollovers],
      sessions.map((one) => [one.ssrc, one.rolloverCounter]),
    );
  });
}

const EXCHANGES = [
  { name: "tags of 80 bits", keys: createSrtpKeys() },
  {
    name: "tags of 32 bits",
    keys: { ...createSrtpKeys(), rtpTagBytes: 4 as const },
  },
  {
    name: "an identifier",
    keys: { ...createSrtpKeys(), mki: Uint8Array.of(1, 2) },
  },
];

for (const { name, keys } of EXCHANGES) {
  Deno.test(`exchangeFromMikey() gets back what mikeyFromExchange() was given, with ${name}`, () => {
    const rollovers = new Map([[1, 0], [0xffff_ffff, 7]]);
    const message = mikeyFromExchange({ keys, rollovers }, NOW_MS);
    const parsed = parseMikey(serializeMikey(message));
    assertEquals(exchangeFromMikey(parsed), { keys, rollovers });
    assertEquals(parsed.random.length, 16);
    assertEquals(parsed.timestamp?.seconds, NOW_MS / 1_000 + 2_208_988_800);
  });
}

Deno.test("mikeyFromExchange() makes other random numbers each time", () => {
  const exchange = { keys: createSrtpKeys(), rollovers: new Map() };
  const one = mikeyFromExchange(exchange, NOW_MS);
  const other = mikeyFromExchange(exchange, NOW_MS);
  assert(one.random.toHex() !== other.random.toHex());
  assert(one.csbId !== other.csbId);
});

/** A message of ours with some values of its policy changed. */
function withPolicy(...values: readonly (readonly [number, number])[]) {
  const message = mikeyFromExchange({
    keys: createSrtpKeys(),
    rollovers: new Map(),
  }, NOW_MS);
  return {
    ...message,
    policies: [{ number: 0, parameters: new Map(values) }],
  };
}

const names = SRTP_POLICY_PARAMETERS;

Deno.test("exchangeFromMikey() takes the length of the tag from where GStreamer writes it", () => {
  const { keys } = exchangeFromMikey(
    withPolicy([names.authenticationKeyBytes, 4]),
  );
  assertEquals([keys.rtpTagBytes, keys.rtcpTagBytes], [4, 4]);
});

Deno.test("exchangeFromMikey() leaves SRTCP its 80 bits where the policy is right [RFC 3711 5.2]", () => {
  const { keys } = exchangeFromMikey(
    withPolicy([names.authenticationKeyBytes, 20], [names.tagBytes, 4]),
  );
  assertEquals([keys.rtpTagBytes, keys.rtcpTagBytes], [4, 10]);
});

Deno.test("exchangeFromMikey() does without a policy", () => {
  const message = { ...withPolicy(), policies: [] };
  assertEquals(exchangeFromMikey(message).keys.rtpTagBytes, 10);
});

const REFUSED = [
  { what: "AES-GCM", type: names.encryptionAlgorithm, value: 6 },
  { what: "no encryption", type: names.encryptionAlgorithm, value: 0 },
  { what: "keys of 256 bits", type: names.encryptionKeyBytes, value: 32 },
  { what: "no authentication", type: names.authenticationAlgorithm, value: 0 },
  { what: "SRTP in the clear", type: names.isSrtpEncrypted, value: 0 },
  { what: "SRTCP in the clear", type: names.isSrtcpEncrypted, value: 0 },
  { what: "a key derivation rate", type: names.keyDerivationRate, value: 8 },
  { what: "tags of 64 bits", type: names.tagBytes, value: 8 },
];

for (const { what, type, value } of REFUSED) {
  Deno.test(`exchangeFromMikey() refuses ${what}`, () => {
    const error = assertThrows(
      () => exchangeFromMikey(withPolicy([type, value])),
      ParseError,
    );
    assertEquals(error.field, `SP param ${type}`);
  });
}

const KEYS = [
  { key: 30, salt: undefined, spi: undefined, field: undefined },
  { key: 16, salt: 14, spi: 4, field: undefined },
  { key: 16, salt: undefined, spi: undefined, field: "key data" },
  { key: 32, salt: 14, spi: undefined, field: "key data" },
  { key: 16, salt: 12, spi: undefined, field: "key data" },
  { key: 0, salt: 30, spi: undefined, field: "key data" },
  { key: 30, salt: undefined, spi: 129, field: "SPI" },
];

for (const { key, salt, spi, field } of KEYS) {
  Deno.test(`exchangeFromMikey() and a key of ${key}, a salt of ${salt}, an identifier of ${spi} bytes`, () => {
    const message = {
      ...withPolicy(),
      keys: [{
        key: new Uint8Array(key),
        salt: salt === undefined ? undefined : new Uint8Array(salt),
        spi: spi === undefined ? undefined : new Uint8Array(spi),
      }],
    };
    if (field === undefined) {
      const { keys } = exchangeFromMikey(message);
      assertEquals([keys.masterKey.length, keys.masterSalt.length], [16, 14]);
    } else {
      const error = assertThrows(() => exchangeFromMikey(message), ParseError);
      assertEquals(error.field, field);
    }
  });
}

Deno.test("exchangeFromMikey() needs a key", () => {
  const message = { ...withPolicy(), keys: [] };
  assertThrows(() => exchangeFromMikey(message), ParseError);
});
