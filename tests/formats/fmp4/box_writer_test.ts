import { ByteWriter } from "#base/byte_writer.ts";
import {
  writeBox,
  writeFullBox,
  writeU64,
  writeZeros,
} from "#formats/fmp4/box_writer.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("writeBox() and writeFullBox() nest", () => {
  const writer = new ByteWriter();
  writeBox(writer, "moov", () => {
    writeFullBox(writer, "mvhd", { version: 1, flags: 0x203 }, () => {
      writeU64(writer, 2 ** 33 + 5);
      writeZeros(writer, 2);
    });
    writeFullBox(writer, "free", {}, () => {});
  });
  assertEquals(
    writer.finish().toHex(),
    "0000002a6d6f6f76" + "000000166d766864" + "01000203" +
      "0000000200000005" + "0000" + "0000000c66726565" + "00000000",
  );
});
