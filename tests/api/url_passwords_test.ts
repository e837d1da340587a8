import { redactUrlPasswords, restoreUrlPasswords } from "#api/url_passwords.ts";
import { HttpError } from "#http/http_error.ts";
import { assertEquals, assertIncludes, assertThrows } from "#test/assert.ts";

const REDACTIONS: readonly [string, string][] = [
  ["rtsp://ann:secret@a/b", "rtsp://ann:<redacted>@a/b"],
  ["rtsp://ann@a/b", "rtsp://ann@a/b"],
  ["rtsp://a:554/b@c", "rtsp://a:554/b@c"],
  [
    "ffmpeg -i rtsp://a:b@c/d rtmp://e:f@g/h",
    "ffmpeg -i rtsp://a:<redacted>@c/d rtmp://e:<redacted>@g/h",
  ],
  ["publisher", "publisher"],
];

for (const [text, redacted] of REDACTIONS) {
  Deno.test(`redactUrlPasswords() writes ${redacted}`, () => {
    assertEquals(redactUrlPasswords(text), redacted);
  });
}

const BEFORE: Readonly<Record<string, unknown>> = {
  source: "rtsp://ann:secret@a/b",
  forward: [{ dest: "rtmp://x:y@z/1" }, { dest: "rtmp://x:w@z/2" }],
};

Deno.test("restoreUrlPasswords() puts back what it stands for", () => {
  const values = {
    source: "rtsp://ann:<redacted>@a/b",
    forward: [{ dest: "rtmp://x:<redacted>@z/2" }, { dest: "rtmp://new/3" }],
    maxReaders: 3,
    fallback: null,
  };
  assertEquals(
    JSON.parse(
      JSON.stringify(restoreUrlPasswords(values, (key) => BEFORE[key])),
    ),
    {
      source: "rtsp://ann:secret@a/b",
      forward: [{ dest: "rtmp://x:w@z/2" }, { dest: "rtmp://new/3" }],
      maxReaders: 3,
      fallback: null,
    },
  );
});

Deno.test("restoreUrlPasswords() sends no password to another host", () => {
  const error = assertThrows(
    () =>
      restoreUrlPasswords(
        { source: "rtsp://ann:<redacted>@evil/b" },
        (key) => BEFORE[key],
      ),
    HttpError,
  );
  assertEquals(error.status, 400);
  assertIncludes(error.message, "config key source");
});
