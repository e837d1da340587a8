import { assert, errorText, namingKey, ParseError } from "#base/errors.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

Deno.test("ParseError says what, where and why", () => {
  const cause = new Error("deeper");
  const context = { format: "avcC", field: "sps[0]", offsetBytes: 8 };
  const error = new ParseError("needs 4 bytes, 0 left", context, { cause });
  assertEquals(
    error.message,
    "Cannot parse avcC: sps[0] at byte 8: needs 4 bytes, 0 left",
  );
  assertEquals([error.name, error.cause], ["ParseError", cause]);
  assertEquals(
    [error.format, error.field, error.offsetBytes],
    ["avcC", "sps[0]", 8],
  );
});

Deno.test("assert() throws the promise that was broken", () => {
  assert(true, "it holds");
  const error = assertThrows(() => assert(0, "it holds"), Error);
  assertEquals(error.message, "Broken invariant: it holds");
});

Deno.test("errorText() has a text for anything", () => {
  const texts = [new TypeError("a b"), "text", undefined, 7].map(errorText);
  assertEquals(texts, ["a b", "text", "undefined", "7"]);
});

Deno.test("namingKey() adds the key and the remedy to what is thrown", () => {
  assertEquals(namingKey("rtspAddress", () => 5), 5);
  const cause = new Error("Cannot listen on TCP :8554: in use");
  const error = assertThrows(
    () =>
      namingKey("rtspAddress", () => {
        throw cause;
      }),
    Error,
  );
  assertEquals(
    error.message,
    "Cannot listen on TCP :8554: in use (config key rtspAddress): " +
      "end the program that uses it, or set rtspAddress to another address",
  );
  assertEquals(error.cause, cause);
});
