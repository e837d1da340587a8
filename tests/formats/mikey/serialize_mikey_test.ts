import { parseMikey } from "#formats/mikey/parse_mikey.ts";
import { serializeMikey } from "#formats/mikey/serialize_mikey.ts";
import { assertEquals } from "#test/assert.ts";
import { MESSAGES } from "./messages.ts";

for (const { name, bytes } of MESSAGES) {
  Deno.test(`serializeMikey() writes the same bytes again: ${name}`, () => {
    assertEquals(serializeMikey(parseMikey(bytes)).toHex(), bytes.toHex());
  });
}

Deno.test("serializeMikey() writes header, T, RAND, SP and KEMAC [golden bytes]", () => {
  const bytes = serializeMikey({
    csbId: 0x01020304,
    cryptoSessions: [{ policyNumber: 0, ssrc: 0x11223344, rolloverCounter: 5 }],
    timestamp: { seconds: 0xeeac4450, fraction: 0x80000000 },
    random: new Uint8Array(16).fill(0xaa),
    policies: [{ number: 0, parameters: new Map([[0, 1], [11, 10]]) }],
    keys: [
      {
        key: new Uint8Array(2).fill(0xbb),
        salt: new Uint8Array(1).fill(0xcc),
        spi: Uint8Array.of(0xdd),
      },
      { key: new Uint8Array(1).fill(0xee), salt: undefined, spi: undefined },
    ],
  });
  assertEquals(
    bytes.toHex(),
    "01000500" + "01020304" + "0100" + // header
      "00" + "11223344" + "00000005" + // source
      "0b00" + "eeac445080000000" + // T
      "0a10" + "aa".repeat(16) + // RAND
      "010000" + "0006" + "000101" + "0b010a" + // SP
      "0000" + "000e" + // KEMAC
      "1421" + "0003" + "bbbbcc" + "01dd" + // key with salt and SPI
      "0020" + "0001" + "ee" + // key alone
      "00", // no MAC
  );
});

Deno.test("serializeMikey() leaves out a timestamp that is not there", () => {
  const message = parseMikey(MESSAGES[0].bytes);
  const bytes = serializeMikey({ ...message, timestamp: undefined });
  assertEquals(bytes[2], 11);
  assertEquals(parseMikey(bytes).timestamp, undefined);
});
