import {
  escapedQuery,
  pathVariables,
  portOf,
  sessionVariables,
} from "#hooks/hook_variables.ts";
import { createLogger } from "#base/log.ts";
import { assertEquals } from "#test/assert.ts";
import { sessionOwner } from "#test/test_ports.ts";

const SESSION = sessionOwner(createLogger(() => {}, "info"), "uuid").describe();

Deno.test("escapedQuery() makes one value of a query [Go's url.QueryEscape]", () => {
  const cases = [
    ["", ""],
    ["a=b", "a%3Db"],
    ["a b&c+d", "a+b%26c%2Bd"],
    ["!'()*~-._", "%21%27%28%29%2A~-._"],
    ["é", "%C3%A9"],
    ["half of a character: \ud800", "half+of+a+character%3A+%EF%BF%BD"],
  ];
  for (const [query, is] of cases) assertEquals(escapedQuery(query!), is);
});

Deno.test("pathVariables() numbers the groups, those that took nothing are empty", () => {
  assertEquals(
    pathVariables({ pathName: "a/b", groups: ["b", ""], rtspPort: "8554" }),
    {
      MTX_PATH: "a/b",
      RTSP_PATH: "a/b",
      RTSP_PORT: "8554",
      G1: "b",
      G2: "",
    },
  );
});

Deno.test("sessionVariables() tells type, id and query; what a path pulls by itself has no id", () => {
  assertEquals(sessionVariables("reader", { ...SESSION, query: "a=b" }), {
    MTX_QUERY: "a%3Db",
    MTX_READER_TYPE: "rtspSession",
    MTX_READER_ID: "uuid",
  });
  assertEquals(sessionVariables("source", { ...SESSION, type: "rtmpSource" }), {
    MTX_QUERY: "",
    MTX_SOURCE_TYPE: "rtmpSource",
    MTX_SOURCE_ID: "",
  });
});

Deno.test("portOf() finds the port of an address", () => {
  for (const address of [":8554", "127.0.0.1:8554", "[::1]:8554"]) {
    assertEquals(portOf(address), "8554");
  }
  assertEquals(portOf(""), "");
});
