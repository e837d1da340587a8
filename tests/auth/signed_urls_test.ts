import { signedQuery } from "#auth/signature.ts";
import { SignedUrlAuthenticator } from "#auth/signed_urls.ts";
import { type AccessRequest, AuthenticationError } from "#base/access.ts";
import { Secret } from "#base/secret.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";
import { FakeClock, START_WALL_MS } from "#test/fake_clock.ts";
import { accessTo } from "#test/test_ports.ts";

const RULES = {
  secret: new Secret("top-secret"),
  algorithm: "sha256",
  windowMs: 0,
  actions: ["read", "playback"],
} as const;

const QUERY = signedQuery("cam", START_WALL_MS / 1_000 + 60, RULES);

function authenticate(
  isRequired: boolean,
  changes: Partial<AccessRequest>,
): Promise<{ readonly user: string }> {
  return new SignedUrlAuthenticator({
    rules: RULES,
    isRequired,
    others: { authenticate: () => Promise.resolve({ user: "other" }) },
    clock: new FakeClock(),
  }).authenticate(accessTo("cam", changes));
}

for (const isRequired of [true, false]) {
  const where = isRequired ? "as the only method" : "beside another method";
  Deno.test(`SignedUrlAuthenticator judges a signed URL by its signature ${where}`, async () => {
    const { user } = await authenticate(isRequired, { query: QUERY });
    assertEquals(user, "");
    const refused = { query: QUERY.replace("sign=", "sign=0") };
    await assertRejects(authenticate(isRequired, refused), AuthenticationError);
  });

  Deno.test(`SignedUrlAuthenticator leaves to others what no URL is signed for ${where}`, async () => {
    for (const action of ["api", "metrics", "pprof"] as const) {
      const changes = { action, pathName: "", query: "sign=0" };
      assertEquals((await authenticate(isRequired, changes)).user, "other");
    }
    assertEquals(
      (await authenticate(isRequired, { action: "publish" })).user,
      "other",
    );
  });
}

Deno.test("SignedUrlAuthenticator wants a signature only as the only method", async () => {
  assertEquals((await authenticate(false, {})).user, "other");
  const error = await assertRejects(
    authenticate(true, {
      credentials: { kind: "password", user: "u", password: "p" },
    }),
    AuthenticationError,
  );
  assertEquals([error.message, error.code], [
    "the URL is not signed",
    "unauthorized",
  ]);
});
