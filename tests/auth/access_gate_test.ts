import {
  type AccessConfig,
  AccessGate,
  MAX_WAITING_REFUSALS,
} from "#auth/access_gate.ts";
import { signedQuery } from "#auth/signature.ts";
import {
  type AccessRequest,
  AuthenticationError,
  type Credentials,
} from "#base/access.ts";
import { systemClock } from "#base/clock.ts";
import { EventBus } from "#base/event_bus.ts";
import { createLogger } from "#base/log.ts";
import { Secret } from "#base/secret.ts";
import type { Grant, ServerEvent } from "#core/ports.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "#test/assert.ts";
import { countedSignal } from "#test/counted_signal.ts";
import { FakeClock, settled, START_WALL_MS } from "#test/fake_clock.ts";
import { openHttpServer } from "#test/http_server.ts";
import { keySetOf, openIssuer, PERMISSIONS_CLAIM } from "#test/jwt.ts";
import { accessTo } from "#test/test_ports.ts";

const PASSWORD: Credentials = {
  kind: "password",
  user: "ann",
  password: "secret",
};
const WRONG: Credentials = { ...PASSWORD, password: "guess" };

const CONFIG: AccessConfig = {
  readTimeoutMs: 60_000,
  authMethod: "internal",
  authInternalUsers: [{
    user: "ann",
    pass: new Secret("secret"),
    ips: [],
    permissions: [{ action: "read", path: "" }, { action: "api", path: "" }],
  }],
  authHTTPAddress: "",
  authHTTPFingerprint: "",
  authHTTPExclude: [],
  authHTTPCacheTTLMs: 0,
  authJWTJWKS: "",
  authJWTJWKSFingerprint: "",
  authJWTClaimKey: PERMISSIONS_CLAIM,
  authJWTExclude: [],
  authJWTInHTTPQuery: false,
  authJWTIssuer: "",
  authJWTAudience: "",
  authSignSecret: new Secret(""),
  authSignAlgorithm: "sha256",
  authSignWindowMs: 0,
  authSignActions: ["publish", "read", "playback"],
};

function openGate(config: Partial<AccessConfig> = {}, clock = new FakeClock()) {
  const lines: string[] = [];
  const events: ServerEvent[] = [];
  const bus = new EventBus<ServerEvent>();
  bus.listen((event) => void events.push(event));
  const logger = createLogger((_, text) => void lines.push(text), "debug");
  const gate = new AccessGate({
    config: { ...CONFIG, ...config },
    clock,
    logger,
    events: bus,
  });
  return { gate, clock, lines, events };
}

function refusal(
  gate: AccessGate,
  changes: Partial<AccessRequest> = { credentials: WRONG },
): Promise<AuthenticationError> {
  const asked = gate.authenticate(accessTo("cam", changes));
  return assertRejects(asked, AuthenticationError);
}

Deno.test("AccessGate answers a wrong password within 4 s, and everything else at once", async () => {
  const { gate, clock, events } = openGate();
  let refusals = 0;
  const asked = Array.from({ length: 50 }, async () => {
    assert(!(await refusal(gate)).isChallenge);
    refusals++;
  });
  await settled();
  assertEquals(clock.pendingTimers, 50);
  const right = accessTo("cam", { credentials: PASSWORD });
  assertEquals(await gate.authenticate(right), { user: "ann" });
  assert((await refusal(gate, {})).isChallenge);
  clock.advance(2_000);
  await settled();
  assert(refusals > 0 && refusals < 50, `${refusals} refused in 2 s`);
  clock.advance(2_000);
  await Promise.all(asked);
  assertEquals(clock.pendingTimers, 0);
  assertEquals(events.length, 50, "a challenge is no failure");
  assertEquals(events[0], {
    type: "failed",
    kind: "authentication",
    subject: "192.0.2.9",
    reason: "authentication failed",
  });
});

Deno.test("AccessGate lets a tentative question have no consequences", async () => {
  const { gate, clock, events } = openGate();
  const asked = { credentials: WRONG, isTentative: true };
  assertEquals((await refusal(gate, asked)).message, "authentication failed");
  assertEquals([clock.pendingTimers, events.length], [0, 0]);
});

Deno.test("AccessGate waits with a refusal no longer than its peer does, and leaves nothing on its signal", async () => {
  const { gate, clock, events } = openGate();
  const counted = countedSignal();
  const asked = refusal(gate, { credentials: WRONG, signal: counted.signal });
  await settled();
  clock.advance(4_000);
  await asked;
  assertEquals(counted.listeners, 0);
  const peer = new AbortController();
  const left = refusal(gate, { credentials: WRONG, signal: peer.signal });
  await settled();
  peer.abort();
  await left;
  assertEquals(clock.pendingTimers, 0);
  await refusal(gate, { credentials: WRONG, signal: peer.signal });
  assertEquals(events.length, 2, "nobody is there to be refused");
});

Deno.test("AccessGate bounds what one address makes wait, and nobody else notices", async () => {
  const { gate, clock } = openGate();
  const flood = Array.from(
    { length: MAX_WAITING_REFUSALS },
    () => refusal(gate),
  );
  await settled();
  assertEquals(clock.pendingTimers, MAX_WAITING_REFUSALS);
  const unseen = await refusal(gate, { credentials: PASSWORD });
  assert(unseen.message.includes("try again later"), unseen.message);
  assertEquals(clock.pendingTimers, MAX_WAITING_REFUSALS);
  const other = { credentials: PASSWORD, ip: "192.0.2.10" };
  assertEquals((await gate.authenticate(accessTo("cam", other))).user, "ann");
  clock.advance(4_000);
  await Promise.all(flood);
  const again = accessTo("cam", { credentials: PASSWORD });
  assertEquals((await gate.authenticate(again)).user, "ann");
});

Deno.test("AccessGate.replace() goes on with other users, or with the same if they make no sense", async () => {
  const { gate } = openGate();
  const right = accessTo("cam", { credentials: PASSWORD });
  const [ann] = CONFIG.authInternalUsers;
  const users = [{ ...ann!, user: "" }];
  assertThrows(
    () => gate.replace({ ...CONFIG, authInternalUsers: users }),
    RangeError,
  );
  assertEquals(await gate.authenticate(right), { user: "ann" });
  gate.replace({ ...CONFIG, authInternalUsers: [] });
  const gone = gate.authenticate({
    ...right,
    signal: AbortSignal.abort(new Error("gone")),
  });
  await assertRejects(gone, AuthenticationError);
});

Deno.test("AccessGate takes signed URLs on top of a method, and alone", async () => {
  const key = {
    authSignSecret: new Secret("top-secret"),
    authSignAlgorithm: "sha256",
  } as const;
  const query = signedQuery("cam", START_WALL_MS / 1_000 + 60, {
    secret: key.authSignSecret,
    algorithm: key.authSignAlgorithm,
  });
  const { signal } = new AbortController();
  for (const authMethod of ["internal", "signed"] as const) {
    const { gate, clock } = openGate({ ...key, authMethod });
    const signed = accessTo("cam", { action: "publish", query });
    assertEquals((await gate.authenticate(signed)).user, "");
    const password = { credentials: PASSWORD, signal };
    const asked = gate.authenticate(accessTo("cam", password));
    if (authMethod === "internal") await asked;
    else {
      const refused = assertRejects(asked, AuthenticationError);
      await settled();
      clock.advance(4_000);
      assertEquals((await refused).message, "the URL is not signed");
    }
    const api = { action: "api", pathName: "", ...password } as const;
    assertEquals((await gate.authenticate(accessTo("", api))).user, "ann");
  }
});

/** Grants, and who was revoked for which reason. */
function directory(grants: readonly Partial<Grant>[]) {
  const revoked: string[] = [];
  return {
    revoked,
    revoke(whose: (grant: Grant) => boolean, reason: string): number {
      const hit = grants.filter((grant) => whose(grant as Grant));
      for (const { user } of hit) revoked.push(`${user}: ${reason}`);
      return hit.length;
    },
  };
}

Deno.test("AccessGate keeps out a token that was kicked, until it ends", async () => {
  const clock = new FakeClock();
  await using server = openHttpServer(() => keySetOf(publicJwk));
  const { publicJwk, issue } = await openIssuer("ES256", "one");
  const { gate } = openGate(
    { authMethod: "jwt", authJWTJWKS: server.url },
    Object.assign(clock, { after: systemClock.after }),
  );
  const expiresAtMs = START_WALL_MS + 60_000;
  const tokenFor = (user: string) =>
    issue({
      sub: user,
      jti: `${user}-1`,
      exp: expiresAtMs / 1_000,
      [PERMISSIONS_CLAIM]: [{ action: "read" }],
    });
  const enter = async (user: string, signal = new AbortController().signal) => {
    const token = await tokenFor(user);
    const credentials: Credentials = { kind: "token", token };
    return gate.authenticate(accessTo("cam", { credentials, signal }));
  };
  const identities = [
    await enter("ann"),
    await enter("bob"),
    await enter("eve"),
  ];
  const paths = directory(identities);
  assertEquals(gate.kickToken("ann-1", paths), 1);
  assertEquals(gate.kickUser("bob", paths), 1);
  assertEquals(gate.kickUser("nobody", paths), 0);
  assertEquals(paths.revoked, [
    "ann: the token was kicked",
    "bob: user 'bob' was kicked",
  ]);
  const gone = AbortSignal.abort(new Error("gone"));
  for (const user of ["ann", "bob"]) {
    const error = await assertRejects(enter(user, gone), AuthenticationError);
    assertEquals([error.message, error.code], [
      "the token was kicked",
      "forbidden",
    ]);
  }
  assertEquals((await enter("eve")).user, "eve");
  assertEquals(server.seen.length, 1);
  gate.refreshKeys();
  await enter("eve");
  assertEquals(server.seen.length, 2);
});

Deno.test("AccessGate renews a permission with the method in force", async () => {
  let code = 200;
  await using server = openHttpServer(() => new Response("", { status: code }));
  const config: AccessConfig = {
    ...CONFIG,
    authMethod: "http",
    authHTTPAddress: server.url,
    authHTTPCacheTTLMs: 10_000,
  };
  const { gate, clock, lines } = openGate(
    config,
    Object.assign(new FakeClock(), { after: systemClock.after }),
  );
  const { signal } = new AbortController();
  const first = await gate.authenticate(
    accessTo("cam", { credentials: PASSWORD }),
  );
  clock.advance(10_000);
  code = 500;
  const second = await first.renew!(signal);
  assertEquals(second.expiresAtMs, START_WALL_MS + 20_000);
  assertEquals(lines, [
    "1 permission(s) could not be checked again and hold on, last: server replied with code 500",
  ]);
  gate.replace({ ...config, authMethod: "internal" });
  assertEquals(await second.renew!(signal), { user: "ann" });
  gate.replace({ ...config, authMethod: "internal", authInternalUsers: [] });
  await assertRejects(second.renew!(signal), AuthenticationError);
  gate[Symbol.dispose]();
});
