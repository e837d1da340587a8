import { ParseError } from "#base/errors.ts";
import {
  OBJECT_TYPE,
  parseEsds,
  serializeEsds,
} from "#formats/fmp4/descriptors.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const CASES = [{
  name: "AAC, lengths of four bytes [made by hand]",
  hex: "00000000" + "0380808025000200" + "0480808017401500000000017700000177" +
    "00" + "0580808005119056e500" + "068080800102",
  objectType: OBJECT_TYPE.aac,
  info: "119056e500",
}, {
  name: "MP3, lengths of one byte, without configuration [made by hand]",
  hex: "00000000" + "0315000000" + "040d6b1500000000017700000177" + "00" +
    "060102",
  objectType: OBJECT_TYPE.mpeg1Audio,
  info: "",
}, {
  name: "every optional field [made by hand]",
  hex: "00000000" + "031e0001e0" + "0007" + "03616263" + "0009" +
    "041120110000000000000000000000" + "0502b0f1",
  objectType: OBJECT_TYPE.mpeg4Video,
  info: "b0f1",
}] as const;

for (const { name, hex, objectType, info } of CASES) {
  const bytes = Uint8Array.fromHex(hex);

  Deno.test(`parseEsds() reads ${name}`, () => {
    const before = bytes.slice();
    const found = parseEsds(bytes);
    assertEquals(found.objectType, objectType);
    assertEquals(found.decoderSpecificInfo.toHex(), info);
    assertEquals(bytes, before, "input must stay untouched");
  });

  Deno.test(`parseEsds() throws only ParseError for prefixes of ${name}`, () => {
    for (let length = 0; length < bytes.length; length++) {
      try {
        parseEsds(bytes.subarray(0, length));
      } catch (error) {
        if (!(error instanceof ParseError)) throw error;
      }
    }
  });
}

Deno.test("parseEsds() names what is wrong", () => {
  for (
    const [hex, field] of [
      ["000000", "flags"],
      ["0000000004", "ES_Descriptor.tag"],
      ["00000000031500000005", "ES_Descriptor"],
      ["00000000030100", "ES_ID"],
      ["00000000030400000005", "decConfigDescr.tag"],
    ] as const
  ) {
    const error = assertThrows(
      () => parseEsds(Uint8Array.fromHex(hex)),
      ParseError,
    );
    assertEquals(error.field, field);
  }
});

Deno.test("serializeEsds() writes what parseEsds() reads", () => {
  const bytes = serializeEsds("audio", {
    objectType: OBJECT_TYPE.aac,
    decoderSpecificInfo: Uint8Array.of(0x11, 0x90),
  }, 128_825);
  assertEquals(
    bytes.toHex(),
    "00000000" + "0380808022000000" +
      "04808080144015000000" + "0001f739" + "0001f739" +
      "05808080021190" + "068080800102",
  );
  assertEquals(parseEsds(bytes), {
    objectType: OBJECT_TYPE.aac,
    decoderSpecificInfo: Uint8Array.of(0x11, 0x90),
  });
});
