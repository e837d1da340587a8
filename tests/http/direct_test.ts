import { DirectHead, responseOf } from "#http/direct.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("DirectHead has its fields as lines", () => {
  const { lines } = new DirectHead(206, { "Content-Type": "a/b", C: "d" });
  assertEquals(lines, "Content-Type: a/b\r\nC: d\r\n");
  assertEquals(new DirectHead(404).lines, "");
});

Deno.test("responseOf() makes the same answer for the routes", async () => {
  const head = new DirectHead(206, { "Content-Type": "a/b" });
  const response = responseOf(head, Uint8Array.of(1, 2));
  assertEquals([response.status, [...response.headers]], [206, [[
    "content-type",
    "a/b",
  ]]]);
  assertEquals(await response.bytes(), Uint8Array.of(1, 2));
  assertEquals(responseOf(new DirectHead(404), new Uint8Array()).body, null);
});
