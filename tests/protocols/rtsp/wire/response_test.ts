import { ParseError } from "#base/errors.ts";
import {
  isResponseLine,
  parseResponse,
  reasonPhrase,
  type RtspStatus,
  serializeResponse,
} from "#protocols/rtsp/wire/response.ts";
import { RtspHeaders } from "#protocols/rtsp/wire/rtsp_headers.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";
import { bytesOf, plain, textOf } from "./messages.ts";

const RESPONSES: {
  text: string;
  status: RtspStatus;
  headers: [string, string][];
  body: string;
}[] = [
  {
    text: "RTSP/1.0 200 OK\r\nCSeq: 3\r\nSession: 1;timeout=55\r\n\r\n",
    status: 200,
    headers: [["CSeq", "3"], ["Session", "1;timeout=55"]],
    body: "",
  },
  {
    text: "RTSP/1.0 454 Session Not Found\r\n\r\n",
    status: 454,
    headers: [],
    body: "",
  },
  {
    text:
      "RTSP/1.0 200 OK\r\nContent-Type: text/parameters\r\nContent-Length: 3\r\n\r\nabc",
    status: 200,
    headers: [["Content-Type", "text/parameters"], ["Content-Length", "3"]],
    body: "abc",
  },
];

for (const { text, status, headers, body } of RESPONSES) {
  const name = JSON.stringify(text.slice(0, 40));
  Deno.test(`parseResponse() reads ${name}`, () => {
    assertEquals(plain(parseResponse(bytesOf(text))), {
      status,
      reason: reasonPhrase(status),
      headers,
      body,
    });
    for (const prefix of prefixes(bytesOf(text))) {
      assertThrows(() => parseResponse(prefix), ParseError);
    }
  });

  Deno.test(`serializeResponse() writes ${name}`, () => {
    const fields = new RtspHeaders();
    for (const [key, value] of headers) {
      if (key !== "Content-Length") fields.append(key, value);
    }
    const bytes = serializeResponse({
      status,
      headers: fields,
      body: bytesOf(body),
    });
    assertEquals(textOf(bytes), text);
  });
}

Deno.test("parseResponse() takes a status without a reason, or with another one", () => {
  assertEquals(parseResponse(bytesOf("RTSP/1.0 200\r\n\r\n")).reason, "");
  assertEquals(
    parseResponse(bytesOf("RTSP/1.0 599 So it is\n\n")).reason,
    "So it is",
  );
});

Deno.test("parseResponse() rejects other versions and statuses", () => {
  for (
    const line of [
      "RTSP/2.0 200 OK",
      "HTTP/1.1 200 OK",
      "RTSP/1.0 2000 OK",
      "RTSP/1.0 099 X",
      "RTSP/1.0  200",
      "RTSP/1.0",
    ]
  ) {
    assertThrows(() => parseResponse(bytesOf(line + "\r\n\r\n")), ParseError);
  }
});

Deno.test("isResponseLine() tells responses from requests", () => {
  assertEquals(isResponseLine("RTSP/1.0 200 OK"), true);
  assertEquals(isResponseLine("PLAY rtsp://h RTSP/1.0"), false);
});

Deno.test("parseResponse() throws nothing but ParseError on 10,000 mutations", () => {
  for (const bytes of mutations(RESPONSES.map(({ text }) => bytesOf(text)))) {
    try {
      parseResponse(bytes);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
