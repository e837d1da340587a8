import { DirectHead } from "#http/direct.ts";
import { ResponseRequest } from "#http/response_request.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("ResponseRequest tells what was asked for, and settles with the answer", async () => {
  const headers = { Range: "bytes=0-1" };
  const asked = new ResponseRequest(
    new Request("http://a/b%20c?d=%20e?f", { headers }),
    "/b c",
    "192.0.2.7",
  );
  const { path, query, ip } = asked;
  assertEquals([path, query, ip], ["/b c", "d=%20e?f", "192.0.2.7"]);
  assertEquals(asked.header("range"), "bytes=0-1");
  assertEquals(asked.header("cookie"), undefined);
  asked.answer(new DirectHead(206), Uint8Array.of(1));
  asked.answer(new DirectHead(404), new Uint8Array());
  const response = await asked.response;
  assertEquals(response.status, 206);
  assertEquals(await response.bytes(), Uint8Array.of(1));
});

Deno.test("ResponseRequest without a query has an empty one", () => {
  const asked = new ResponseRequest(new Request("http://a/b"), "/b", "");
  assertEquals(asked.query, "");
});
