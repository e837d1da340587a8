import { packetKernelModule } from "#formats/srtp/packet_kernel_code.ts";
import { assert, assertEquals } from "#test/assert.ts";

Deno.test("packetKernelModule() is a valid module with the functions that it promises", () => {
  const bytes = packetKernelModule(65_536);
  assert(WebAssembly.validate(bytes));
  const exports = WebAssembly.Module.exports(new WebAssembly.Module(bytes));
  assertEquals(
    exports.map(({ name }) => name),
    ["memory", "hmac", "counters", "mix"],
  );
});
