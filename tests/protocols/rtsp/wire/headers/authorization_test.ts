import { ParseError } from "#base/errors.ts";
import {
  type BasicAuthorization,
  type DigestAuthorization,
  parseAuthorization,
} from "#protocols/rtsp/wire/headers/authorization.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";
import { bytesOf, textOf } from "../messages.ts";

const DIGEST: DigestAuthorization = {
  kind: "digest",
  user: "u",
  realm: "ipcam",
  nonce: "abc",
  uri: "rtsp://h/cam?a,b",
  response: "00112233445566778899aabbccddeeff",
  algorithm: undefined,
  qop: undefined,
  nonceCount: undefined,
  clientNonce: undefined,
};

const HEADERS: {
  name: string;
  text: string;
  authorization: BasicAuthorization | DigestAuthorization;
}[] = [
  {
    name: "Basic",
    text: "Basic bXl1c2VyOm15OnBhc3M=",
    authorization: { kind: "basic", user: "myuser", password: "my:pass" },
  },
  {
    name: "Basic in other case, without padding, in UTF-8",
    text: "bASIC  w6k6",
    authorization: { kind: "basic", user: "é", password: "" },
  },
  {
    name: "Digest of RFC 2069",
    text:
      'Digest username="u", realm="ipcam", nonce="abc", uri="rtsp://h/cam?a,b", response="00112233445566778899aabbccddeeff"',
    authorization: DIGEST,
  },
  {
    name: "Digest of RFC 2617 with an escaped name and bare values",
    text:
      'digest username="a\\"b",realm=ipcam,nonce="abc",uri="rtsp://h/cam?a,b",response="00112233445566778899aabbccddeeff",' +
      'algorithm=MD5, qop=auth, nc=00000001, cnonce="xyz", opaque=""',
    authorization: {
      ...DIGEST,
      user: 'a"b',
      algorithm: "MD5",
      qop: "auth",
      nonceCount: "00000001",
      clientNonce: "xyz",
    },
  },
];

for (const { name, text, authorization } of HEADERS) {
  Deno.test(`parseAuthorization() reads ${name}`, () => {
    assertEquals(parseAuthorization(text), authorization);
  });
}

const WRONG = [
  ["", "scheme"],
  ["Bearer abc", "scheme"],
  ["Basic", "credentials"],
  ["Basic !!!", "credentials"],
  ["Basic YWJj", "credentials"],
  ["Digest", "username"],
  ['Digest username="u"', "realm"],
  ["Digest username", "username"],
  ['Digest username="u", username="v"', "username"],
] as const;

for (const [text, field] of WRONG) {
  Deno.test(`parseAuthorization() rejects ${JSON.stringify(text)}`, () => {
    const error = assertThrows(() => parseAuthorization(text), ParseError);
    assertEquals(error.field, field);
  });
}

Deno.test("parseAuthorization() reads a scheme, spaces and line separators of any length at once", () => {
  const spaces = " ".repeat(500_000);
  for (
    const text of [`${"x".repeat(500_000)}${spaces}\u2028 y\u2028`, spaces]
  ) {
    const error = assertThrows(() => parseAuthorization(text), ParseError);
    assertEquals(error.field, "scheme");
  }
});

Deno.test("parseAuthorization() throws nothing but ParseError on 10,000 mutations", () => {
  for (const bytes of mutations(HEADERS.map(({ text }) => bytesOf(text)))) {
    try {
      parseAuthorization(textOf(bytes));
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});
