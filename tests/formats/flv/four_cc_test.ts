import { fourCcNumber, fourCcText } from "#formats/flv/four_cc.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("fourCcNumber() is the number of the specification", () => {
  assertEquals(fourCcNumber("Opus"), 1_332_770_163);
  assertEquals(fourCcNumber("av01"), 1_635_135_537);
});

Deno.test("fourCcText() shows what can be printed", () => {
  assertEquals(fourCcText(fourCcNumber("ac-3")), "ac-3");
  assertEquals(fourCcText(0x0a1b31ff), "??1?");
});
