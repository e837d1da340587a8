import { ParseError } from "#base/errors.ts";
import { MAX_MIKEY_BYTES } from "#formats/mikey/mikey_message.ts";
import { parseMikey } from "#formats/mikey/parse_mikey.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";
import { MESSAGES } from "./messages.ts";

for (const one of MESSAGES) {
  Deno.test(`parseMikey() reads ${one.name}`, () => {
    const before = one.bytes.slice();
    const message = parseMikey(one.bytes);
    assertEquals(message.cryptoSessions, one.sessions);
    assertEquals(
      message.policies.map(({ number, parameters }) => ({
        number,
        parameters: [...parameters],
      })),
      one.parameters ? [{ number: 0, parameters: one.parameters }] : [],
    );
    assertEquals(message.random.length, 16);
    assertEquals(message.timestamp!.seconds >>> 16, 0xeeac);
    assertEquals(
      message.keys.map((
        { key, salt, spi },
      ) => [key.toHex(), salt, spi?.toHex()]),
      [[one.master, undefined, one.spi]],
    );
    assertEquals(one.bytes, before, "input must stay untouched");
  });

  Deno.test(`parseMikey() rejects every prefix of ${one.name}`, () => {
    for (const prefix of prefixes(one.bytes)) {
      assertThrows(() => parseMikey(prefix), ParseError);
    }
  });
}

Deno.test("parseMikey() throws nothing but ParseError, whatever comes", () => {
  const seeds = MESSAGES.map(({ bytes }) => bytes);
  for (const bytes of mutations(seeds, 10_000)) {
    try {
      parseMikey(bytes);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});

/** Header without sources; `next` is the first payload. */
const header = (next: string) => `0100${next}00000000010000`;

const KEY = "1e".repeat(16);
const SALT = "2f".repeat(14);

const ACCEPTED = [
  {
    name: "a salt of its own",
    hex: header("01") + "000000240030" + `0010${KEY}000e${SALT}00`,
    keys: [[KEY, SALT, undefined]],
  },
  {
    name: "an interval of validity",
    hex: header("01") + "000000190022" + `0010${KEY}02aabb01cc00`,
    keys: [[KEY, undefined, undefined]],
  },
  {
    name: "two keys",
    hex: header("01") + "000000281420" + `0010${KEY}` + "0020" +
      `0010${KEY}00`,
    keys: [[KEY, undefined, undefined], [KEY, undefined, undefined]],
  },
  {
    name: "a counter as timestamp",
    hex: header("05") + "0002" + "00000007",
    keys: [],
  },
  {
    name: "payloads that mean nothing here",
    hex: header("06") +
      "07010002abcd" + // ID
      "15000001ee" + // CERT
      "02000002abcd" + // general extension
      "0c0001ff" + // envelope
      "04000000" + // error
      "0003aabbcc", // signature, always the last
    keys: [],
  },
  {
    name: "a zero behind the end [Milestone XProtect]",
    hex: header("00") + "00",
    keys: [],
  },
  {
    name: "an empty map of sources [RFC 4563]",
    hex: "010000000000000001" + "01",
    keys: [],
  },
];

for (const { name, hex, keys } of ACCEPTED) {
  Deno.test(`parseMikey() takes ${name}`, () => {
    const message = parseMikey(Uint8Array.fromHex(hex));
    assertEquals(
      message.keys.map(({ key, salt, spi }) => [
        key.toHex(),
        salt?.toHex(),
        spi?.toHex(),
      ]),
      keys,
    );
  });
}

const REFUSED = [
  { field: "version", hex: "0200" },
  { field: "data type", hex: "0102" },
  { field: "CS ID map type", hex: "01000000000000000003" },
  { field: "payload", hex: header("03") + "00" },
  { field: "rest", hex: header("00") + "01" },
  { field: "TS type", hex: header("05") + "0003" },
  { field: "SP prot type", hex: header("0a") + "000001" },
  { field: "SP param 0", hex: header("0a") + "00000000070005" + "0000000000" },
  { field: "KEMAC encr alg", hex: header("01") + "0001" },
  { field: "KEMAC MAC alg", hex: header("01") + "0000000001" },
  { field: "key data type", hex: header("01") + "000000040000000000" },
  { field: "key data KV", hex: header("01") + "000000040023000000" },
  { field: "KEMAC sub-payload", hex: header("01") + "00000004052000000000" },
  { field: "payload", hex: header("0b") + "0b00".repeat(40) },
  {
    field: "key data",
    hex: header("01") + "00000050" + "14200000".repeat(20) + "00",
  },
  { field: "length", hex: "00".repeat(MAX_MIKEY_BYTES + 1) },
];

for (const { field, hex } of REFUSED) {
  Deno.test(`parseMikey() names ${field} in ${hex.slice(0, 32)}`, () => {
    const error = assertThrows(
      () => parseMikey(Uint8Array.fromHex(hex)),
      ParseError,
    );
    assertEquals(error.field, field);
  });
}
