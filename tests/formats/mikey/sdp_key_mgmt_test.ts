import { ParseError } from "#base/errors.ts";
import {
  parseMikeyBase64,
  parseSdpKeyMgmt,
  serializeSdpKeyMgmt,
} from "#formats/mikey/sdp_key_mgmt.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { MESSAGES } from "./messages.ts";

for (const { name, bytes } of MESSAGES) {
  Deno.test(`parseSdpKeyMgmt() reads what serializeSdpKeyMgmt() writes: ${name}`, () => {
    const text = `mikey ${bytes.toBase64()}`;
    const message = parseSdpKeyMgmt(text)!;
    assertEquals(message, parseMikeyBase64(bytes.toBase64()));
    assertEquals(serializeSdpKeyMgmt(message), text);
  });
}

Deno.test("parseSdpKeyMgmt() leaves other protocols alone", () => {
  assertEquals(parseSdpKeyMgmt("x-other AAAA"), undefined);
  assertEquals(parseSdpKeyMgmt(""), undefined);
});

Deno.test("parseMikeyBase64() refuses what is no base64, and too much of it", () => {
  for (const text of ["", "%%", "A", "A".repeat(20_000)]) {
    assertThrows(() => parseMikeyBase64(text), ParseError);
  }
});
