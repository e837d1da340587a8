import { ParseError } from "#base/errors.ts";
import {
  parseSession,
  serializeSession,
} from "#protocols/rtsp/wire/headers/session.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";
import { bytesOf, textOf } from "../messages.ts";

const SESSIONS = [
  { text: "12345678", session: { id: "12345678", timeoutSeconds: undefined } },
  { text: "abc;timeout=55", session: { id: "abc", timeoutSeconds: 55 } },
];

for (const { text, session } of SESSIONS) {
  Deno.test(`parseSession() reads ${text}`, () => {
    assertEquals(parseSession(text), session);
    assertEquals(serializeSession(session), text);
  });
}

Deno.test("parseSession() takes spaces, upper case and unknown parameters", () => {
  assertEquals(parseSession(" a ; x=y ; Timeout=60 "), {
    id: "a",
    timeoutSeconds: 60,
  });
});

Deno.test("parseSession() rejects no id, a long id and a wrong timeout", () => {
  for (
    const text of [
      "",
      " ",
      ";",
      "a".repeat(257),
      "a;timeout",
      "a;timeout=x",
      "a;timeout=-1",
    ]
  ) {
    assertThrows(() => parseSession(text), ParseError);
  }
});

Deno.test("parseSession() throws nothing but ParseError on 10,000 mutations", () => {
  for (const bytes of mutations(SESSIONS.map(({ text }) => bytesOf(text)))) {
    try {
      parseSession(textOf(bytes));
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
