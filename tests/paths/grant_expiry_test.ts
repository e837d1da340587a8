import { AuthenticationError, type Identity } from "#base/access.ts";
import { GrantExpiry } from "#paths/grant_expiry.ts";
import { assertEquals } from "#test/assert.ts";
import { FakeClock, settled, START_WALL_MS } from "#test/fake_clock.ts";

const DAY_MS = 86_400_000;

/** Waits for the end of an identity. */
function watch(identity: Identity, clock = new FakeClock()) {
  const ends: string[] = [];
  const expiry = new GrantExpiry({
    identity,
    clock,
    onEnd: (reason) => void ends.push(reason),
  });
  expiry.start();
  return { clock, ends, expiry };
}

Deno.test("GrantExpiry waits for nothing if there is no end", () => {
  const { clock } = watch({ user: "ann" });
  assertEquals(clock.pendingTimers, 0);
});

for (const [user, text] of [["ann", " of user 'ann'"], ["", ""]] as const) {
  Deno.test(`GrantExpiry ends a permission${text} when its token does`, () => {
    const expiresAtMs = START_WALL_MS + 60_000;
    const { clock, ends } = watch({ user, expiresAtMs });
    clock.advance(59_999);
    assertEquals(ends, []);
    clock.advance(1);
    assertEquals(ends, [`the token${text} has expired`]);
    assertEquals(clock.pendingTimers, 0);
  });
}

Deno.test("GrantExpiry ends at once what is over already, but not before its session can hear it", () => {
  const { clock, ends } = watch({ user: "", expiresAtMs: 1 });
  assertEquals(ends, []);
  clock.advance(0);
  assertEquals(ends.length, 1);
});

Deno.test("GrantExpiry waits for years with short timers", () => {
  const clock = new FakeClock();
  let longestMs = 0;
  const after = clock.after.bind(clock);
  clock.after = (delayMs, run) => {
    longestMs = Math.max(longestMs, delayMs);
    return after(delayMs, run);
  };
  const expiresAtMs = START_WALL_MS + 400 * DAY_MS;
  const { ends } = watch({ user: "", expiresAtMs }, clock);
  clock.advance(400 * DAY_MS - 1);
  assertEquals(ends, []);
  clock.advance(1);
  assertEquals(ends.length, 1);
  assertEquals(longestMs < 2 ** 31, true);
});

Deno.test("GrantExpiry notices a wall clock that is set", () => {
  const { clock, ends } = watch({
    user: "",
    expiresAtMs: START_WALL_MS + DAY_MS,
  });
  clock.shiftWall(DAY_MS);
  clock.advance(3_600_000);
  assertEquals(ends.length, 1);
});

Deno.test("GrantExpiry goes on as long as the identity is renewed", async () => {
  const clock = new FakeClock();
  const answers: (Identity | Error)[] = [];
  const renew = (): Promise<Identity> => {
    const answer = answers.shift()!;
    return answer instanceof Error
      ? Promise.reject(answer)
      : Promise.resolve(answer);
  };
  const renewed = (afterMs: number): Identity => ({
    user: "ann",
    expiresAtMs: START_WALL_MS + afterMs,
    renew,
  });
  const { ends } = watch(renewed(1_000), clock);
  answers.push(renewed(2_000), renewed(3_000));
  for (let i = 0; i < 2; i++) {
    clock.advance(1_000);
    await settled();
    assertEquals(ends, []);
  }
  answers.push(new AuthenticationError("not any more", false));
  clock.advance(1_000);
  await settled();
  assertEquals(ends, [
    "the permission of user 'ann' was taken back: not any more",
  ]);
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("GrantExpiry does nothing once it is disposed of", async () => {
  const { promise, reject } = Promise.withResolvers<Identity>();
  const { signal, identity } = renewable(() => promise);
  const { clock, ends, expiry } = watch(identity);
  clock.advance(1_000);
  expiry[Symbol.dispose]();
  assertEquals(signal()?.aborted, true);
  reject(new Error("the answer comes late"));
  await settled();
  assertEquals(ends, []);
  const other = watch(identity);
  other.expiry[Symbol.dispose]();
  assertEquals(other.clock.pendingTimers, 0);
});

/** An identity, and the signal that its renewal was given. */
function renewable(renew: () => Promise<Identity>): {
  readonly identity: Identity;
  readonly signal: () => AbortSignal | undefined;
} {
  let given: AbortSignal | undefined;
  return {
    identity: {
      user: "",
      expiresAtMs: START_WALL_MS + 1_000,
      renew: (signal) => {
        given = signal;
        return renew();
      },
    },
    signal: () => given,
  };
}
