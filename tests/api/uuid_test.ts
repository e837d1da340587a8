import { parseUuid } from "#api/uuid.ts";
import { HttpError } from "#http/http_error.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const UUID = "0b8f61d4-58a5-4a3c-8f1f-0c8c5d0e7a01";

for (
  const text of [
    UUID,
    UUID.toUpperCase(),
    UUID.replaceAll("-", ""),
    `{${UUID}}`,
    `urn:uuid:${UUID}`,
    `URN:UUID:${UUID}`,
  ]
) {
  Deno.test(`parseUuid() reads ${text}`, () => {
    assertEquals(parseUuid(text), UUID);
  });
}

const REFUSED: readonly [string, string][] = [
  ["", "invalid UUID length: 0"],
  ["x", "invalid UUID length: 1"],
  [UUID.replace("0b", "zz"), "invalid UUID format"],
  [UUID.replaceAll("-", "0"), "invalid UUID format"],
  [`urn:xuid:${UUID}`, "invalid UUID format"],
  ["g".repeat(32), "invalid UUID format"],
];

for (const [text, message] of REFUSED) {
  Deno.test(`parseUuid() refuses "${text}"`, () => {
    const error = assertThrows(() => parseUuid(text), HttpError);
    assertEquals([error.status, error.message], [400, message]);
  });
}
