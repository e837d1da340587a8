import { ParseError } from "#base/errors.ts";
import { isKeyInUrl, parseRtmpTarget } from "#protocols/rtmp/wire/rtmp_url.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const TARGETS: [tcUrl: string, key: string, pathName: string, query: string][] =
  [
    ["rtmp://h/app", "key", "app/key", ""],
    ["rtmp://h:1935/app", "key?user=a&pass=b", "app/key", "user=a&pass=b"],
    ["rtmp://h/mystream", "", "mystream", ""],
    ["rtmp://h/mystream?user=a&pass=b", "", "mystream", "user=a&pass=b"],
    ["rtmp://h/mystream", "?user=a&pass=b", "mystream", "user=a&pass=b"],
    ["rtmp://h/a/b", "c/d", "a/b/c/d", ""],
    ["rtmp://h/app/", "key", "app/key", ""],
    ["rtmp://h/app/", "", "app/", ""],
    ["rtmp://h/app", "key/", "app/key/", ""],
    ["rtmp://h//app", "", "app", ""],
    ["rtmp://h", "key", "key", ""],
    ["rtmp://h/", "key", "key", ""],
    ["rtmp://h", "", "", ""],
    ["rtmp://h/app?a=1", "key?b=2", "app/key", "a=1&b=2"],
    ["rtmp://h/app?a=1", "key", "app/key", "a=1"],
    ["rtmp://[::1]:1935/app", "key", "app/key", ""],
    ["rtmp://h/caf%C3%A9", "%20x", "café/ x", ""],
    ["rtmp://h/app", "k?token=a?b%2F", "app/k", "token=a?b%2F"],
  ];

for (const [tcUrl, key, pathName, query] of TARGETS) {
  Deno.test(`parseRtmpTarget() joins "${tcUrl}" and "${key}"`, () => {
    assertEquals(parseRtmpTarget(tcUrl, key), { pathName, query });
  });
}

Deno.test("parseRtmpTarget() takes a key once that stands in both [node-media-server 4.4.3]", () => {
  for (
    const [tcUrl, key, app, pathName] of [
      ["rtmp://h/live/key", "key", "live", "live/key"],
      ["rtmp://h/live/key", "key", "live/key", "live/key/key"],
      ["rtmp://h/live/a/b", "a/b", "live", "live/a/b"],
      ["rtmp://h/live", "key", "live", "live/key"],
      ["rtmp://h/live", "?a=b", "live", "live"],
    ] as const
  ) {
    assertEquals(parseRtmpTarget(tcUrl, key, app).pathName, pathName);
    const isOnce = app === "live" && tcUrl !== "rtmp://h/live";
    assertEquals(isKeyInUrl(tcUrl, key, app), isOnce);
  }
});

for (const tcUrl of ["", "app", "://h/app", "rtmp://h/%zz", "rtmp://h/%ff"]) {
  Deno.test(`parseRtmpTarget() rejects "${tcUrl}"`, () => {
    const error = assertThrows(() => parseRtmpTarget(tcUrl, "k"), ParseError);
    assertEquals(error.field, "tcUrl");
  });
}
