import {
  authenticateInternal,
  type InternalUserConfig,
  internalUserFrom,
} from "#auth/internal_users.ts";
import { parseIpNetwork } from "#base/ip.ts";
import { Secret } from "#base/secret.ts";
import type { AccessRequest, Credentials } from "#base/access.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const NONE: Credentials = { kind: "none" };

function user(
  config: Partial<Omit<InternalUserConfig, "pass" | "ips">> & {
    pass?: string;
    ips?: string[];
  },
) {
  return internalUserFrom({
    user: config.user ?? "any",
    pass: new Secret(config.pass ?? ""),
    ips: (config.ips ?? []).map(parseIpNetwork),
    permissions: config.permissions ?? [{ action: "read", path: "" }],
  });
}

function password(name: string, pass: string): Credentials {
  return { kind: "password", user: name, password: pass };
}

function digest(name: string, knownPassword: string): Credentials {
  return {
    kind: "digest",
    user: name,
    verify: (pass) => pass === knownPassword,
  };
}

function request(changes: Partial<AccessRequest> = {}) {
  return {
    action: "read" as const,
    pathName: "cam",
    ip: "10.0.0.1",
    credentials: NONE,
    ...changes,
  };
}

const USERS = [
  user({
    user: "admin",
    pass: "topsecret",
    ips: ["192.168.0.0/16"],
    permissions: [{ action: "api", path: "ignored" }],
  }),
  user({
    user: "hashed",
    pass: "sha256:E9JJ8stBJ7QM+nV4ZoUCeHk/gU3tPFh/5YieiJp6n2w=",
  }),
  user({
    user: "open",
    permissions: [{ action: "publish", path: "~^(a|b)[0-9]+$" }, {
      action: "read",
      path: "only",
    }],
  }),
  user({
    user: "broken",
    pass: "p",
    permissions: [{ action: "playback", path: "~a(b" }],
  }),
  user({ user: "any", permissions: [{ action: "read", path: "public" }] }),
];

const CASES: {
  name: string;
  changes: Partial<AccessRequest>;
  result: string | undefined;
}[] = [
  { name: "anyone where any may", changes: { pathName: "public" }, result: "" },
  {
    name: "anyone under the name given",
    changes: { pathName: "public", credentials: password("me", "x") },
    result: "me",
  },
  { name: "nobody without a permission", changes: {}, result: undefined },
  {
    name: "nobody without a permission for the action",
    changes: { action: "pprof", credentials: password("admin", "topsecret") },
    result: undefined,
  },
  {
    name: "the right password",
    changes: {
      action: "api",
      ip: "192.168.3.4",
      credentials: password("admin", "topsecret"),
    },
    result: "admin",
  },
  {
    name: "an IPv4-mapped address",
    changes: {
      action: "api",
      ip: "::ffff:192.168.3.4",
      credentials: password("admin", "topsecret"),
    },
    result: "admin",
  },
  {
    name: "no other address",
    changes: {
      action: "api",
      ip: "10.0.0.1",
      credentials: password("admin", "topsecret"),
    },
    result: undefined,
  },
  {
    name: "no other password",
    changes: {
      action: "api",
      ip: "192.168.3.4",
      credentials: password("admin", "topsecre"),
    },
    result: undefined,
  },
  {
    name: "no other user",
    changes: {
      action: "api",
      ip: "192.168.3.4",
      credentials: password("Admin", "topsecret"),
    },
    result: undefined,
  },
  {
    name: "no user without credentials",
    changes: { action: "api", ip: "192.168.3.4" },
    result: undefined,
  },
  {
    name: "the right digest",
    changes: {
      action: "api",
      ip: "192.168.3.4",
      credentials: digest("admin", "topsecret"),
    },
    result: "admin",
  },
  {
    name: "no other digest",
    changes: {
      action: "api",
      ip: "192.168.3.4",
      credentials: digest("admin", "x"),
    },
    result: undefined,
  },
  {
    name: "a hashed password",
    changes: { credentials: password("hashed", "testpass") },
    result: "hashed",
  },
  {
    name: "no digest against a hash",
    changes: { credentials: digest("hashed", "testpass") },
    result: undefined,
  },
  {
    name: "any password where none is set",
    changes: {
      action: "publish",
      pathName: "a1",
      credentials: password("open", "x"),
    },
    result: "open",
  },
  {
    name: "any digest where no password is set",
    changes: {
      action: "publish",
      pathName: "a1",
      credentials: digest("open", "x"),
    },
    result: "open",
  },
  {
    name: "a path by pattern",
    changes: {
      action: "publish",
      pathName: "b22",
      credentials: password("open", ""),
    },
    result: "open",
  },
  {
    name: "no path beside the pattern",
    changes: {
      action: "publish",
      pathName: "xb22",
      credentials: password("open", ""),
    },
    result: undefined,
  },
  {
    name: "a path by its name",
    changes: { pathName: "only", credentials: password("open", "") },
    result: "open",
  },
  {
    name: "no path that contains the name",
    changes: { pathName: "only2", credentials: password("open", "") },
    result: undefined,
  },
  {
    name: "nothing by a pattern that is not valid",
    changes: {
      action: "playback",
      pathName: "ab",
      credentials: password("broken", "p"),
    },
    result: undefined,
  },
];

for (const { name, changes, result } of CASES) {
  Deno.test(`authenticateInternal() lets in ${name}`, async () => {
    assertEquals(
      (await authenticateInternal(USERS, request(changes)))?.user,
      result,
    );
  });
}

Deno.test("authenticateInternal() takes linear time on a pattern made to stall", async () => {
  const users = [user({ permissions: [{ action: "read", path: "~^(a+)+$" }] })];
  const pathName = "a".repeat(10_000) + "!";
  assertEquals(
    await authenticateInternal(users, request({ pathName })),
    undefined,
  );
});

Deno.test("internalUserFrom() refuses what makes no sense", () => {
  const cases = [
    [{ user: "" }, "empty usernames are not supported"],
    [
      { user: "any", pass: "x" },
      "using a password with 'any' user is not supported",
    ],
    [
      { permissions: [{ action: "fly", path: "" }] },
      "invalid auth action: 'fly'",
    ],
  ] as const;
  for (const [config, message] of cases) {
    assertEquals(assertThrows(() => user(config), RangeError).message, message);
  }
});
