import { tokenIdOf, tokenOf } from "#auth/token.ts";
import type { Credentials } from "#base/access.ts";
import { assertEquals } from "#test/assert.ts";
import { accessTo } from "#test/test_ports.ts";

const NONE: Credentials = { kind: "none" };
const BEARER: Credentials = { kind: "token", token: "bearer" };
const DIGEST: Credentials = { kind: "digest", user: "u", verify: () => true };

function password(text: string): Credentials {
  return { kind: "password", user: "u", password: text };
}

const CASES: readonly {
  readonly name: string;
  readonly credentials: Credentials;
  readonly query: string;
  readonly protocol?: string;
  readonly isInHttpQuery?: boolean;
  readonly token: string;
}[] = [
  {
    name: "the header before all",
    credentials: BEARER,
    query: "token=a",
    token: "bearer",
  },
  {
    name: "the password before the query",
    credentials: password("pass"),
    query: "token=a&jwt=b",
    token: "pass",
  },
  {
    name: "the query behind an empty password [RTMP]",
    credentials: password(""),
    query: "token=a&jwt=b",
    protocol: "rtmp",
    token: "a",
  },
  {
    name: "token before jwt",
    credentials: NONE,
    query: "jwt=b&token=a",
    token: "a",
  },
  {
    name: "jwt",
    credentials: NONE,
    query: "x=1&jwt=b.c-d_e",
    token: "b.c-d_e",
  },
  {
    name: "jwt beside an empty token",
    credentials: NONE,
    query: "token=&jwt=b",
    token: "b",
  },
  {
    name: "no token that is there twice",
    credentials: NONE,
    query: "token=a&token=b",
    token: "",
  },
  {
    name: "jwt where token is there twice",
    credentials: NONE,
    query: "token=a&token=b&jwt=c",
    token: "c",
  },
  { name: "none", credentials: NONE, query: "", token: "" },
  { name: "none of a digest", credentials: DIGEST, query: "", token: "" },
  {
    name: "no query of HTTP",
    credentials: NONE,
    query: "token=a",
    protocol: "webrtc",
    token: "",
  },
  {
    name: "the query of HTTP where it is said",
    credentials: NONE,
    query: "jwt=a",
    protocol: "",
    isInHttpQuery: true,
    token: "a",
  },
  {
    name: "no query of SRT",
    credentials: NONE,
    query: "token=a",
    protocol: "srt",
    isInHttpQuery: true,
    token: "",
  },
];

for (const { name, credentials, query, token, ...more } of CASES) {
  Deno.test(`tokenOf() takes ${name}`, () => {
    const { protocol = "rtsp", isInHttpQuery = false } = more;
    const request = accessTo("cam", { credentials, query, protocol });
    assertEquals(tokenOf(request, isInHttpQuery), token);
  });
}

Deno.test("tokenIdOf() names a token without giving it away", () => {
  const id = tokenIdOf("secret");
  assertEquals(id, tokenIdOf("secret"));
  assertEquals(/^[0-9a-f]{32}$/.test(id), true);
  assertEquals(id === tokenIdOf("secres"), false);
});
