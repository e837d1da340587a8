import { EventBus } from "#base/event_bus.ts";
import type { Logger } from "#base/log.ts";
import { PathError } from "#core/errors.ts";
import {
  type AccessRequest,
  AuthenticationError,
  type Authenticator,
} from "#base/access.ts";
import { PathManager } from "#paths/path_manager.ts";
import { PathMatcher } from "#paths/path_matcher.ts";
import type { PathSettings } from "#paths/path.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { FakeClock, settled } from "#test/fake_clock.ts";
import { FakeSource } from "#test/fake_source.ts";
import {
  accessTo,
  openAuthenticator,
  passwordAuthenticator,
  PATH_SETTINGS,
  PULL_LIMITS,
  sessionOwner,
  testPorts,
  USER,
} from "#test/test_ports.ts";
import { AUDIO, VIDEO } from "#test/units.ts";

const PASSWORD = {
  kind: "password",
  user: USER.name,
  password: USER.password,
} as const;

const PATHS: Readonly<Record<string, Partial<PathSettings>>> = {
  "plain": {},
  "~^cam[0-9]+$": {},
  "pulled": { source: "rtsp://192.0.2.1/x" },
  "away": { source: "redirect", sourceRedirect: "rtsp://192.0.2.2/there" },
  "back": { fallback: "/other" },
};

type Kind = "describe" | "read" | "publish";

function ask(
  paths: PathManager,
  kind: Kind,
  request: AccessRequest,
): Promise<unknown> {
  if (kind === "describe") return paths.describe(request);
  const owner = sessionOwner(testPorts().logger, "s");
  return kind === "read"
    ? paths.read(request, owner)
    : paths.publish(request, owner);
}

/** Requests that fail, in the order of the checks. As MediaMTX answers them. */
const REFUSALS: readonly {
  readonly name: string;
  readonly kinds: readonly Kind[];
  readonly pathName: string;
  readonly isLoggedIn: boolean;
  readonly error: string;
}[] = [
  {
    name: "a bad name before asking for a password",
    kinds: ["describe", "read", "publish"],
    pathName: "a/../b",
    isLoggedIn: false,
    error:
      "invalid_path_name: invalid path name: can't contain dot path segments (a/../b)",
  },
  {
    name: "a name that no entry has before asking for a password",
    kinds: ["describe", "read", "publish"],
    pathName: "nowhere",
    isLoggedIn: false,
    error: "path_not_configured: path 'nowhere' is not configured",
  },
  {
    name: "nobody in particular before looking at the path",
    kinds: ["describe", "read", "publish"],
    pathName: "pulled",
    isLoggedIn: false,
    error: "challenge: authentication failed",
  },
  {
    name: "a path without a stream",
    kinds: ["describe", "read"],
    pathName: "plain",
    isLoggedIn: true,
    error: "no_stream: no stream is available on path 'plain'",
  },
  {
    name: "a path of a pattern that nobody has used yet",
    kinds: ["describe", "read"],
    pathName: "cam7",
    isLoggedIn: true,
    error: "no_stream: no stream is available on path 'cam7'",
  },
  {
    name: "a reader of a path that looks elsewhere",
    kinds: ["read"],
    pathName: "away",
    isLoggedIn: true,
    error: "no_stream: no stream is available on path 'away'",
  },
  {
    name: "a publisher of a path that pulls",
    kinds: ["publish"],
    pathName: "pulled",
    isLoggedIn: true,
    error:
      "not_a_publisher_path: can't publish to path 'pulled' since 'source' is not 'publisher'",
  },
];

for (const { name, kinds, pathName, isLoggedIn, error } of REFUSALS) {
  for (const kind of kinds) {
    Deno.test(`PathManager.${kind}() refuses ${name}`, async () => {
      using test = testPorts({
        paths: PATHS,
        authenticator: passwordAuthenticator,
      });
      const request = accessTo(
        pathName,
        isLoggedIn ? { credentials: PASSWORD } : {},
      );
      const thrown = await assertRejects(
        ask(test.paths, kind, request),
        Error,
      );
      assertEquals(textOf(thrown), error);
      assertEquals(test.clock.pendingTimers, 0);
    });
  }
}

function textOf(error: Error): string {
  if (error instanceof PathError) return `${error.code}: ${error.message}`;
  assert(error instanceof AuthenticationError);
  return `${error.isChallenge ? "challenge" : "refusal"}: ${error.message}`;
}

const REDIRECTS = [
  { pathName: "away", target: "rtsp://192.0.2.2/there" },
  { pathName: "back", target: "/other" },
];

for (const { pathName, target } of REDIRECTS) {
  Deno.test(`PathManager.describe() sends readers of "${pathName}" elsewhere`, async () => {
    using test = testPorts({ paths: PATHS });
    assertEquals(await test.paths.describe(accessTo(pathName)), {
      kind: "redirect",
      target,
    });
  });
}

Deno.test("PathManager.describe() prefers a stream to the fallback", async () => {
  using test = testPorts({ paths: PATHS });
  const publisher = await test.paths.publish(
    accessTo("back", { action: "publish" }),
    sessionOwner(test.logger, "p"),
  );
  publisher.attach([VIDEO, AUDIO]);
  const description = await test.paths.describe(accessTo("back"));
  assert(description.kind === "stream");
  assertEquals(description.stream.tracks, [VIDEO, AUDIO]);
  publisher[Symbol.dispose]();
  assertEquals((await test.paths.describe(accessTo("back"))).kind, "redirect");
});

Deno.test("PathManager.read() and publish() give grants to the user", async () => {
  using test = testPorts({
    paths: PATHS,
    authenticator: passwordAuthenticator,
  });
  const request = accessTo("cam1", { credentials: PASSWORD });
  using publisher = await test.paths.publish(
    request,
    sessionOwner(test.logger, "p"),
  );
  publisher.attach([VIDEO]);
  using reader = await test.paths.read(request, sessionOwner(test.logger, "r"));
  for (const grant of [publisher, reader]) {
    assertEquals(
      [grant.pathName, grant.user, grant.revision, grant.expiresAtMs],
      ["cam1", USER.name, 1, undefined],
    );
    assert(!grant.revoked.aborted);
  }
});

Deno.test("PathManager asks for one login while another one waits", async () => {
  const { promise, resolve } = Promise.withResolvers<{ user: string }>();
  const slow: Authenticator = {
    authenticate: ({ ip }) =>
      ip === "192.0.2.9" ? promise : Promise.resolve({ user: "" }),
  };
  using test = testPorts({ authenticator: slow });
  const owner = sessionOwner(test.logger, "p");
  const first = test.paths.publish(accessTo("cam"), owner);
  const second = await test.paths.publish(
    accessTo("cam", { ip: "192.0.2.10" }),
    owner,
  );
  second.attach([VIDEO]);
  resolve({ user: "" });
  (await first)[Symbol.dispose]();
  second[Symbol.dispose]();
});

Deno.test("PathManager keeps a path of a pattern while somebody uses it", async () => {
  using test = testPorts({ paths: { all_others: {} } });
  const publish = () =>
    test.paths.publish(
      accessTo("cam", { action: "publish" }),
      sessionOwner(test.logger, "p"),
    );
  const read = () =>
    test.paths.read(accessTo("cam"), sessionOwner(test.logger, "r"));
  const first = await publish();
  first.attach([VIDEO]);
  const reader = await read();
  first[Symbol.dispose]();
  const second = await publish();
  second.attach([VIDEO]);
  assert((await read()).stream === reader.stream, "the path was forgotten");
});

Deno.test("PathManager forgets a path of a pattern that nobody uses, and its time", async () => {
  using test = testPorts({ paths: { all_others: {}, plain: {} } });
  for (const [name, isKept] of [["cam", false], ["plain", true]] as const) {
    const streams = [];
    for (let i = 0; i < 2; i++) {
      const request = accessTo(name, { action: "publish" });
      const publisher = await test.paths.publish(
        request,
        sessionOwner(test.logger, "p"),
      );
      publisher.attach([VIDEO]);
      const description = await test.paths.describe(accessTo(name));
      assert(description.kind === "stream");
      streams.push(description.stream);
      publisher[Symbol.dispose]();
    }
    assertEquals(streams[0] === streams[1], isKept, name);
  }
});

Deno.test("PathManager[Symbol.asyncDispose]() takes every grant back", async () => {
  const test = testPorts();
  const request = accessTo("cam");
  const publisher = await test.paths.publish(
    request,
    sessionOwner(test.logger, "p"),
  );
  publisher.attach([VIDEO]);
  const reader = await test.paths.read(request, sessionOwner(test.logger, "r"));
  const candidate = await test.paths.publish(
    request,
    sessionOwner(test.logger, "c"),
  );
  await test.paths[Symbol.asyncDispose]();
  for (const { revoked } of [publisher, reader, candidate]) {
    assert(revoked.aborted);
    assertEquals(String(revoked.reason), "PathError: terminated");
  }
  for (const grant of [publisher, reader, candidate]) grant[Symbol.dispose]();
});

for (const kind of ["describe", "read", "publish"] as const) {
  Deno.test(`PathManager.${kind}() opens no path once all are closed, however slow the login is`, async () => {
    const login = Promise.withResolvers<{ user: string }>();
    const source = new FakeSource();
    const test = testPorts({
      paths: {
        "~^cam": { source: "fake://origin", sourceOnDemand: true },
        always: { source: "fake://origin" },
        all_others: {},
      },
      authenticator: { authenticate: () => login.promise },
      sources: [source],
    });
    const asked = ["cam1", "always", "other"].map((name) =>
      assertRejects(ask(test.paths, kind, accessTo(name)), PathError)
    );
    await settled();
    await test.paths[Symbol.asyncDispose]();
    const pulls = source.pulls.length;
    login.resolve({ user: "" });
    for (const error of await Promise.all(asked)) {
      assertEquals([error.code, error.message], ["terminated", "terminated"]);
    }
    await settled();
    assertEquals(source.pulls.length, pulls);
    assertEquals([source.running, test.clock.pendingTimers], [0, 0]);
  });
}

Deno.test("PathManager forgets a path whose stream cannot come", async () => {
  const opened: string[] = [];
  const logger: Logger = {
    error: () => {},
    warn: () => {},
    info: () => {},
    debug: () => {},
    child: (prefix) => {
      opened.push(prefix);
      return logger;
    },
  };
  const settings = { source: "strange://origin", sourceOnDemand: true };
  await using paths = new PathManager({
    matcher: new PathMatcher(
      new Map([
        ["~^cam$", { ...PATH_SETTINGS, ...settings }],
      ]),
    ),
    authenticator: openAuthenticator,
    clock: new FakeClock(),
    logger,
    events: new EventBus(),
    maxQueuedUnits: 512,
    sourcePorts: {
      sources: [],
      limits: PULL_LIMITS,
      runDemand: () => () => {},
    },
    revision: 1,
  });
  for (let i = 0; i < 2; i++) {
    await assertRejects(paths.describe(accessTo("cam")), PathError);
  }
  assertEquals(opened, ["path cam", "path cam"]);
});

for (const kind of ["describe", "read", "publish"] as const) {
  Deno.test(`PathManager.${kind}() gives nothing to a peer that has gone while it logged in`, async () => {
    const login = Promise.withResolvers<{ user: string }>();
    const source = new FakeSource();
    const test = testPorts({
      paths: {
        live: {},
        "~^cam": { source: "fake://origin", sourceOnDemand: true },
      },
      authenticator: {
        authenticate: ({ ip }) =>
          ip === "192.0.2.9" ? login.promise : Promise.resolve({ user: "" }),
      },
      sources: [source],
    });
    const publisher = await test.paths.publish(
      accessTo("live", { ip: "192.0.2.10" }),
      sessionOwner(test.logger, "p"),
    );
    publisher.attach([VIDEO]);
    const abort = new AbortController();
    const { signal } = abort;
    const asked = ["cam1", "live"].map((name) =>
      assertRejects(
        ask(test.paths, kind, accessTo(name, { signal })),
        RangeError,
      )
    );
    abort.abort(new RangeError("EOF"));
    login.resolve({ user: "" });
    await Promise.all(asked);
    assertEquals([source.pulls.length, test.clock.pendingTimers], [0, 0]);
    await test.paths[Symbol.asyncDispose]();
  });
}

Deno.test("PathManager lets a reader that waited in to a publisher that has replaced another at once", async () => {
  const test = testPorts({ paths: { cam: { runOnDemand: "make it" } } });
  const owner = sessionOwner(test.logger, "s");
  const reading = test.paths.read(accessTo("cam"), owner);
  const [first, second] = await Promise.all([
    test.paths.publish(accessTo("cam"), owner),
    test.paths.publish(accessTo("cam"), owner),
  ]);
  first.attach([AUDIO]);
  second.attach([VIDEO]);
  const reader = await reading;
  assertEquals(reader.stream.tracks, [VIDEO]);
  assert(!reader.revoked.aborted);
  for (const grant of [reader, first, second]) grant[Symbol.dispose]();
  await test.paths[Symbol.asyncDispose]();
});
