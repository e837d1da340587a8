import { ParseError } from "#base/errors.ts";
import {
  parseRequest,
  serializeRequest,
} from "#protocols/rtsp/wire/request.ts";
import { RtspHeaders } from "#protocols/rtsp/wire/rtsp_headers.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";
import { bytesOf, plain, REQUESTS, textOf } from "./messages.ts";

for (const { name, text, request } of REQUESTS) {
  Deno.test(`parseRequest() reads ${name}`, () => {
    const bytes = bytesOf(text);
    assertEquals(plain(parseRequest(bytes)), request);
    assertEquals(bytes, bytesOf(text), "input must stay untouched");
    assertEquals(plain(parseRequest(bytesOf(lfOnly(text)))), request);
  });

  Deno.test(`serializeRequest() writes ${name}`, () => {
    const parsed = parseRequest(bytesOf(text));
    parsed.headers.delete("Content-Length");
    assertEquals(textOf(serializeRequest(parsed)), text);
  });

  Deno.test(`parseRequest() rejects every prefix of ${name}`, () => {
    for (const prefix of prefixes(bytesOf(text))) {
      assertThrows(() => parseRequest(prefix), ParseError);
    }
  });
}

const WRONG = [
  ["GET / HTTP/1.1\r\n\r\n", "version"],
  ["PLAY rtsp://h/a RTSP/2.0\r\n\r\n", "version"],
  ["PLAY rtsp://h/a\r\n\r\n", "version"],
  ["PLAY  RTSP/1.0\r\n\r\n", "start line"],
  ["PLAY rtsp://h/a b RTSP/1.0\r\n\r\n", "start line"],
  ["PL(Y rtsp://h/a RTSP/1.0\r\n\r\n", "method"],
  ["A".repeat(65) + " rtsp://h/a RTSP/1.0\r\n\r\n", "method"],
  ["PLAY rtsp://h/\u0001 RTSP/1.0\r\n\r\n", "start line"],
  [`PLAY rtsp://h/${"a".repeat(2_040)} RTSP/1.0\r\n\r\n`, "url"],
  ["\r\nPLAY rtsp://h/a RTSP/1.0\r\n\r\n", "start line"],
  ["PLAY rtsp://h/a RTSP/1.0\r\nno colon\r\n\r\n", "header"],
  ["PLAY rtsp://h/a RTSP/1.0\r\n: nameless\r\n\r\n", "header"],
  ["PLAY rtsp://h/a RTSP/1.0\r\nA: 1\r\n folded: 2\r\n\r\n", "header"],
  ["PLAY rtsp://h/a RTSP/1.0\r\nA: 1\rB: 2\r\n\r\n", "A"],
  ["PLAY rtsp://h/a RTSP/1.0\r\nContent-Length: -1\r\n\r\n", "Content-Length"],
  [
    "PLAY rtsp://h/a RTSP/1.0\r\nContent-Length: 131073\r\n\r\n",
    "Content-Length",
  ],
  [
    "PLAY rtsp://h/a RTSP/1.0\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
    "Content-Length",
  ],
  ["PLAY rtsp://h/a RTSP/1.0\r\n\r\nbody", "body"],
  [`PLAY rtsp://h/a RTSP/1.0\r\nA: ${"a".repeat(8_190)}\r\n\r\n`, "line"],
  [`PLAY rtsp://h/a RTSP/1.0\r\n${"A: 1\r\n".repeat(101)}\r\n`, "head"],
  [
    `PLAY rtsp://h/a RTSP/1.0\r\n${
      `A: ${"a".repeat(8_000)}\r\n`.repeat(5)
    }\r\n`,
    "head",
  ],
] as const;

for (const [text, field] of WRONG) {
  const shown = text.length > 60 ? text.slice(0, 60) + "…" : text;
  Deno.test(`parseRequest() names the fault of ${JSON.stringify(shown)}`, () => {
    const error = assertThrows(() => parseRequest(bytesOf(text)), ParseError);
    assertEquals(error.field, field);
  });
}

Deno.test("parseRequest() takes a message at its limits", () => {
  const line = `A: ${"a".repeat(8_189)}\r\n`;
  const url = `rtsp://h/${"a".repeat(2_039)}`;
  const text = `PLAY ${url} RTSP/1.0\r\n${line}${"B:1\n".repeat(99)}\r\n`;
  assertEquals([...parseRequest(bytesOf(text)).headers].length, 100);
});

Deno.test("parseRequest() takes spaces around a header's name and value", () => {
  const { headers } = parseRequest(
    bytesOf("PLAY * RTSP/1.0\r\nCSeq :\t7  \r\nEmpty:\r\n\r\n"),
  );
  assertEquals([...headers], [["CSeq", "7"], ["Empty", ""]]);
});

Deno.test("parseRequest() says at which byte a header is wrong", () => {
  const error = assertThrows(
    () =>
      parseRequest(bytesOf("PLAY rtsp://é RTSP/1.0\r\nA: 1\r\nwrong\r\n\r\n")),
    ParseError,
  );
  assertEquals(error.offsetBytes, 31);
});

Deno.test("serializeRequest() writes no line break that came in a value", () => {
  const headers = new RtspHeaders({ Location: "a\r\nSet-Cookie: b" });
  assertThrows(
    () => serializeRequest({ method: "PLAY", url: "*", headers }),
    Error,
  );
  assertThrows(
    () =>
      serializeRequest({
        method: "PLAY",
        url: "\n",
        headers: new RtspHeaders(),
      }),
    Error,
  );
});

Deno.test("parseRequest() throws nothing but ParseError on 10,000 mutations", () => {
  for (const bytes of mutations(REQUESTS.map(({ text }) => bytesOf(text)))) {
    try {
      parseRequest(bytes);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});

/** Line ends of the head without CR; the body stays. */
function lfOnly(text: string): string {
  const [head = "", ...body] = text.split("\r\n\r\n");
  return head.replaceAll("\r\n", "\n") + "\n\n" + body.join("\r\n\r\n");
}
