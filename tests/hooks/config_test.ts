import { connectionHookKeys, pathHookKeys } from "#hooks/config.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("hook keys take commands and addresses of webhooks", () => {
  const { schema } = pathHookKeys.runOnAvailable.type;
  const cases = [
    ["", true],
    ["curl http://", true],
    ["https://hooks.example.com/a?b=c", true],
    ["HTTP://u:p@127.0.0.1:8080", true],
    ["http://", false],
    ["https://a b/", false],
    ["http://host:99999/", false],
  ] as const;
  for (const [value, isTaken] of cases) {
    assertEquals(schema.safeParse(value).success, isTaken, value);
  }
});

Deno.test("hookSecret takes text, and Base64 after whsec_", () => {
  const { schema } = connectionHookKeys.hookSecret.type;
  const cases = [
    ["", true],
    ["any text at all", true],
    ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true],
    ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", true],
    ["whsec_", false],
    ["whsec_not Base64!", false],
  ] as const;
  for (const [value, isTaken] of cases) {
    assertEquals(schema.safeParse(value).success, isTaken, value);
  }
});
