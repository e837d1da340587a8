import { MetricsQuery } from "#metrics/query.ts";
import { assertEquals } from "#test/assert.ts";

/** Families that each query lets through. */
const QUERIES: readonly [query: string, wanted: string][] = [
  ["", "paths rtsp_conns rtsp_sessions weir"],
  ["other=1&path=", "paths rtsp_conns rtsp_sessions weir"],
  ["type=paths", "paths"],
  ["type=weir", "weir"],
  ["type=nothing", ""],
  ["path=cam", "paths"],
  ["rtsp_conn=1", "rtsp_conns"],
  ["rtsp_conn=1&path=cam", "paths rtsp_conns"],
  ["type=paths&path=cam", "paths"],
  ["type=rtsp_conns&path=cam", ""],
  ["type=rtsp_sessions&rtsp_session=1&path=cam", "rtsp_sessions"],
  ["hls_session=1", ""],
  ["webrtc_session=1&type=weir", ""],
];

for (const [query, wanted] of QUERIES) {
  Deno.test(`MetricsQuery wants "${wanted}" of "${query}"`, () => {
    const parsed = new MetricsQuery(new URLSearchParams(query));
    const families = [
      ["paths", "path"],
      ["rtsp_conns", "rtsp_conn"],
      ["rtsp_sessions", "rtsp_session"],
      ["weir", undefined],
    ] as const;
    assertEquals(
      families.filter(([type, filter]) => parsed.wants(type, filter))
        .map(([type]) => type).join(" "),
      wanted,
    );
  });
}

Deno.test("MetricsQuery.filterOf() is what was asked for", () => {
  const query = new MetricsQuery(new URLSearchParams("path=a%2Fb&rtsp_conn="));
  assertEquals(query.filterOf("path"), "a/b");
  assertEquals(query.filterOf("rtsp_conn"), undefined);
  assertEquals(query.filterOf("type"), undefined);
});
