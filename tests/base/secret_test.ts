import { Secret } from "#base/secret.ts";
import { assertEquals } from "#test/assert.ts";
import { inspect } from "node:util";

Deno.test("Secret reveals its text only when asked", () => {
  const secret = new Secret("s3cret");
  assertEquals(secret.reveal(), "s3cret");
  assertEquals(`${secret} ${secret.toString()}`, "<redacted> <redacted>");
  assertEquals("" + secret, "<redacted>");
  assertEquals(JSON.stringify({ pass: secret }), '{"pass":"<redacted>"}');
  assertEquals(Deno.inspect({ pass: secret }), "{ pass: <redacted> }");
  assertEquals(inspect([secret]), "[ <redacted> ]");
  assertEquals(Object.getOwnPropertyNames(secret), []);
});
