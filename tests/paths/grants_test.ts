import type { Identity } from "#base/access.ts";
import { assertEquals } from "#test/assert.ts";
import { settled, START_WALL_MS } from "#test/fake_clock.ts";
import { accessTo, sessionOwner, testPorts } from "#test/test_ports.ts";
import { VIDEO } from "#test/units.ts";

/** Somebody who may stay for a minute. */
const GUEST: Identity = {
  user: "ann",
  expiresAtMs: START_WALL_MS + 60_000,
  tokenId: "t",
};

Deno.test("a grant ends with the identity it was given to", async () => {
  using test = testPorts({
    authenticator: { authenticate: () => Promise.resolve(GUEST) },
  });
  const owner = sessionOwner(test.logger, "s");
  const publisher = await test.paths.publish(accessTo("cam"), owner);
  publisher.attach([VIDEO]);
  const reader = await test.paths.read(accessTo("cam"), owner);
  const other = await test.paths.read(accessTo("cam"), owner);
  other[Symbol.dispose]();
  test.clock.advance(59_999);
  assertEquals([publisher.revoked.aborted, reader.revoked.aborted], [
    false,
    false,
  ]);
  test.clock.advance(1);
  await settled();
  for (const { revoked } of [publisher, reader]) {
    assertEquals(
      String(revoked.reason),
      "PathError: the token of user 'ann' has expired",
    );
  }
  assertEquals(other.revoked.aborted, false, "nobody holds it any more");
  for (const grant of [reader, publisher]) grant[Symbol.dispose]();
});
