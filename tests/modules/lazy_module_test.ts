import type { RunningModule } from "#core/ports.ts";
import { lazyModule } from "#modules/lazy_module.ts";
import { assertEquals } from "#test/assert.ts";
import { testPorts } from "#test/test_ports.ts";

Deno.test("lazyModule() loads a module when it is switched on", async () => {
  const running: RunningModule<boolean> = {
    apply: () => "done",
    closed: Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  let loads = 0;
  const module = lazyModule<boolean>("X", (isOn) => isOn, () => {
    loads++;
    return Promise.resolve({ name: "X", open: () => running });
  });
  const { ports } = testPorts();
  assertEquals([await module.open(false, ports), loads], [undefined, 0]);
  assertEquals([await module.open(true, ports), loads], [running, 1]);
});
