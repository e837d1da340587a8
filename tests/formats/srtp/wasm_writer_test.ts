import { serializeWasmModule, WasmCode } from "#formats/srtp/wasm_writer.ts";
import { assert, assertEquals } from "#test/assert.ts";

Deno.test("serializeWasmModule() writes a module [golden bytes]", () => {
  const body = new WasmCode().i32(0).get(0).i32Store16(200).bytes;
  const module = serializeWasmModule([
    { name: "f", paramCount: 1, i32Count: 0, v128Count: 0, body },
  ], 65_537);
  assertEquals(
    module.toHex(),
    "0061736d01000000" + // magic, version
      "010501" + "60017f00" + // one type: a number in, nothing out
      "03020100" + // one function of that type
      "050401010202" + // one memory of exactly two pages
      "070e02" + "066d656d6f72790200" + "01660000" + // "memory" and "f"
      "0a1001" + "0e02007f007b" + "41002000" + "3b00c801" + "0b",
  );
  assert(WebAssembly.validate(module));
});

Deno.test("WasmCode counts, branches and shifts", () => {
  const code = new WasmCode()
    .loop()
    .get(1).i32(-65).i32Add().i32(66).i32Add().set(1)
    .get(0).i32(1).i32Sub().tee(0).i32(0).i32Or().repeatIf()
    .end()
    .get(1).i32(300).i32LtU().if()
    .i32(0).get(1).i32(8).i32Shl().i32Store16(0)
    .else()
    .i32(0).get(1).i32(8).i32ShrU().i32Store16(0)
    .end();
  const module = new WebAssembly.Module(serializeWasmModule([{
    name: "count",
    paramCount: 1,
    i32Count: 1,
    v128Count: 0,
    body: code.bytes,
  }], 1));
  const { memory, count } = new WebAssembly.Instance(module).exports as {
    memory: WebAssembly.Memory;
    count(turns: number): void;
  };
  const bytes = new Uint8Array(memory.buffer);
  count(7);
  assertEquals([bytes[0], bytes[1]], [0, 7]);
  count(0x1234);
  assertEquals([bytes[0], bytes[1]], [0x12, 0]);
});
