import { MAX_WAITING_CHECKS, verifyArgon2 } from "#auth/argon2.ts";
import { AuthenticationError } from "#base/access.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";

const IP = "192.0.2.9";

/** Stands for `testpass`. */
const HASH =
  "$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$DtNZM7Gc7oLQhAWmcdzkR0YWIDU88P5Vghg57B385rI";

Deno.test("verifyArgon2() answers every check in its order, and leaves no thread behind", async () => {
  const answers = await Promise.all([
    verifyArgon2(HASH, "testpass", IP),
    verifyArgon2(HASH, "wrong", IP),
    verifyArgon2(HASH, "testpass", IP),
  ]);
  assertEquals(answers, [true, false, true]);
  assertEquals(await verifyArgon2(HASH, "testpass", IP), true, "later");
});

Deno.test("verifyArgon2() says why it cannot check, and goes on", async () => {
  const broken = assertRejects(verifyArgon2("$argon2id$", "x", IP), Error);
  const fine = verifyArgon2(HASH, "testpass", IP);
  assert((await broken).message.startsWith("Cannot check an argon2 password"));
  assertEquals(await fine, true);
});

Deno.test("verifyArgon2() refuses what would wait too long, and keeps the event loop free", async () => {
  const checks = Array.from(
    { length: MAX_WAITING_CHECKS + 1 }, // one of them does not wait
    () => verifyArgon2(HASH, "wrong", IP),
  );
  const refused = await assertRejects(
    verifyArgon2(HASH, "testpass", IP),
    AuthenticationError,
  );
  assert(!refused.isChallenge);
  assertEquals(new Set(await Promise.all(checks)), new Set([false]));
  assertEquals(await verifyArgon2(HASH, "testpass", IP), true);
});

Deno.test("verifyArgon2() lets addresses take turns", async () => {
  const order: string[] = [];
  const check = (ip: string) =>
    verifyArgon2(HASH, "wrong", ip).then(() => void order.push(ip));
  const flood = Array.from({ length: MAX_WAITING_CHECKS }, () => check(IP));
  await Promise.all([...flood, check("192.0.2.10")]);
  const place = order.indexOf("192.0.2.10");
  assert(place <= 2, `another address came after ${place} checks`);
});
