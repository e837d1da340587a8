import { parseJwtPermissions } from "#auth/jwt_permissions.ts";
import { parseKeySet } from "#auth/key_set.ts";
import { isPermitted } from "#auth/permission.ts";
import { checkSignature, signedQuery } from "#auth/signature.ts";
import { tokenOf } from "#auth/token.ts";
import { AuthenticationError } from "#base/access.ts";
import { Secret } from "#base/secret.ts";
import { parseSignOrder } from "#cli/sign.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { START_WALL_MS } from "#test/fake_clock.ts";
import { accessTo } from "#test/test_ports.ts";
import { type FuzzTarget, takesText } from "../fuzz_target.ts";
import { textSeeds } from "../literal_seeds.ts";

const encoder = new TextEncoder();

const RULES = {
  secret: new Secret("top-secret"),
  algorithm: "sha256",
  windowMs: 0,
  actions: ["read"],
} as const;

const END_SECONDS = START_WALL_MS / 1_000 + 60;

const SIGNED = signedQuery("cam", END_SECONDS, RULES);
const SIGNATURE = new URLSearchParams(SIGNED).get("sign")!;

/** What peers bring to be let in, and what is said of them. */
export const AUTH_TARGETS: readonly FuzzTarget[] = [
  {
    name: "jwt_permissions",
    seeds: () => [
      ...textSeeds("auth/jwt_permissions_test.ts"),
      encoder.encode('[{"action":"read","path":"~^a"},{"action":"api"}]'),
    ],
    rejects: [AuthenticationError],
    run: takesText((text) => {
      const permissions = parseJwtPermissions(text);
      isPermitted(permissions, "read", "cam");
    }),
  },
  {
    name: "jwks",
    seeds: () => [
      ...textSeeds("auth/key_set_test.ts"),
      encoder.encode(
        '{"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"}]}',
      ),
    ],
    rejects: [Error],
    run: takesText((text) => {
      assert(parseKeySet(text).every(({ kty }) => typeof kty === "string"));
    }),
  },
  {
    name: "signed_query",
    seeds: () => [
      ...textSeeds("auth/signature_test.ts", "auth/token_test.ts"),
      encoder.encode(SIGNED),
    ],
    rejects: [AuthenticationError],
    run: takesText((query) => {
      const request = accessTo("cam", { query });
      tokenOf(request, true);
      checkSignature(request, RULES, START_WALL_MS);
      const parameters = new URLSearchParams(query);
      assertEquals(parameters.get("sign")?.toLowerCase(), SIGNATURE);
      assertEquals(Number(parameters.get("ts")), END_SECONDS);
    }),
  },
  {
    name: "sign_command",
    seeds: () => [
      ...textSeeds("cli/sign_test.ts"),
      encoder.encode("live/cam\n--ttl\n30m\n--algorithm\nmd5\n--config\na.yml"),
    ],
    rejects: [RangeError],
    run: takesText((text) => {
      const { pathName, ttlMs } = parseSignOrder(text.split("\n"));
      assert(pathName !== "" && ttlMs >= 1_000, "nothing is signed");
    }),
  },
];
