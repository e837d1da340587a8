import { MAX_REVOKED_TOKENS, RevokedTokens } from "#auth/revoked_tokens.ts";
import { assert } from "#test/assert.ts";
import { FakeClock, START_WALL_MS } from "#test/fake_clock.ts";

Deno.test("RevokedTokens forgets a token when it ends by itself, and no other", () => {
  const clock = new FakeClock();
  const tokens = new RevokedTokens(clock);
  tokens.add("a", START_WALL_MS + 1_000);
  tokens.add("b", undefined);
  assert(tokens.has("a") && tokens.has("b") && !tokens.has("c"));
  clock.advance(1_000);
  assert(!tokens.has("a") && tokens.has("b"));
});

Deno.test("RevokedTokens keeps the newest of too many", () => {
  const tokens = new RevokedTokens(new FakeClock());
  for (let i = 0; i <= MAX_REVOKED_TOKENS; i++) tokens.add(`${i}`, undefined);
  assert(!tokens.has("0") && tokens.has("1"));
  assert(tokens.has(`${MAX_REVOKED_TOKENS}`));
});
