import { parseJwtPermissions } from "#auth/jwt_permissions.ts";
import { isPermitted } from "#auth/permission.ts";
import { AuthenticationError } from "#base/access.ts";
import { assertEquals, assertIncludes, assertThrows } from "#test/assert.ts";

const LIST = [
  { action: "publish", path: "cam" },
  { action: "read", path: "~^open" },
  { action: "api" },
];

const CLAIMS = [
  { name: "a list", claim: LIST },
  { name: "a text with a list", claim: JSON.stringify(LIST) },
];

for (const { name, claim } of CLAIMS) {
  Deno.test(`parseJwtPermissions() reads ${name}`, () => {
    const permissions = parseJwtPermissions(claim);
    const results = [
      isPermitted(permissions, "publish", "cam"),
      isPermitted(permissions, "read", "open/1"),
      isPermitted(permissions, "api", ""),
      isPermitted(permissions, "publish", "open/1"),
      isPermitted(permissions, "playback", "cam"),
    ];
    assertEquals(results, [true, true, true, false, false]);
  });
}

Deno.test("parseJwtPermissions() takes an empty list, which allows nothing", () => {
  assertEquals(parseJwtPermissions([]), []);
});

const REFUSALS = [
  { claim: undefined, reason: "must be a list" },
  { claim: { action: "read" }, reason: "must be a list" },
  { claim: "[", reason: "is no JSON" },
  { claim: '{"action":"read"}', reason: "must be a list" },
  { claim: [null], reason: "elements must be objects" },
  { claim: ["read"], reason: "elements must be objects" },
  { claim: [[]], reason: "elements must be objects" },
  { claim: [{}], reason: "action and path must be texts" },
  { claim: [{ action: 1 }], reason: "action and path must be texts" },
  {
    claim: [{ action: "read", path: null }],
    reason: "action and path must be texts",
  },
  {
    claim: [{ action: "read", paths: "" }],
    reason: 'unknown field "paths"',
  },
  { claim: [{ action: "write" }], reason: "invalid auth action: 'write'" },
  {
    claim: Array(1_001).fill({ action: "read" }),
    reason: "has more than 1000 elements",
  },
];

for (const { claim, reason } of REFUSALS) {
  const text = JSON.stringify(claim)?.slice(0, 40);
  Deno.test(`parseJwtPermissions() refuses ${text}`, () => {
    const error = assertThrows(
      () => parseJwtPermissions(claim),
      AuthenticationError,
    );
    assertIncludes(error.message, reason);
  });
}
