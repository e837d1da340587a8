import { MAX_WAITING_CHECKS, verifyArgon2 } from "#auth/argon2.ts";
import { AuthenticationError } from "#core/errors.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";

/** Stands for `testpass`. */
const HASH =
  "$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$DtNZM7Gc7oLQhAWmcdzkR0YWIDU88P5Vghg57B385rI";

Deno.test("verifyArgon2() answers every check in its order, and leaves no thread behind", async () => {
  const answers = await Promise.all([
    verifyArgon2(HASH, "testpass"),
    verifyArgon2(HASH, "wrong"),
    verifyArgon2(HASH, "testpass"),
  ]);
  assertEquals(answers, [true, false, true]);
  assertEquals(await verifyArgon2(HASH, "testpass"), true, "later");
});

Deno.test("verifyArgon2() says why it cannot check, and goes on", async () => {
  const broken = assertRejects(verifyArgon2("$argon2id$", "x"), Error);
  const fine = verifyArgon2(HASH, "testpass");
  assert((await broken).message.startsWith("Cannot check an argon2 password"));
  assertEquals(await fine, true);
});

Deno.test("verifyArgon2() refuses what would wait too long, and keeps the event loop free", async () => {
  const checks = Array.from(
    { length: MAX_WAITING_CHECKS },
    () => verifyArgon2(HASH, "wrong"),
  );
  const refused = await assertRejects(
    verifyArgon2(HASH, "testpass"),
    AuthenticationError,
  );
  assert(!refused.isChallenge);
  assertEquals(new Set(await Promise.all(checks)), new Set([false]));
  assertEquals(await verifyArgon2(HASH, "testpass"), true);
});
