import { onReopen, onTermination } from "#platform/signals.ts";
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

Deno.test({
  name: "onReopen() hears the signal each time until disposed",
  ignore: Deno.build.os === "windows",
  async fn() {
    let heard = Promise.withResolvers<void>();
    const listening = onReopen(() => heard.resolve());
    const alive = setInterval(() => {}, 1_000);
    for (let i = 0; i < 2; i++) {
      Deno.kill(Deno.pid, "SIGUSR1");
      await heard.promise;
      heard = Promise.withResolvers();
    }
    clearInterval(alive);
    listening[Symbol.dispose]();
    listening[Symbol.dispose]();
  },
});
