import { mpegCrc32 } from "#formats/mpegts/crc32.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("mpegCrc32() gives what stands behind sections [VLC 3.0.21]", () => {
  const sections = [
    "00b00d508cd900000001e020d2b2eb9a",
    "02b0230001f90000e064f0001be064f0060a04000000000fe0c8f0060a04000000002e28e3da",
  ];
  for (const section of sections) {
    const bytes = Uint8Array.fromHex(section);
    assertEquals(mpegCrc32(bytes), 0);
    assertEquals(
      mpegCrc32(bytes.subarray(0, -4)),
      Number(`0x${section.slice(-8)}`),
    );
  }
});

Deno.test("mpegCrc32() gives the check value of its polynomial [CRC-32/MPEG-2]", () => {
  assertEquals(mpegCrc32(new TextEncoder().encode("123456789")), 0x0376e6e7);
});
