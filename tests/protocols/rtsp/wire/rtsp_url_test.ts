import { ParseError } from "#base/errors.ts";
import {
  announceTarget,
  isControlUrl,
  parseRtspUrl,
  resolveControl,
  type RtspUrl,
  serializeRtspUrl,
  setupTarget,
  streamTarget,
} from "#protocols/rtsp/wire/rtsp_url.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";
import { bytesOf, textOf } from "./messages.ts";

function url(changes: Partial<RtspUrl>): RtspUrl {
  return {
    scheme: "rtsp",
    hostname: "h",
    port: 554,
    path: "",
    query: "",
    ...changes,
  };
}

/** `written` stands where the writer's form is another one. */
const URLS: { text: string; url: RtspUrl; written?: string }[] = [
  { text: "rtsp://h", url: url({}) },
  { text: "rtsp://h/", url: url({ path: "/" }) },
  { text: "rtsp://h:8554/cam/a", url: url({ port: 8554, path: "/cam/a" }) },
  {
    text: "rtsp://h:554/cam",
    url: url({ path: "/cam" }),
    written: "rtsp://h/cam",
  },
  {
    text: "rtsp://h:/cam",
    url: url({ path: "/cam" }),
    written: "rtsp://h/cam",
  },
  {
    text: "RTSPS://h/cam",
    url: url({ scheme: "rtsps", port: 322, path: "/cam" }),
    written: "rtsps://h/cam",
  },
  {
    text: "rtsp://[2001:db8::1]:8554/c",
    url: url({ hostname: "2001:db8::1", port: 8554, path: "/c" }),
  },
  { text: "rtsp://u:p@h/c", url: url({ path: "/c" }), written: "rtsp://h/c" },
  {
    text: "rtsp://u:p@ss@h/c",
    url: url({ path: "/c" }),
    written: "rtsp://h/c",
  },
  {
    text: "rtsp://my_host/c?a=b&c=/d?e",
    url: url({ hostname: "my_host", path: "/c", query: "a=b&c=/d?e" }),
  },
  { text: "rtsp://h?a", url: url({ query: "a" }) },
  { text: "rtsp://h/c?", url: url({ path: "/c" }), written: "rtsp://h/c" },
  { text: "rtsp://h/a%20b", url: url({ path: "/a%20b" }) },
];

for (const { text, url, written } of URLS) {
  Deno.test(`parseRtspUrl() reads ${text}`, () => {
    assertEquals(parseRtspUrl(text), url);
    assertEquals(serializeRtspUrl(url), written ?? text);
  });
}

Deno.test("parseRtspUrl() rejects what is no absolute URL of RTSP", () => {
  const texts = [
    "",
    "*",
    "/cam",
    "cam",
    "http://h/c",
    "rtsp:h",
    "rtsp://",
    "rtsp:///c",
    "rtsp://h:65536/",
    "rtsp://h:1a/",
    "rtsp://u@/",
    "rtsp://::1/",
    "rtsp://[::1/",
    "rtsp://h/a b",
    "rtsp://h/a\n",
    "rtsp://h/c#f",
    "rtsp://h/" + "a".repeat(2_040),
  ];
  for (const text of texts) {
    assertThrows(() => parseRtspUrl(text), ParseError);
  }
});

const TARGETS = [
  { text: "rtsp://h/cam", stream: ["cam", ""], announce: ["cam", ""] },
  { text: "rtsp://h/cam/", stream: ["cam", ""], announce: ["cam/", ""] },
  { text: "rtsp://h/a/b//", stream: ["a/b/", ""], announce: ["a/b//", ""] },
  {
    text: "rtsp://h/cam?a=b/",
    stream: ["cam", "a=b"],
    announce: ["cam", "a=b/"],
  },
  {
    text: "rtsp://h/cam/?a=b",
    stream: ["cam/", "a=b"],
    announce: ["cam/", "a=b"],
  },
  { text: "rtsp://h", stream: ["", ""], announce: ["", ""] },
  { text: "rtsp://h/", stream: ["", ""], announce: ["", ""] },
  {
    text: "rtsp://h/a%2Fb%C3%A9?x=%20",
    stream: ["a/bé", "x=%20"],
    announce: ["a/bé", "x=%20"],
  },
] as const;

for (const { text, stream, announce } of TARGETS) {
  Deno.test(`streamTarget() and announceTarget() read ${text}`, () => {
    const url = parseRtspUrl(text);
    const read = streamTarget(url);
    const published = announceTarget(url);
    assertEquals([read.pathName, read.query], stream);
    assertEquals([published.pathName, published.query], announce);
  });
}

const SETUPS = [
  ["rtsp://h/cam/trackID=1", "cam", "", 1],
  ["rtsp://h/cam/trackID=1/", "cam", "", 1],
  ["rtsp://h/cam/trackID=12?a=b", "cam", "a=b", 12],
  ["rtsp://h/cam?a=b/trackID=0", "cam", "a=b", 0],
  ["rtsp://h/cam?/trackID=3", "cam", "", 3],
  ["rtsp://h/trackID=1/trackID=2", "trackID=1", "", 2],
  ["rtsp://h/cam/", "cam", "", 0],
  ["rtsp://h/cam?a=b/", "cam", "a=b", 0],
  ["rtsp://h/cam/?a=b", "cam", "a=b", 0],
  ["rtsp://h/", "", "", 0],
  ["rtsp://h", "", "", 0],
] as const;

for (const [text, pathName, query, trackId] of SETUPS) {
  Deno.test(`setupTarget() reads ${text}`, () => {
    assertEquals(setupTarget(parseRtspUrl(text)), { pathName, query, trackId });
  });
}

Deno.test("setupTarget() rejects a URL without a track", () => {
  for (
    const end of [
      "cam",
      "cam?a=b",
      "cam/trackID=",
      "cam/trackID=x",
      "cam/trackID=-1",
      "cam/trackID=1000",
      "cam/trackID=1?a/trackID=b",
    ]
  ) {
    assertThrows(
      () => setupTarget(parseRtspUrl(`rtsp://h/${end}`)),
      ParseError,
    );
  }
});

Deno.test("streamTarget() rejects a path that is not percent-encoded text", () => {
  for (const path of ["%", "%zz", "%ff", "a%0d%0ab", "%00", "%7f"]) {
    assertThrows(
      () => streamTarget(parseRtspUrl(`rtsp://h/${path}`)),
      ParseError,
    );
  }
});

const CONTROLS = [
  {
    base: "rtsp://h:8554/cam",
    control: "streamid=0",
    resolved: "rtsp://h:8554/cam/streamid=0",
  },
  {
    base: "rtsp://h/cam/",
    control: "streamid=0",
    resolved: "rtsp://h/cam/streamid=0",
  },
  {
    base: "rtsp://h/cam",
    control: "/trackID=1",
    resolved: "rtsp://h/cam/trackID=1",
  },
  {
    base: "rtsp://h/cam?a=b",
    control: "streamid=1",
    resolved: "rtsp://h/cam?a=b/streamid=1",
  },
  {
    base: "rtsp://h/cam",
    control: "?ctype=video",
    resolved: "rtsp://h/cam?ctype=video",
  },
  { base: "rtsp://h/cam", control: "", resolved: "rtsp://h/cam" },
  { base: "rtsp://h/cam", control: "*", resolved: "rtsp://h/cam" },
  {
    base: "rtsp://h:8554/cam",
    control: "rtsp://other/cam/track1",
    resolved: "rtsp://h:8554/cam/track1",
  },
];

for (const { base, control, resolved } of CONTROLS) {
  Deno.test(`resolveControl() joins ${base} and "${control}"`, () => {
    const baseUrl = parseRtspUrl(base);
    assertEquals(serializeRtspUrl(resolveControl(baseUrl, control)), resolved);
    assertEquals(isControlUrl(parseRtspUrl(resolved), baseUrl, control), true);
    assertEquals(
      isControlUrl(parseRtspUrl(resolved + "x"), baseUrl, control),
      false,
    );
  });
}

Deno.test("isControlUrl() takes a control behind the query [FFmpeg] and behind the path [GStreamer]", () => {
  const base = parseRtspUrl("rtsp://h/cam?a=b");
  const isOurs = (text: string) =>
    isControlUrl(parseRtspUrl(text), base, "stream=0");
  assertEquals(isOurs("rtsp://h/cam?a=b/stream=0"), true);
  assertEquals(isOurs("rtsp://h/cam/stream=0?a=b"), true);
  assertEquals(isOurs("rtsp://other:1/cam/stream=0/?a=b"), false);
  assertEquals(isOurs("rtsp://other:1/cam/stream=0?a=b/"), true);
  assertEquals(isOurs("rtsp://h/cam/stream=0"), false);
  assertEquals(isOurs("rtsp://h/cam?a=b"), false);
});

Deno.test("resolveControl() rejects a control that makes no URL", () => {
  for (const control of ["a b", "a#b", "rtsp://", "a".repeat(2_048)]) {
    assertThrows(() => resolveControl(url({}), control), ParseError);
  }
});

Deno.test("parseRtspUrl() and the targets throw nothing but ParseError on 10,000 mutations", () => {
  const texts = [
    ...URLS.map(({ text }) => text),
    ...SETUPS.map(([text]) => text),
  ];
  for (const bytes of mutations(texts.map(bytesOf))) {
    try {
      const url = parseRtspUrl(textOf(bytes));
      assertEquals(parseRtspUrl(serializeRtspUrl(url)), url);
      announceTarget(url);
      streamTarget(url);
      isControlUrl(url, url, url.query);
      setupTarget(url);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
