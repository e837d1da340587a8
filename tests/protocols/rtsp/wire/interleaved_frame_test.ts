import {
  interleavedFramesSizeBytes,
  serializeInterleavedFrames,
  writeInterleavedFrames,
} from "#protocols/rtsp/wire/interleaved_frame.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";

const PACKETS = [
  Uint8Array.of(1, 2, 3),
  new Uint8Array(0),
  new Uint8Array(0x0102),
];

Deno.test("serializeInterleavedFrames() writes header and packet, one after the other", () => {
  const bytes = serializeInterleavedFrames(PACKETS, 6);
  assertEquals(bytes.length, interleavedFramesSizeBytes(PACKETS));
  assertEquals(
    bytes.subarray(0, 15).toHex(),
    "24060003010203" + "24060000" + "24060102",
  );
});

Deno.test("writeInterleavedFrames() begins at the offset and answers the one behind", () => {
  const target = new Uint8Array(20).fill(0xee);
  assertEquals(writeInterleavedFrames([Uint8Array.of(9)], 255, target, 3), 8);
  assertEquals(target.subarray(0, 10).toHex(), "eeeeee24ff000109eeee");
});

Deno.test("serializeInterleavedFrames() takes no packet that its length field cannot say", () => {
  assertEquals(
    serializeInterleavedFrames([new Uint8Array(65_535)], 0).length,
    65_539,
  );
  assertThrows(
    () => serializeInterleavedFrames([new Uint8Array(65_536)], 0),
    Error,
  );
});
