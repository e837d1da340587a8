import { KeySet, parseKeySet } from "#auth/key_set.ts";
import { type Clock, systemClock } from "#base/clock.ts";
import {
  assertEquals,
  assertIncludes,
  assertRejects,
  assertThrows,
} from "#test/assert.ts";
import { type HttpAnswerer, openHttpServer } from "#test/http_server.ts";
import { keySetOf, openIssuer } from "#test/jwt.ts";

const { publicJwk } = await openIssuer("ES256", "one");
const HINT = { alg: "ES256", kid: "one" };
const HOUR_MS = 3_600_000;

/** Keys of a server, at a time that a test sets. */
function openKeySet(answer: HttpAnswerer, changes: Partial<Clock> = {}) {
  const server = openHttpServer(answer);
  const time = { nowMs: 0 };
  const clock = { ...systemClock, monotonicMs: () => time.nowMs, ...changes };
  const keys = new KeySet({
    url: server.url,
    fingerprint: "",
    timeoutMs: 60_000,
    clock,
  });
  return {
    keys,
    time,
    seen: server.seen,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

Deno.test("KeySet fetches keys once for many tokens, and again after an hour or a refresh", async () => {
  await using set = openKeySet(() => keySetOf(publicJwk));
  const { keys, time, seen } = set;
  await Promise.all(Array.from({ length: 5 }, () => keys.candidates(HINT)));
  assertEquals(seen.length, 1);
  time.nowMs = HOUR_MS - 1;
  assertEquals((await keys.candidates(HINT)).length, 1);
  assertEquals(seen.length, 1);
  time.nowMs = HOUR_MS;
  await keys.candidates(HINT);
  assertEquals(seen.length, 2);
  keys.refresh();
  await keys.candidates(HINT);
  assertEquals(seen.length, 3);
});

Deno.test("KeySet looks for an unknown key once a minute", async () => {
  await using set = openKeySet(() => keySetOf(publicJwk));
  const { keys, time, seen } = set;
  const unknown = { ...HINT, kid: "two" };
  for (const nowMs of [0, 1_000, 59_999]) {
    time.nowMs = nowMs;
    await assertRejects(keys.candidates(unknown), Error);
  }
  assertEquals(seen.length, 1);
  time.nowMs = 60_000;
  await assertRejects(keys.candidates(unknown), Error);
  assertEquals(seen.length, 2);
});

Deno.test("KeySet.candidates() gives no key that is for something else", async () => {
  await using set = openKeySet(() =>
    keySetOf(
      { ...publicJwk, use: "enc" },
      { ...publicJwk, alg: "ES384" },
      { ...publicJwk, kid: "two" },
    )
  );
  await assertRejects(set.keys.candidates(HINT), Error);
  assertEquals((await set.keys.candidates({ ...HINT, kid: "two" })).length, 1);
  await assertRejects(set.keys.candidates({ kid: "two" }), Error);
});

const FAILURES: readonly {
  readonly name: string;
  readonly answer: HttpAnswerer;
  readonly text: string;
}[] = [
  {
    name: "answers 500",
    answer: () => new Response("no", { status: 500 }),
    text: "server replied with code 500",
  },
  {
    name: "has nothing to say",
    answer: () => new Response("hello"),
    text: "is no JSON",
  },
  { name: "has no keys", answer: () => Response.json({}), text: "has no list" },
  {
    name: "has too much to say",
    answer: () => new Response(" ".repeat(128 * 1_024 + 1)),
    text: "has more than 131072 bytes",
  },
];

for (const { name, answer, text } of FAILURES) {
  Deno.test(`KeySet says so if the server ${name}, and tries again`, async () => {
    await using set = openKeySet(answer);
    for (let count = 1; count <= 2; count++) {
      const error = await assertRejects(set.keys.candidates(HINT), Error);
      assertIncludes(error.message, `Cannot fetch authJWTJWKS: ${text}`);
      assertEquals(set.seen.length, count);
    }
  });
}

Deno.test("KeySet waits no longer than it may", async () => {
  let endTime = () => {};
  const answer = () => {
    endTime();
    return new Promise<Response>(() => {});
  };
  await using set = openKeySet(answer, {
    after(_delayMs, run) {
      endTime = run;
      return () => {};
    },
  });
  const error = await assertRejects(set.keys.candidates(HINT), Error);
  assertIncludes(error.message, "no answer within 60 s");
});

Deno.test("parseKeySet() takes what is a key", () => {
  const text = JSON.stringify({ keys: [publicJwk, null, 7, {}, { kty: 1 }] });
  assertEquals(parseKeySet(text), [publicJwk]);
});

for (const text of ["", "null", "[]", "7", '{"keys":{}}', "{"]) {
  Deno.test(`parseKeySet() refuses '${text}'`, () => {
    assertThrows(() => parseKeySet(text), Error);
  });
}
