import { createHash } from "node:crypto";
import { answerAdobeChallenge } from "#protocols/rtmp/client/adobe_authentication.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";

const ANN = { user: "ann", password: "secret" };

const digest = (text: string): string =>
  createHash("md5").update(text).digest("base64");

/** What origins say, and what they are answered. */
const ANSWERS = [
  {
    name: "nothing of this [any other refusal]",
    description: "Application not found",
    answer: undefined,
  },
  {
    name: "its name",
    description:
      "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ",
    answer: "authmod=adobe&user=ann",
  },
  {
    name: "a challenge with plus signs, and gives it back [Adobe Media Server]",
    description:
      "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=needauth&user=ann&salt=s+lt==&challenge=c+1==&opaque=o+1==",
    answer: `authmod=adobe&user=ann&challenge=01020304&response=${
      digest(digest("anns+lt==secret") + "o+1==01020304")
    }&opaque=o+1==`,
  },
  {
    name: "a challenge without an opaque",
    description: "authmod=adobe ?reason=needauth&salt=abc&challenge=def",
    answer: `authmod=adobe&user=ann&challenge=01020304&response=${
      digest(digest("annabcsecret") + "def01020304")
    }`,
  },
];

for (const { name, description, answer } of ANSWERS) {
  Deno.test(`answerAdobeChallenge() answers ${name}`, () => {
    assertEquals(answerAdobeChallenge(description, ANN, "01020304"), answer);
  });
}

for (const reason of ["authfailed", "nosuchuser"]) {
  Deno.test(`answerAdobeChallenge() tells of ${reason}`, () => {
    const error = assertThrows(
      () =>
        answerAdobeChallenge(
          `[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=${reason}&opaque=x`,
          ANN,
          "01020304",
        ),
      Error,
    );
    assert(error.message.includes(reason));
    assert(!error.message.includes("secret"));
  });
}

Deno.test("answerAdobeChallenge() tells that user and password are missing", () => {
  const error = assertThrows(
    () =>
      answerAdobeChallenge("code=403 need auth; authmod=adobe", undefined, ""),
    Error,
  );
  assertEquals(
    error.message,
    "the origin asks for a user: put user and password into the URL",
  );
});
