import { ParseError } from "#base/errors.ts";
import { readBoxes } from "#formats/fmp4/box_reader.ts";
import {
  parseRecordingBox,
  serializeRecordingBox,
} from "#formats/fmp4/recording_box.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const BOX = {
  streamId: Uint8Array.from({ length: 16 }, (_, i) => i),
  segmentNumber: 3n,
  dtsNs: -5_000_000_000n,
  wallClockNs: 1_700_000_000_123_456_789n,
};

Deno.test("serializeRecordingBox() writes what parseRecordingBox() reads", () => {
  const bytes = serializeRecordingBox(BOX);
  assertEquals(
    bytes.toHex(),
    "0000003c75647461" + "000000346d747869" + "00000000" +
      "000102030405060708090a0b0c0d0e0f" + "0000000000000003" +
      "fffffffed5fa0e00" + "17979cfe3d85cd15",
  );
  const [udta] = readBoxes(bytes);
  const [box] = readBoxes(udta!.body);
  assertEquals(parseRecordingBox(box!.body), BOX);
});

Deno.test("parseRecordingBox() refuses prefixes and other versions", () => {
  const body = serializeRecordingBox(BOX).subarray(16);
  for (let length = 0; length < body.length; length++) {
    assertThrows(() => parseRecordingBox(body.subarray(0, length)), ParseError);
  }
  assertThrows(() => parseRecordingBox(body.with(0, 1)), ParseError);
});
