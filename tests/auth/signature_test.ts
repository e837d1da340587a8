import {
  checkSignature,
  signatureIn,
  signedQuery,
  type SignRules,
} from "#auth/signature.ts";
import { type AccessRequest, AuthenticationError } from "#base/access.ts";
import { Secret } from "#base/secret.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { accessTo } from "#test/test_ports.ts";

const SECRET = "top-secret";
const NOW_SECONDS = 1_750_000_000;
const HOUR_SECONDS = 3_600;

const RULES: SignRules = {
  secret: new Secret(SECRET),
  algorithm: "sha256",
  windowMs: 2 * HOUR_SECONDS * 1_000,
  actions: ["publish", "read"],
};

/** Made with coreutils: `printf live/cam/1750003600/top-secret | md5sum`, `sha256sum`. */
const KNOWN = [
  { algorithm: "md5", sign: "6031f6b8354ee88cdf15dfb9ebd1fb29" },
  {
    algorithm: "sha256",
    sign: "5e66d3e775a9724f960e887e6a437733c08fcc7d801863512562c87b1865e2f1",
  },
] as const;

for (const { algorithm, sign } of KNOWN) {
  Deno.test(`signedQuery() signs with ${algorithm}, and checkSignature() takes it`, () => {
    const key = { ...RULES, algorithm };
    const endSeconds = NOW_SECONDS + HOUR_SECONDS;
    const query = signedQuery("live/cam", endSeconds, key);
    assertEquals(query, `sign=${sign}&ts=${endSeconds}`);
    for (
      const text of [
        query,
        `x=1&${query}`,
        query.replace(sign, sign.toUpperCase()),
      ]
    ) {
      checkSignature(
        accessTo("live/cam", { query: text }),
        key,
        NOW_SECONDS * 1_000,
      );
    }
  });
}

const GOOD = signedQuery("cam", NOW_SECONDS + HOUR_SECONDS, RULES);
const SIGN = signatureIn(GOOD)!;

const REFUSALS: readonly {
  readonly name: string;
  readonly query: string;
  readonly changes?: Partial<AccessRequest>;
  readonly code: string;
  readonly message: RegExp;
}[] = [
  {
    name: "another path",
    query: GOOD,
    changes: { pathName: "cam2" },
    code: "unauthorized",
    message: /^the signature is not the one of path 'cam2', ts and secret$/,
  },
  {
    name: "another end",
    query: GOOD.replace(/ts=\d+/, `ts=${NOW_SECONDS + HOUR_SECONDS + 1}`),
    code: "unauthorized",
    message: /^the signature is not/,
  },
  {
    name: "another secret",
    query: signedQuery("cam", NOW_SECONDS + HOUR_SECONDS, {
      ...RULES,
      secret: new Secret("other"),
    }),
    code: "unauthorized",
    message: /^the signature is not/,
  },
  {
    name: "another algorithm",
    query: signedQuery("cam", NOW_SECONDS + HOUR_SECONDS, {
      ...RULES,
      algorithm: "md5",
    }),
    code: "unauthorized",
    message: /^the signature is not/,
  },
  {
    name: "part of a signature",
    query: GOOD.replace(SIGN, SIGN.slice(0, -1)),
    code: "unauthorized",
    message: /^the signature is not/,
  },
  {
    name: "an empty signature",
    query: GOOD.replace(SIGN, ""),
    code: "unauthorized",
    message: /^the signature is not/,
  },
  {
    name: "no end",
    query: `sign=${SIGN}`,
    code: "unauthorized",
    message: /has no 'ts' of Unix seconds$/,
  },
  ...["", "x", "-1", "1e9", "0x10", "1.5", "9".repeat(13)].map((ts) => ({
    name: `an end of '${ts}'`,
    query: `sign=${SIGN}&ts=${ts}`,
    code: "unauthorized",
    message: /has no 'ts' of Unix seconds$/,
  })),
  {
    name: "a URL whose time is over",
    query: signedQuery("cam", NOW_SECONDS, RULES),
    code: "expired",
    message: /^the signed URL has expired 0 s ago$/,
  },
  {
    name: "a URL that was good an hour ago",
    query: signedQuery("cam", NOW_SECONDS - HOUR_SECONDS, RULES),
    code: "expired",
    message: /^the signed URL has expired 3600 s ago$/,
  },
  {
    name: "a URL that is good for too long",
    query: signedQuery("cam", NOW_SECONDS + 2 * HOUR_SECONDS + 5, RULES),
    code: "forbidden",
    message: /ends 5 s further ahead than authSignWindow allows$/,
  },
  {
    name: "what signed URLs are not for",
    query: GOOD,
    changes: { action: "playback" },
    code: "forbidden",
    message: /may not be used to playback \(authSignActions\)$/,
  },
];

for (const { name, query, changes, code, message } of REFUSALS) {
  Deno.test(`checkSignature() refuses ${name}`, () => {
    const request = accessTo("cam", { query, ...changes });
    const error = assertThrows(
      () => checkSignature(request, RULES, NOW_SECONDS * 1_000),
      AuthenticationError,
    );
    assertEquals([error.code, error.isChallenge], [code, false]);
    assert(message.test(error.message), error.message);
    assert(!error.message.includes(SECRET), "the secret is told");
  });
}

Deno.test("checkSignature() takes any end without a window, and one at its edge", () => {
  const year = signedQuery("cam", NOW_SECONDS + 365 * 86_400, RULES);
  const edge = signedQuery("cam", NOW_SECONDS + 2 * HOUR_SECONDS, RULES);
  const nowMs = NOW_SECONDS * 1_000;
  const open = { ...RULES, windowMs: 0 };
  checkSignature(accessTo("cam", { query: year }), open, nowMs);
  checkSignature(accessTo("cam", { query: edge }), RULES, nowMs);
});
