import { isVp8KeyFrame } from "#codecs/vp8.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("isVp8KeyFrame() reads the first byte of frames [libvpx]", () => {
  for (
    const [firstByte, expected] of [[0x70, true], [0x10, true], [0xb1, false], [
      0x91,
      false,
    ]] as const
  ) assertEquals(isVp8KeyFrame(firstByte), expected);
});
