import { WholePacketizer } from "#formats/rtp/payloads/whole_packets.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("WholePacketizer.packetize() sends parts as they are, but none over the limit", () => {
  const parts = ["010203", "01020304", "05"].map((hex) =>
    Uint8Array.fromHex(hex)
  );
  assertEquals(
    new WholePacketizer(3).packetize(parts),
    [parts[0]!, parts[2]!].map((bytes) => ({
      bytes,
      marker: false,
      offsetTicks: 0,
    })),
  );
});
