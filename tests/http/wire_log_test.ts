import { requestText, responseText } from "#http/wire_log.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("requestText() shows no secret", () => {
  const headers = new Headers({
    Authorization: "Basic YQ==",
    Cookie: "a=b",
    "X-Api-Key": "k",
    Accept: "*/*",
  });
  assertEquals(
    requestText("GET", "/v3/info", headers),
    "[c->s] GET /v3/info accept: */*, authorization: <redacted>, cookie: <redacted>, x-api-key: <redacted>",
  );
});

Deno.test("responseText() shows status and headers", () => {
  const response = new Response("", {
    status: 404,
    headers: { Server: "x", "Set-Cookie": "a=b" },
  });
  assertEquals(
    responseText(response),
    "[s->c] 404 content-type: text/plain;charset=UTF-8, server: x, set-cookie: <redacted>",
  );
});
