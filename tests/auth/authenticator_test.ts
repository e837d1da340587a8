import { InternalAuthenticator } from "#auth/authenticator.ts";
import { Secret } from "#base/secret.ts";
import {
  type AccessRequest,
  AuthenticationError,
  type Credentials,
} from "#base/access.ts";
import { assertEquals, assertRejects, assertThrows } from "#test/assert.ts";

const authenticator = new InternalAuthenticator([{
  user: "ann",
  pass: new Secret("secret"),
  ips: [],
  permissions: [{ action: "publish", path: "" }],
}]);

function request(credentials: Credentials): AccessRequest {
  return {
    action: "publish",
    pathName: "cam",
    query: "",
    protocol: "rtsp",
    sessionId: "6f0c0a4e-3b7d-4b0e-9f49-0d5b2a8f1c11",
    ip: "192.0.2.9",
    userAgent: "",
    credentials,
    signal: new AbortController().signal,
  };
}

Deno.test("InternalAuthenticator.authenticate() names the user it lets in", async () => {
  const credentials = { kind: "password", user: "ann", password: "secret" };
  assertEquals(
    await authenticator.authenticate(request(credentials as Credentials)),
    { user: "ann" },
  );
});

const REFUSALS: readonly {
  readonly name: string;
  readonly credentials: Credentials;
  readonly isChallenge: boolean;
}[] = [
  {
    name: "asks who offers nothing",
    credentials: { kind: "none" },
    isChallenge: true,
  },
  {
    name: "refuses a wrong password",
    credentials: { kind: "password", user: "ann", password: "other" },
    isChallenge: false,
  },
  {
    name: "refuses a wrong digest",
    credentials: { kind: "digest", user: "ann", verify: () => false },
    isChallenge: false,
  },
];

for (const { name, credentials, isChallenge } of REFUSALS) {
  Deno.test(`InternalAuthenticator.authenticate() ${name}`, async () => {
    const error = await assertRejects(
      authenticator.authenticate(request(credentials)),
      AuthenticationError,
    );
    assertEquals(
      [error.message, error.isChallenge],
      ["authentication failed", isChallenge],
    );
  });
}

Deno.test("InternalAuthenticator refuses users that make no sense at once", () => {
  const nobody = { user: "", pass: new Secret(""), ips: [], permissions: [] };
  assertThrows(() => new InternalAuthenticator([nobody]), RangeError);
});
