import { ParseError } from "#base/errors.ts";
import { InputWindow } from "#formats/mp4/random_access_input.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";
import { BytesInput } from "./bytes_input.ts";

const BYTES = Uint8Array.from({ length: 100 }, (_, i) => i);

Deno.test("InputWindow reads on without asking for every few bytes", async () => {
  const input = new BytesInput(BYTES);
  const window = new InputWindow(input, 40);
  for (let at = 0; at + 5 <= 100; at += 5) {
    assertEquals(await window.read(at, 5), BYTES.slice(at, at + 5));
  }
  assertEquals(input.reads, 3);
  assertEquals(await window.read(10, 60), BYTES.slice(10, 70));
  assertEquals(input.reads, 4);
});

Deno.test("InputWindow gives less at the end, and refuses what is outside", async () => {
  const window = new InputWindow(new BytesInput(BYTES), 40);
  assertEquals(await window.read(95, 20), BYTES.slice(95));
  assertEquals((await window.read(100, 20)).length, 0);
  for (const at of [-1, 101]) {
    await assertRejects(window.read(at, 1), ParseError);
  }
});
