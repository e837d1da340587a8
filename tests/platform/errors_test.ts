import { toPlatformError } from "#platform/errors.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("toPlatformError() names the reason", () => {
  const cases: [unknown, string][] = [
    [new Deno.errors.AddrInUse("a"), "address_in_use"],
    [new Deno.errors.PermissionDenied("a"), "permission"],
    [new Deno.errors.NotCapable("a"), "permission"],
    [Object.assign(new Error("a"), { code: "EMFILE" }), "too_many_files"],
    [new Error("failed to lookup address information: x"), "not_found"],
    ["a", "other"],
  ];
  for (const [thrown, code] of cases) {
    const error = toPlatformError(thrown, "do it", 5);
    assertEquals([error.code, error.port, error.cause], [code, 5, thrown]);
    assertEquals(toPlatformError(error, "do more"), error);
  }
});
