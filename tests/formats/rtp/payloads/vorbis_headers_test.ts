import { ParseError } from "#base/errors.ts";
import {
  configurationFromPacket,
  isSameVorbisConfiguration,
  parseVorbisConfiguration,
} from "#formats/rtp/payloads/vorbis_headers.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";
import { IDENTIFICATION_HEX } from "../../../codecs/vorbis_samples.ts";
import { CONFIGURATION, IDENT, PACKED_HEADERS } from "./vorbis_samples.ts";

Deno.test("parseVorbisConfiguration() finds Ident, identification and setup header", () => {
  const { ident, identification, setup } = parseVorbisConfiguration(
    CONFIGURATION,
  );
  assertEquals(ident, IDENT);
  assertEquals(identification.toHex(), IDENTIFICATION_HEX);
  assertEquals(setup, PACKED_HEADERS.subarray(3 + identification.length));
});

Deno.test("parseVorbisConfiguration() reads lengths of several bytes", () => {
  const comment = "cc".repeat(200);
  const bytes = Uint8Array.fromHex(
    "00000001" + "000001" + "0000" + "02018148" + "aa" + comment + "bbbb",
  );
  const { identification, setup } = parseVorbisConfiguration(bytes);
  assertEquals([identification.toHex(), setup.toHex()], ["aa", "bbbb"]);
});

Deno.test("configurationFromPacket() makes what comes out of band", () => {
  assertEquals(
    configurationFromPacket(PACKED_HEADERS, IDENT).toHex(),
    CONFIGURATION.toHex(),
  );
});

Deno.test("configurationFromPacket() rejects more than its length field can tell", () => {
  const packed = new Uint8Array(65_536 + 3);
  packed[0] = 2;
  const error = assertThrows(
    () => configurationFromPacket(packed, IDENT),
    ParseError,
  );
  assertEquals(error.field, "headers");
});

Deno.test("isSameVorbisConfiguration() looks at everything but the length field", () => {
  for (
    const [at, isSame] of [
      [0, false],
      [6, false],
      [7, true],
      [8, true],
      [9, false],
      [CONFIGURATION.length - 1, false],
    ] as const
  ) {
    const other = CONFIGURATION.with(at, CONFIGURATION[at]! ^ 1);
    assertEquals(isSameVorbisConfiguration(CONFIGURATION, other), isSame);
  }
  const shorter = CONFIGURATION.subarray(0, -1);
  assertEquals(isSameVorbisConfiguration(CONFIGURATION, shorter), false);
});

const BROKEN = [
  {
    name: "no packed headers",
    bytes: CONFIGURATION.with(3, 0),
    field: "number of packed headers",
  },
  {
    name: "two headers",
    bytes: CONFIGURATION.with(9, 1),
    field: "n. of headers",
  },
  {
    name: "a length without end",
    bytes: Uint8Array.fromHex("000000010000010000" + "02" + "8080808000"),
    field: "length1",
  },
  {
    name: "a header beyond the end",
    bytes: CONFIGURATION.with(10, 0x7f),
    field: "identification header",
  },
];

for (const { name, bytes, field } of BROKEN) {
  Deno.test(`parseVorbisConfiguration() rejects ${name}`, () => {
    const error = assertThrows(
      () => parseVorbisConfiguration(bytes),
      ParseError,
    );
    assertEquals(error.field, field);
  });
}

Deno.test("parseVorbisConfiguration() rejects every prefix up to the setup header", () => {
  const frontBytes = CONFIGURATION.indexOf(5, 9 + 3 + 30);
  for (const prefix of prefixes(CONFIGURATION.subarray(0, frontBytes))) {
    assertThrows(() => parseVorbisConfiguration(prefix), ParseError);
  }
});

Deno.test("parseVorbisConfiguration() and configurationFromPacket() throw only ParseError", () => {
  for (const bytes of mutations([CONFIGURATION, PACKED_HEADERS])) {
    for (const parse of [parseVorbisConfiguration, configurationFromPacket]) {
      try {
        parse(bytes, IDENT);
      } catch (error) {
        if (!(error instanceof ParseError)) throw error;
      }
    }
  }
});
