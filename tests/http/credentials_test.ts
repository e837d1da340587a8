import type { Credentials } from "#base/access.ts";
import { readCredentials } from "#http/credentials.ts";
import { assertEquals } from "#test/assert.ts";

const PASSWORD: Credentials = {
  kind: "password",
  user: "ann",
  password: "sec:ret",
};

const CASES: readonly [string, Credentials][] = [
  ["", { kind: "none" }],
  [`Basic ${btoa("ann:sec:ret")}`, PASSWORD],
  [`basic ${btoa("ann:sec:ret")}`, PASSWORD],
  ["Basic %%%", { kind: "none" }],
  [`Basic ${btoa("ann")}`, { kind: "none" }],
  ["Basic", { kind: "none" }],
  ["Digest username=ann", { kind: "none" }],
  ["Bearer ann:pw", { kind: "password", user: "ann", password: "pw" }],
  ["Bearer a.b.c", { kind: "token", token: "a.b.c" }],
  ["Bearer a:b:c", { kind: "token", token: "a:b:c" }],
];

for (const [header, credentials] of CASES) {
  Deno.test(`readCredentials() reads "${header}"`, () => {
    const headers = new Headers(header === "" ? {} : { Authorization: header });
    assertEquals(readCredentials(headers), credentials);
  });
}
