import { ParseError } from "#base/errors.ts";
import {
  originText,
  parseOrigin,
  redirectedOrigin,
} from "#protocols/rtsp/client/origin.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";

const ORIGINS = [
  {
    text: "rtsp://cam/live",
    is: ["rtsp://cam/live", "none", undefined],
  },
  {
    text: "rtsps://ann:a%40b@[::1]:8322/live?x=y",
    is: ["rtsps://[::1]:8322/live?x=y", "none", ["ann", "a@b"]],
  },
  {
    text: "rtsp+http://ann:p:q@cam:80/live",
    is: ["rtsp://cam:80/live", "http", ["ann", "p:q"]],
  },
  {
    text: "rtsps+ws://ann@cam/",
    is: ["rtsps://cam/", "websocket", ["ann", ""]],
  },
  {
    text: "rtsp://ann:100%@cam/live",
    is: ["rtsp://cam/live", "none", ["ann", "100%"]],
  },
] as const;

for (const { text, is } of ORIGINS) {
  Deno.test(`parseOrigin() reads ${text}`, () => {
    const origin = parseOrigin(text);
    const { tunnel, credentials } = origin;
    const pair = credentials && [credentials.user, credentials.password];
    assertEquals([originText(origin), tunnel, pair] as unknown, is);
  });
}

Deno.test("parseOrigin() refuses other URLs", () => {
  for (const text of ["", "http://cam/", "rtsp:/cam", "rtsp+x://cam/"]) {
    assertThrows(() => parseOrigin(text), ParseError);
  }
});

Deno.test("redirectedOrigin() keeps user and tunnel, and never leaves TLS", () => {
  const origin = parseOrigin("rtsps+http://ann:x@cam:8322/a?b=c");
  const there = redirectedOrigin(origin, "rtsps://other/d");
  assertEquals(originText(there), "rtsps://other/d");
  assertEquals(
    [there.tunnel, there.credentials],
    [origin.tunnel, origin.credentials],
  );
  assertEquals(
    originText(redirectedOrigin(origin, "/e?f")),
    "rtsps://cam:8322/e?f",
  );
  for (const location of ["rtsp://cam/a", "http://cam/", ""]) {
    assertThrows(() => redirectedOrigin(origin, location), ParseError);
  }
});

Deno.test("parseOrigin() throws nothing but ParseError on 10,000 mutations", () => {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const seeds = ORIGINS.map(({ text }) => encoder.encode(text));
  for (const bytes of mutations(seeds)) {
    try {
      parseOrigin(decoder.decode(bytes));
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
