import {
  HttpAuthenticator,
  type HttpAuthOptions,
  MAX_WAITING_QUESTIONS,
} from "#auth/http_hook.ts";
import {
  type AccessRequest,
  AuthenticationError,
  type Credentials,
} from "#base/access.ts";
import { type Clock, systemClock } from "#base/clock.ts";
import {
  assert,
  assertEquals,
  assertIncludes,
  assertRejects,
} from "#test/assert.ts";
import { type HttpAnswerer, openHttpServer } from "#test/http_server.ts";
import { accessTo } from "#test/test_ports.ts";

const TTL_MS = 10_000;
const START_MS = 1_000_000;

const PASSWORD: Credentials = { kind: "password", user: "ann", password: "pw" };

/** A server that is asked, at a time that a test sets. */
function openHook(
  answer: HttpAnswerer,
  options: Partial<HttpAuthOptions> = {},
) {
  const server = openHttpServer(answer);
  const time = { nowMs: START_MS };
  const unchecked: string[] = [];
  const authenticator = new HttpAuthenticator({
    url: `${server.url}/auth`,
    fingerprint: "",
    exclude: [],
    cacheTtlMs: 0,
    timeoutMs: 60_000,
    clock: { ...systemClock, wallMs: () => time.nowMs },
    onUnchecked: (reason) => void unchecked.push(reason),
    ...options,
  });
  return {
    authenticator,
    time,
    unchecked,
    seen: server.seen,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function yes(): Response {
  return new Response("whatever");
}

function status(code: number, body = ""): Response {
  return new Response(body, { status: code });
}

const QUESTIONS: readonly {
  readonly name: string;
  readonly request: Partial<AccessRequest>;
  readonly body: Readonly<Record<string, string | null>>;
}[] = [
  {
    name: "a password",
    request: { credentials: PASSWORD, query: "a=1&token=t" },
    body: { user: "ann", password: "pw", token: "pw", query: "a=1&token=t" },
  },
  {
    name: "a token",
    request: { credentials: { kind: "token", token: "abc" } },
    body: { token: "abc" },
  },
  {
    name: "a token in the query",
    request: { query: "jwt=abc", protocol: "rtmp" },
    body: { token: "abc", query: "jwt=abc", protocol: "rtmp" },
  },
  {
    name: "nothing to the API",
    request: {
      action: "api",
      pathName: "",
      protocol: "",
      sessionId: "",
      userAgent: "",
    },
    body: { action: "api", path: "", protocol: "", id: null, userAgent: "" },
  },
];

for (const { name, request, body } of QUESTIONS) {
  Deno.test(`HttpAuthenticator asks with ${name}`, async () => {
    await using hook = openHook(yes);
    const asked = accessTo("cam", { userAgent: "LibVLC/3", ...request });
    const identity = await hook.authenticator.authenticate(asked);
    const user = body["user"] ?? "";
    assertEquals(identity, { user });
    const [{ method, path, headers, body: sent }] = hook.seen as [
      typeof hook.seen[0] & object,
    ];
    assertEquals(
      [method, path, headers.get("content-type")],
      ["POST", "/auth", "application/json"],
    );
    assertEquals(JSON.parse(sent), {
      ip: "192.0.2.9",
      user: "",
      password: "",
      token: "",
      action: "read",
      path: "cam",
      protocol: "rtsp",
      id: "0b8f61d4-58a5-4a3c-8f1f-0c8c5d0e7a01",
      query: "",
      userAgent: "LibVLC/3",
      ...body,
    });
  });
}

Deno.test("HttpAuthenticator asks nothing about what is excluded", async () => {
  const exclude = [{ action: "read", path: "~^open/" }];
  await using hook = openHook(() => status(401), { exclude });
  const open = accessTo("open/1", { credentials: PASSWORD });
  assertEquals(await hook.authenticator.authenticate(open), { user: "" });
  assertEquals(hook.seen.length, 0);
  const closed = accessTo("cam", { credentials: PASSWORD });
  await assertRejects(
    hook.authenticator.authenticate(closed),
    AuthenticationError,
  );
});

const HUGE = "x".repeat(1_000_000);

const REFUSALS: readonly {
  readonly name: string;
  readonly answer: HttpAnswerer;
  readonly text: string;
}[] = [
  {
    name: "says no",
    answer: () => status(401),
    text: "server replied with code 401",
  },
  {
    name: "says why not",
    answer: () => status(403, "not you"),
    text: "server replied with code 403: not you",
  },
  {
    name: "is in trouble",
    answer: () => status(500, "oops"),
    text: "server replied with code 500: oops",
  },
  {
    name: "says too much",
    answer: () => status(404, HUGE),
    text: `server replied with code 404: ${HUGE.slice(0, 128 * 1_024)}`,
  },
  {
    name: "redirects to nowhere",
    answer: ({ path }) =>
      new Response(null, {
        status: 307,
        headers: { Location: `${path}/x` },
      }),
    text: "HTTP request failed: stopped after 10 redirects",
  },
];

for (const { name, answer, text } of REFUSALS) {
  Deno.test(`HttpAuthenticator refuses if the server ${name}`, async () => {
    await using hook = openHook(answer);
    for (
      const [credentials, isChallenge] of [
        [PASSWORD, false],
        [{ kind: "none" }, true],
      ] as const
    ) {
      const request = accessTo("cam", { credentials });
      const error = await assertRejects(
        hook.authenticator.authenticate(request),
        AuthenticationError,
      );
      assertEquals(error.message, text);
      assertEquals(error.isChallenge, isChallenge);
    }
  });
}

Deno.test("HttpAuthenticator waits no longer than it may, and asks no more for who has left", async () => {
  let endTime = () => {};
  const answer = () => {
    endTime();
    return new Promise<Response>(() => {});
  };
  const clock: Clock = {
    ...systemClock,
    after(_delayMs, run) {
      endTime = run;
      return () => {};
    },
  };
  await using hook = openHook(answer, { clock });
  const error = await assertRejects(
    hook.authenticator.authenticate(accessTo("cam")),
    AuthenticationError,
  );
  assertEquals(error.message, "HTTP request failed: no answer within 60 s");
  const signal = AbortSignal.abort(new Error("gone"));
  await assertRejects(
    hook.authenticator.authenticate(accessTo("cam", { signal })),
    AuthenticationError,
  );
  assertEquals(hook.seen.length, 1);
});

Deno.test("HttpAuthenticator does not wait for the end of a yes", async () => {
  await using hook = openHook(() =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new Uint8Array(10)),
      }),
    )
  );
  await hook.authenticator.authenticate(accessTo("cam"));
});

Deno.test("HttpAuthenticator asks anew each time unless answers are kept", async () => {
  await using hook = openHook(yes);
  const request = accessTo("cam", { credentials: PASSWORD });
  for (let i = 0; i < 3; i++) {
    const identity = await hook.authenticator.authenticate(request);
    assertEquals(identity, { user: "ann" });
  }
  assertEquals(hook.seen.length, 3);
});

Deno.test("HttpAuthenticator keeps answers by everything but the id", async () => {
  let code = 200;
  await using hook = openHook(() => status(code), { cacheTtlMs: TTL_MS });
  const { authenticator, seen, time } = hook;
  const ask = (changes: Partial<AccessRequest> = {}) =>
    authenticator.authenticate(
      accessTo("cam", { credentials: PASSWORD, ...changes }),
    );
  const { user, expiresAtMs } = await ask();
  assertEquals([user, expiresAtMs], ["ann", START_MS + TTL_MS]);
  time.nowMs += 5_000;
  const later = await ask({ sessionId: "another" });
  assertEquals(later.expiresAtMs, START_MS + TTL_MS);
  assertEquals(seen.length, 1);
  code = 401;
  const changes: readonly Partial<AccessRequest>[] = [
    { pathName: "cam2" },
    { ip: "192.0.2.10" },
    { action: "publish" },
    { query: "a" },
    { protocol: "rtmp" },
    { userAgent: "x" },
    { credentials: { ...PASSWORD, password: "other" } },
  ];
  for (const change of changes) {
    for (let i = 0; i < 2; i++) {
      await assertRejects(ask(change), AuthenticationError);
    }
  }
  assertEquals(seen.length, 1 + changes.length);
});

Deno.test("HttpAuthenticator renews a permission by asking again", async () => {
  let answer = yes;
  await using hook = openHook(() => answer(), { cacheTtlMs: TTL_MS });
  const { authenticator, seen, time, unchecked } = hook;
  const { signal } = new AbortController();
  const request = accessTo("cam", { credentials: PASSWORD });
  const first = await authenticator.authenticate(request);
  time.nowMs += TTL_MS;
  const second = await first.renew!(signal);
  assertEquals(second.expiresAtMs, START_MS + 2 * TTL_MS);
  assertEquals(seen.length, 2);
  answer = () => status(503);
  time.nowMs += TTL_MS;
  const third = await second.renew!(signal);
  assertEquals(third.expiresAtMs, START_MS + 3 * TTL_MS);
  assertEquals(unchecked, ["server replied with code 503"]);
  answer = () => status(401);
  time.nowMs += TTL_MS;
  const error = await assertRejects(
    third.renew!(signal),
    AuthenticationError,
  );
  assertIncludes(error.message, "401");
  assert(seen.length === 4);
});

Deno.test("HttpAuthenticator does not keep that a server is in trouble", async () => {
  let code = 500;
  await using hook = openHook(() => status(code), { cacheTtlMs: TTL_MS });
  const request = accessTo("cam", { credentials: PASSWORD });
  await assertRejects(
    hook.authenticator.authenticate(request),
    AuthenticationError,
  );
  code = 200;
  await hook.authenticator.authenticate(request);
});

Deno.test("HttpAuthenticator asks no more questions at the same time than it may", async () => {
  const released = Promise.withResolvers<void>();
  await using hook = openHook(async () => {
    await released.promise;
    return yes();
  });
  const ask = () =>
    hook.authenticator.authenticate(accessTo("cam", { credentials: PASSWORD }));
  const waiting = Array.from({ length: MAX_WAITING_QUESTIONS }, ask);
  const { message } = await assertRejects(ask(), AuthenticationError);
  assertIncludes(message, "others wait for their answers");
  released.resolve();
  await Promise.all(waiting);
  await ask();
});
