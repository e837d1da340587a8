import { parseCredential } from "#auth/credential.ts";
import { assertEquals, assertIncludes, assertThrows } from "#test/assert.ts";

const IP = "192.0.2.9";

/** Each stands for `testpass`. */
const CREDENTIALS = [
  { name: "clear text", text: "testpass", plain: "testpass" },
  {
    name: "SHA-256",
    text: "sha256:E9JJ8stBJ7QM+nV4ZoUCeHk/gU3tPFh/5YieiJp6n2w=",
    plain: undefined,
  },
  {
    name: "argon2id [hash-wasm, 64 KiB]",
    text:
      "argon2:$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$DtNZM7Gc7oLQhAWmcdzkR0YWIDU88P5Vghg57B385rI",
    plain: undefined,
  },
  {
    name: "argon2i [hash-wasm, 16 KiB]",
    text:
      "argon2:$argon2i$v=19$m=16,t=1,p=2$c29tZXNhbHQ$2NTxYHXOfDxR/APoB6gVuQ",
    plain: undefined,
  },
];

for (const { name, text, plain } of CREDENTIALS) {
  Deno.test(`parseCredential() compares ${name}`, async () => {
    const credential = parseCredential(text);
    assertEquals(credential.plain?.reveal(), plain);
    for (const wrong of ["", "testpasS", "testpass ", "testpas", text + "x"]) {
      assertEquals(await credential.matches(wrong, IP), false, wrong);
    }
    assertEquals(await credential.matches("testpass", IP), true);
    assertEquals(
      await credential.matches("testpass", IP),
      true,
      "a second time",
    );
    assertEquals(await credential.matches("other", IP), false);
  });
}

Deno.test("parseCredential() takes every supported character and nothing else", () => {
  const supported = "azAZ09!$()*+.;<=>[]^_-{}@#&";
  assertEquals(parseCredential(supported).plain?.reveal(), supported);
  assertEquals(parseCredential("").matches("", IP), true);
  for (const text of ["a b", "é", 'a"b', "a,b", "a:b", "a/b", "a%b", "a\n"]) {
    const error = assertThrows(() => parseCredential(text), RangeError);
    assertIncludes(
      error.message,
      "credential contains unsupported characters. Supported are: ",
    );
  }
});

Deno.test("parseCredential() refuses hashes that can never match", () => {
  const salt = "c29tZXNhbHQ";
  const cases = [
    ["sha256:", "credential contains unsupported characters"],
    ["sha256:a b", "credential contains unsupported characters"],
    ["argon2:", "invalid argon2 hash: "],
    [
      `argon2:$argon2d$v=19$m=64,t=2,p=1$${salt}$aaaaaaaa`,
      "invalid argon2 hash: ",
    ],
    [
      `argon2:$argon2id$v=16$m=64,t=2,p=1$${salt}$aaaaaaaa`,
      "invalid argon2 hash: ",
    ],
    [
      `argon2:$argon2id$v=19$m=64,t=0,p=1$${salt}$aaaaaaaa`,
      "invalid argon2 hash: ",
    ],
    [
      `argon2:$argon2id$v=19$m=7,t=2,p=1$${salt}$aaaaaaaa`,
      "invalid argon2 hash: m must be 8 to ",
    ],
    [
      `argon2:$argon2id$v=19$m=9999999,t=2,p=1$${salt}$aaaaaaaa`,
      "invalid argon2 hash: m must be 8 to ",
    ],
    [
      `argon2:$argon2id$v=19$m=64,t=2,p=1$c29t$aaaaaaaa`,
      "invalid argon2 hash: salt must have 8 bytes",
    ],
    [
      `argon2:$argon2id$v=19$m=64,t=2,p=1$${salt}$aaaa`,
      "invalid argon2 hash: hash must have 4 bytes",
    ],
  ] as const;
  for (const [text, part] of cases) {
    const error = assertThrows(() => parseCredential(text), RangeError);
    assertIncludes(error.message, part);
  }
});

Deno.test("parseCredential() lets a SHA-256 of another length match nothing", () => {
  assertEquals(parseCredential("sha256:YWJj").matches("abc", IP), false);
  assertEquals(parseCredential("sha256:=====").matches("", IP), false);
});
