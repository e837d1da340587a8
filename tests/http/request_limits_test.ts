import { HttpError } from "#http/http_error.ts";
import { RequestLimits } from "#http/request_limits.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const CAPACITY = {
  connections: 8,
  requests: 4_096,
  requestsPerAddress: 1_024,
};

Deno.test("RequestLimits lets no address take all places", () => {
  const limits = new RequestLimits(CAPACITY);
  const entered = Array.from({ length: 1_024 }, () => limits.enter("a"));
  const refused = assertThrows(() => limits.enter("a"), HttpError);
  assertEquals(refused.status, 429);
  limits.enter("b")[Symbol.dispose]();
  entered[0]![Symbol.dispose]();
  limits.enter("a");
});

Deno.test("RequestLimits ends with the number of all", () => {
  const limits = new RequestLimits(CAPACITY);
  const entered = Array.from(
    { length: 4_096 },
    (_, i) => limits.enter(String(i % 8)),
  );
  assertEquals(assertThrows(() => limits.enter("x"), HttpError).status, 503);
  for (const one of entered) one[Symbol.dispose]();
  limits.enter("x");
});
