import { AuthenticationError } from "#base/access.ts";
import { ParseError } from "#base/errors.ts";
import { PathError } from "#core/errors.ts";
import { RtspError, statusOf } from "#protocols/rtsp/errors.ts";
import { assertEquals } from "#test/assert.ts";

const ERRORS: readonly (readonly [Error, number])[] = [
  [new RtspError(454, "x"), 454],
  [new AuthenticationError("x", false), 401],
  [new AuthenticationError("x", false, "forbidden"), 403],
  [new AuthenticationError("x", false, "expired"), 419],
  [new PathError("no_stream", "x"), 404],
  [new PathError("terminated", "x"), 400],
  [new ParseError("x", { format: "f", field: "f", offsetBytes: 0 }), 400],
  [new Error("x"), 500],
];

for (const [error, status] of ERRORS) {
  const { name } = error;
  const code = "code" in error ? ` ${error.code}` : "";
  Deno.test(`statusOf() answers ${name}${code} with ${status}`, () => {
    assertEquals(statusOf(error), status);
  });
}
