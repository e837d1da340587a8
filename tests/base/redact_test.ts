import { redactCredentials } from "#base/redact.ts";
import { assert, assertEquals } from "#test/assert.ts";

/** Text and what may be shown of it; the word "hunter2" is the secret everywhere. */
const TEXTS: readonly (readonly [text: string, shown: string])[] = [
  // URLs
  [
    "reading rtsp://admin:hunter2@192.0.2.1:554/cam",
    "reading rtsp://admin:<redacted>@192.0.2.1:554/cam",
  ],
  ["rtmp://:hunter2@h/live", "rtmp://:<redacted>@h/live"],
  ["http://u:hunter2:x@hunter2@h/", "http://u:<redacted>@h/"],
  [
    "a rtsp://u:hunter2@a/ and rtsp://v:hunter2@b/",
    "a rtsp://u:<redacted>@a/ and rtsp://v:<redacted>@b/",
  ],
  ["rtsp://u:hunter2/a?b#c'd@h:1/x", "rtsp://u:<redacted>@h:1/x"],
  ["rtsp://h:8554/a@b", "rtsp://h:8554/a@b"],
  ["rtsp://[2001:db8::1]:8554/a@b", "rtsp://[2001:db8::1]:8554/a@b"],
  ["rtsp://user@host:554/x", "rtsp://user@host:554/x"],
  // queries
  [
    "GET /cam?user=a&pass=hunter2&x=1",
    "GET /cam?user=a&pass=<redacted>&x=1",
  ],
  ["/cam?jwt=hunter2", "/cam?jwt=<redacted>"],
  ["/cam?sign=hunter2&ts=12", "/cam?sign=<redacted>&ts=12"],
  ["/cam?api_key=hunter2#x", "/cam?api_key=<redacted>#x"],
  ["/cam?streamKey=hunter2", "/cam?streamKey=<redacted>"],
  ["/cam?pass=a,b;c)'hunter2&x=1", "/cam?pass=<redacted>&x=1"],
  ["/cam?p%61ss=hunter2", "/cam?p%61ss=<redacted>"],
  [
    "PASSWORD=hunter2 TOKEN='hunter2 x'",
    "PASSWORD=<redacted> TOKEN=<redacted>",
  ],
  [
    'Digest username="a", response="1f", password="hunter2"',
    'Digest username="a", response="1f", password=<redacted>',
  ],
  [
    "?keyFrames=1&signal=2&tokens=hunter2",
    "?keyFrames=1&signal=2&tokens=<redacted>",
  ],
  // headers
  [
    "DESCRIBE * RTSP/1.0\r\nAuthorization: Basic hunter2\r\nCSeq: 1\r\n",
    "DESCRIBE * RTSP/1.0\r\nAuthorization: <redacted>\r\nCSeq: 1\r\n",
  ],
  ["proxy-authorization:Digest hunter2", "proxy-authorization:<redacted>"],
  ["Cookie: a=b; c=hunter2", "Cookie: <redacted>"],
  [
    "authorization: <redacted>, host: a, cookie: hunter2",
    "authorization: <redacted>, host: a, cookie: <redacted>",
  ],
  ["X-Api-Key: hunter2", "X-Api-Key: <redacted>"],
  ["authorization: hunter2", "authorization: <redacted>"],
  ["a=key-mgmt:mikey hunter2", "a=key-mgmt:<redacted>"],
  ["authorization failed", "authorization failed"],
  ["Authorization:\r\nCSeq: 1", "Authorization:\r\nCSeq: 1"],
  ["with Bearer hunter2hunter2", "with Bearer <redacted>"],
  ["Bearer is missing", "Bearer is missing"],
  // bodies
  [
    '{"user":"a","pass":"hunter2\\"x","n":1}',
    '{"user":"a","pass":"<redacted>","n":1}',
  ],
  ['{"rtspAddress":":8554"}', '{"rtspAddress":":8554"}'],
  ['{"authToken" : "hunter2', '{"authToken" : "<redacted>"'],
  ["got eyJhbGciOiJIUzI1.eyJzdWIiOiIx.hunter2 from", "got <redacted> from"],
  [
    "a=crypto:1 AES_CM_128 inline:hunter2+AAAA=|2^20",
    "a=crypto:1 AES_CM_128 inline:<redacted>^20",
  ],
  // what people must be able to read
  [
    "[RTSP] [conn 192.0.2.9:4000] failed to authenticate: authentication failed",
    "[RTSP] [conn 192.0.2.9:4000] failed to authenticate: authentication failed",
  ],
  [
    "Cannot use config key rtmpAdress: unknown, nearest: rtmpAddress (weir.yml:12:1)",
    "Cannot use config key rtmpAdress: unknown, nearest: rtmpAddress (weir.yml:12:1)",
  ],
];

for (const [text, shown] of TEXTS) {
  Deno.test(`redactCredentials() shows ${JSON.stringify(shown)}`, () => {
    assertEquals(redactCredentials(text), shown);
    assertEquals(redactCredentials(shown), shown, "a second time");
  });
}

Deno.test("redactCredentials() hides the secret of every text that has one", () => {
  const leaks = TEXTS.map(([text]) => redactCredentials(text))
    .filter((shown) => shown.includes("hunter2"));
  assertEquals(leaks, []);
});

Deno.test("redactCredentials() takes linear time, whatever a peer repeats", () => {
  const pieces = [
    "a",
    "://",
    ":",
    "@",
    "://a:",
    '"',
    '"a":"',
    '"\\',
    "=",
    "a=",
    "a-",
    "%61",
    " ",
    "Cookie: ",
    "Cookie:",
    "eyJaaaaaaaaa",
    "eyJaaaaaaaaa.",
    ".",
    "Bearer ",
    "inline:",
    "'",
    "a='",
  ];
  for (const piece of pieces) {
    const text = piece.repeat(Math.ceil(200_000 / piece.length));
    const startMs = performance.now();
    redactCredentials(text);
    const tookMs = performance.now() - startMs;
    assert(tookMs < 2_000, `${JSON.stringify(piece)} took ${tookMs} ms`);
  }
});
