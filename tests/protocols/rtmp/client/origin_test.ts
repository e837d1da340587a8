import { ParseError } from "#base/errors.ts";
import {
  originText,
  parseOrigin,
  redirectedOrigin,
  type RtmpOrigin,
  tcUrlOf,
} from "#protocols/rtmp/client/origin.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";

const ORIGIN: RtmpOrigin = {
  scheme: "rtmp",
  hostname: "h",
  port: 1_935,
  app: "live",
  streamKey: "cam",
  credentials: undefined,
};

const ORIGINS: readonly {
  readonly url: string;
  readonly changes: Partial<RtmpOrigin>;
  readonly tcUrl: string;
  readonly text: string;
}[] = [
  {
    url: "rtmp://h/live/cam",
    changes: {},
    tcUrl: "rtmp://h:1935/live",
    text: "rtmp://h:1935/live/cam",
  },
  {
    url: "RTMPS://h/live/cam",
    changes: { scheme: "rtmps", port: 1_936 },
    tcUrl: "rtmps://h:1936/live",
    text: "rtmps://h:1936/live/cam",
  },
  {
    url: "rtmp://[2001:db8::1]:5000/live/cam",
    changes: { hostname: "2001:db8::1", port: 5_000 },
    tcUrl: "rtmp://[2001:db8::1]:5000/live",
    text: "rtmp://[2001:db8::1]:5000/live/cam",
  },
  {
    url: "rtmp://ann:p%40ss@h/live/cam?token=a/b",
    changes: {
      streamKey: "cam?token=a/b",
      credentials: { user: "ann", password: "p@ss" },
    },
    tcUrl: "rtmp://h:1935/live",
    text: "rtmp://h:1935/live/cam",
  },
  {
    url: "rtmp://ann:100%@h/live/cam",
    changes: { credentials: { user: "ann", password: "100%" } },
    tcUrl: "rtmp://h:1935/live",
    text: "rtmp://h:1935/live/cam",
  },
  {
    url: "rtmp://h/cam?user=a&pass=b",
    changes: { app: "cam?user=a&pass=b", streamKey: "" },
    tcUrl: "rtmp://h:1935/cam?user=a&pass=b",
    text: "rtmp://h:1935/cam",
  },
  {
    url: "rtmp://h/a/b/c",
    changes: { app: "a/b", streamKey: "c" },
    tcUrl: "rtmp://h:1935/a/b",
    text: "rtmp://h:1935/a/b/c",
  },
  {
    url: "rtmp://h/live/",
    changes: { streamKey: "" },
    tcUrl: "rtmp://h:1935/live",
    text: "rtmp://h:1935/live",
  },
  {
    url: "rtmp://h",
    changes: { app: "", streamKey: "" },
    tcUrl: "rtmp://h:1935/",
    text: "rtmp://h:1935/",
  },
  {
    url: "rtmp://h/live/x?a=b#my%20key",
    changes: { app: "live/x?a=b", streamKey: "my key" },
    tcUrl: "rtmp://h:1935/live/x?a=b",
    text: "rtmp://h:1935/live/x/my key",
  },
];

for (const { url, changes, tcUrl, text } of ORIGINS) {
  Deno.test(`parseOrigin() reads ${url}`, () => {
    const origin = parseOrigin(url);
    assertEquals(origin, { ...ORIGIN, ...changes });
    assertEquals([tcUrlOf(origin), originText(origin)], [tcUrl, text]);
  });
}

for (
  const [url, field] of [
    ["", "scheme"],
    ["http://h/live/cam", "scheme"],
    ["rtmp:/h/live", "scheme"],
    ["rtmp:///live/cam", "host"],
    ["rtmp://h:x/live", "host"],
    ["rtmp://[::1/live", "host"],
    ["rtmp://h:0/live", "port"],
    ["rtmp://h:65536/live", "port"],
  ] as const
) {
  Deno.test(`parseOrigin() rejects ${url}`, () => {
    const error = assertThrows(() => parseOrigin(url), ParseError);
    assertEquals(error.field, field);
  });
}

const KNOWN = parseOrigin("rtmp://u:p@h/live/cam?t=1");

for (
  const [name, location, text, key] of [
    ["the application", "rtmp://o/app", "rtmp://o:1935/app/cam", "cam?t=1"],
    ["a deeper one", "rtmp://o/a/b", "rtmp://o:1935/a/b/cam", "cam?t=1"],
    ["the stream", "rtmp://o/app/cam?n=2", "rtmp://o:1935/app/cam", "cam?n=2"],
    ["a fragment", "rtmp://o/app#x", "rtmp://o:1935/app/x", "x"],
    ["a path", "/other", "rtmp://h:1935/other/cam", "cam?t=1"],
    ["a relative path", "other", "rtmp://h:1935/other/cam", "cam?t=1"],
    ["a host", "//o/app", "rtmp://o:1935/app/cam", "cam?t=1"],
    ["TLS", "rtmps://o/app", "rtmps://o:1936/app/cam", "cam?t=1"],
    ["nothing", undefined, "rtmp://h:1935/live/cam", "cam?t=1"],
  ] as const
) {
  Deno.test(`redirectedOrigin() follows ${name}`, () => {
    const origin = redirectedOrigin(KNOWN, location);
    assertEquals(
      [originText(origin), origin.streamKey, origin.credentials],
      [text, key, { user: "u", password: "p" }],
    );
  });
}

Deno.test("redirectedOrigin() does not leave TLS, nor RTMP", () => {
  const secure = parseOrigin("rtmps://h/live/cam");
  for (
    const location of ["rtmp://h/live", "http://h/live", "//", "rtmp://h:x/y"]
  ) {
    assertThrows(() => redirectedOrigin(secure, location), ParseError);
  }
});

Deno.test("parseOrigin() throws only ParseError on mutated input", () => {
  const decoder = new TextDecoder();
  const seeds = ORIGINS.map(({ url }) => new TextEncoder().encode(url));
  for (const bytes of mutations(seeds)) {
    try {
      const origin = parseOrigin(decoder.decode(bytes));
      redirectedOrigin(origin, tcUrlOf(origin));
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
