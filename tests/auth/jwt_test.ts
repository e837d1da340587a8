import { JwtAuthenticator, type JwtOptions } from "#auth/jwt.ts";
import {
  type AccessRequest,
  AuthenticationError,
  type Credentials,
} from "#base/access.ts";
import {
  assert,
  assertEquals,
  assertIncludes,
  assertRejects,
} from "#test/assert.ts";
import { START_WALL_MS } from "#test/fake_clock.ts";
import { openHttpServer } from "#test/http_server.ts";
import {
  issueToken,
  keySetOf,
  openIssuer,
  PERMISSIONS_CLAIM,
} from "#test/jwt.ts";
import { accessTo } from "#test/test_ports.ts";
import { systemClock } from "#base/clock.ts";

const NOW_SECONDS = START_WALL_MS / 1_000;

/** Time stands still, but for what waits for the network. */
const CLOCK = { ...systemClock, wallMs: () => START_WALL_MS };

const PERMISSIONS = { [PERMISSIONS_CLAIM]: [{ action: "read", path: "cam" }] };

const issuer = await openIssuer("RS256", "one");
const others = {
  ES256: await openIssuer("ES256", "two"),
  PS384: await openIssuer("PS384", "three"),
  EdDSA: await openIssuer("EdDSA", "four"),
};
const SHARED = new Uint8Array(32).fill(7);
const KEYS = [
  issuer.publicJwk,
  ...Object.values(others).map(({ publicJwk }) => publicJwk),
  { kty: "oct", k: SHARED.toBase64({ alphabet: "base64url" }), kid: "five" },
];

async function authenticate(
  token: string,
  changes: Partial<AccessRequest> = {},
  options: Partial<JwtOptions> = {},
) {
  await using server = openHttpServer(() => keySetOf(...KEYS));
  const credentials: Credentials = { kind: "token", token };
  return await authenticatorOf(server.url, options).authenticate(
    accessTo("cam", { credentials, ...changes }),
  );
}

function authenticatorOf(
  jwks: string,
  options: Partial<JwtOptions> = {},
): JwtAuthenticator {
  return new JwtAuthenticator({
    jwks,
    fingerprint: "",
    claimKey: PERMISSIONS_CLAIM,
    exclude: [],
    isInHttpQuery: false,
    issuer: "",
    audience: "",
    timeoutMs: 60_000,
    clock: CLOCK,
    ...options,
  });
}

Deno.test("JwtAuthenticator knows user, end and id of a token", async () => {
  const token = await issuer.issue({
    ...PERMISSIONS,
    sub: "ann",
    jti: "token-7",
    exp: NOW_SECONDS + 60,
    nbf: NOW_SECONDS,
  });
  assertEquals(await authenticate(token), {
    user: "ann",
    expiresAtMs: START_WALL_MS + 60_000,
    tokenId: "token-7",
  });
});

Deno.test("JwtAuthenticator names a token that does not name itself", async () => {
  const token = await issuer.issue(PERMISSIONS);
  const { user, expiresAtMs, tokenId } = await authenticate(token);
  assertEquals([user, expiresAtMs], ["", undefined]);
  assert(tokenId !== undefined && !token.includes(tokenId));
});

for (const [alg, { issue }] of Object.entries(others)) {
  Deno.test(`JwtAuthenticator checks signatures with ${alg}`, async () => {
    await authenticate(await issue(PERMISSIONS));
  });
}

Deno.test("JwtAuthenticator checks signatures with a shared secret", async () => {
  const token = await issueToken(PERMISSIONS, SHARED, "HS256", "five");
  await authenticate(token);
});

Deno.test("JwtAuthenticator tries every key that fits a token without kid", async () => {
  const nameless = [await openIssuer("RS256"), await openIssuer("RS256")];
  await using server = openHttpServer(() =>
    keySetOf(...nameless.map(({ publicJwk }) => publicJwk))
  );
  const authenticator = authenticatorOf(server.url);
  for (const { issue } of nameless) {
    const token = await issue(PERMISSIONS);
    await authenticator.authenticate(
      accessTo("cam", { credentials: { kind: "token", token } }),
    );
  }
  assertEquals(server.seen.length, 1);
});

Deno.test("JwtAuthenticator takes the token as password and in the query", async () => {
  const token = await issuer.issue(PERMISSIONS);
  const password: Credentials = {
    kind: "password",
    user: "x",
    password: token,
  };
  await authenticate("", { credentials: password });
  const none: Credentials = { kind: "none" };
  await authenticate("", { credentials: none, query: `jwt=${token}` });
  const http = { credentials: none, query: `token=${token}`, protocol: "hls" };
  await authenticate("", http, { isInHttpQuery: true });
  await assertRejects(authenticate("", http), AuthenticationError);
});

Deno.test("JwtAuthenticator lets in without a token what is excluded", async () => {
  const none: Credentials = { kind: "none" };
  const exclude = [{ action: "read", path: "cam" }];
  const identity = await authenticate("", { credentials: none }, { exclude });
  assertEquals(identity, { user: "" });
});

Deno.test("JwtAuthenticator checks issuer and audience where they are set", async () => {
  const options = { issuer: "me", audience: "weir" };
  const right = { ...PERMISSIONS, iss: "me", aud: ["x", "weir"] };
  await authenticate(await issuer.issue(right), {}, options);
  for (
    const [claims, text] of [
      [{ ...right, iss: "you" }, "token has invalid issuer"],
      [{ ...right, aud: "x" }, "token has invalid audience"],
      [PERMISSIONS, "token has invalid issuer"],
    ] as const
  ) {
    const error = await assertRejects(
      authenticate(await issuer.issue(claims), {}, options),
      AuthenticationError,
    );
    assertEquals(error.message, text);
  }
});

const stranger = await openIssuer("RS256", "one");
const publicBytes = new TextEncoder().encode(JSON.stringify(issuer.publicJwk));
const unsigned = `${toBase64Url('{"alg":"none"}')}.${
  toBase64Url(JSON.stringify(PERMISSIONS))
}.`;
const signed = await issuer.issue(PERMISSIONS);

const REFUSALS: readonly {
  readonly name: string;
  readonly token: string;
  readonly text: string;
  readonly changes?: Partial<AccessRequest>;
}[] = [
  {
    name: "that has expired",
    token: await issuer.issue({ ...PERMISSIONS, exp: NOW_SECONDS }),
    text: "token is expired",
  },
  {
    name: "that is not valid yet",
    token: await issuer.issue({ ...PERMISSIONS, nbf: NOW_SECONDS + 1 }),
    text: "token is not valid yet",
  },
  {
    name: "of a stranger",
    token: await stranger.issue(PERMISSIONS),
    text: "token signature is invalid",
  },
  {
    name: "that was changed",
    token: signed.replace(/\.[^.]+\./, `.${toBase64Url("{}")}.`),
    text: "token signature is invalid",
  },
  {
    name: "without a signature",
    token: unsigned,
    text: "no key of authJWTJWKS fits the token",
  },
  {
    name: "that takes a public key for a shared secret",
    token: await issueToken(PERMISSIONS, publicBytes, "HS256", "one"),
    text: "no key of authJWTJWKS fits the token",
  },
  {
    name: "of an unknown key",
    token: await (await openIssuer("RS256", "other")).issue(PERMISSIONS),
    text: "no key of authJWTJWKS fits the token",
  },
  { name: "that is none", token: "hello", text: "token is malformed" },
  { name: "of dots", token: "..", text: "token is malformed" },
  {
    name: "that is too long",
    token: "x".repeat(16_385),
    text: "token has more than 16384 characters",
  },
  {
    name: "without permissions",
    token: await issuer.issue({ sub: "ann" }),
    text: `claim '${PERMISSIONS_CLAIM}' not found inside JWT`,
  },
  {
    name: "with permissions that make no sense",
    token: await issuer.issue({ [PERMISSIONS_CLAIM]: 7 }),
    text: "cannot read permissions of JWT: must be a list",
  },
  {
    name: "for another path",
    token: signed,
    text: "user doesn't have permission to perform action",
    changes: { pathName: "cam2" },
  },
  {
    name: "for another action",
    token: signed,
    text: "user doesn't have permission to perform action",
    changes: { action: "publish" },
  },
];

for (const { name, token, text, changes } of REFUSALS) {
  Deno.test(`JwtAuthenticator refuses a token ${name}`, async () => {
    const error = await assertRejects(
      authenticate(token, changes),
      AuthenticationError,
    );
    assertIncludes(error.message, text);
    assertEquals([error.isChallenge, error.code], [false, "unauthorized"]);
    assert(!error.message.includes(token), "the token is told");
  });
}

Deno.test("JwtAuthenticator asks who brings nothing, and nobody who cannot be asked", async () => {
  for (
    const [credentials, isChallenge] of [
      [{ kind: "none" }, true],
      [{ kind: "password", user: "", password: "" }, false],
    ] as const
  ) {
    const error = await assertRejects(
      authenticate("", { credentials }),
      AuthenticationError,
    );
    assertEquals(
      [error.message, error.isChallenge],
      ["JWT not provided", isChallenge],
    );
  }
});

function toBase64Url(text: string): string {
  return new TextEncoder().encode(text)
    .toBase64({ alphabet: "base64url", omitPadding: true });
}
