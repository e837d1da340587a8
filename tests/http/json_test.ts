import { HttpError } from "#http/http_error.ts";
import { errorResponse, parseJson, serializeJson } from "#http/json.ts";
import { assertEquals, assertIncludes, assertThrows } from "#test/assert.ts";

const encoder = new TextEncoder();

Deno.test("serializeJson() leaves nothing that a page could take for a tag", () => {
  assertEquals(
    serializeJson({ a: "<b>&\u2028\u2029" }),
    '{"a":"\\u003cb\\u003e\\u0026\\u2028\\u2029"}',
  );
});

Deno.test("errorResponse() has the shape of every error", async () => {
  const response = errorResponse("why", { status: 404 });
  assertEquals(response.status, 404);
  assertEquals(
    response.headers.get("Content-Type"),
    "application/json; charset=utf-8",
  );
  assertEquals(await response.text(), '{"status":"error","error":"why"}');
});

Deno.test("parseJson() reads JSON, brackets in texts included", () => {
  const text = JSON.stringify({ a: ["[{".repeat(100), '\\"['] });
  assertEquals(parseJson(encoder.encode(text)), JSON.parse(text));
});

const REFUSED: readonly [string, string, string][] = [
  ["nothing", "", "unexpected end of JSON input"],
  ["a cut object", '{"a":', "Cannot read JSON"],
  ["no JSON", "a=1", "Cannot read JSON"],
  ["deep lists", "[".repeat(65) + "]".repeat(65), "more than 64 levels"],
  ["10 MB of brackets", "[".repeat(10_000_000), "more than 64 levels"],
  ["deep objects", '{"a":'.repeat(100_000), "more than 64 levels"],
];

for (const [name, text, reason] of REFUSED) {
  Deno.test(`parseJson() refuses ${name}`, () => {
    const error = assertThrows(
      () => parseJson(encoder.encode(text)),
      HttpError,
    );
    assertEquals(error.status, 400);
    assertIncludes(error.message, reason);
  });
}

Deno.test("parseJson() refuses what is no UTF-8", () => {
  const error = assertThrows(
    () => parseJson(Uint8Array.of(0x22, 0xff, 0x22)),
    HttpError,
  );
  assertIncludes(error.message, "UTF-8");
});
