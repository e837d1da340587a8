import {
  activeTraceId,
  consoleMode,
  inSpan,
  isTelemetryOn,
  telemetryFault,
} from "#platform/telemetry.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";

Deno.test({
  name: "telemetry is off unless the environment asks for it",
  ignore: isTelemetryOn,
  async fn() {
    assertEquals(consoleMode(), "ignore");
    assertEquals(activeTraceId(), undefined);
    assertEquals(telemetryFault(), undefined);
    const run = () => Promise.resolve(activeTraceId());
    assertEquals(await inSpan("a", {}, run), undefined);
  },
});

Deno.test("inSpan() fails as what it runs fails", async () => {
  const error = await assertRejects(
    inSpan("a", {}, () => Promise.reject(new RangeError("broken"))),
    RangeError,
  );
  assertEquals(error.message, "broken");
});
