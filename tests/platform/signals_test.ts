import { onTermination } from "#platform/signals.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("onTermination() hears the signal until disposed", async () => {
  const heard = Promise.withResolvers<string>();
  const listening = onTermination(heard.resolve);
  const alive = setInterval(() => {}, 1_000); // a signal alone does not keep the test going
  Deno.kill(Deno.pid, "SIGTERM");
  assertEquals(await heard.promise, "SIGTERM");
  clearInterval(alive);
  listening[Symbol.dispose]();
  listening[Symbol.dispose]();
});
