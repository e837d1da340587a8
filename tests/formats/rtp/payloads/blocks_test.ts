import { ParseError } from "#base/errors.ts";
import {
  BlockDepacketizer,
  BlockPacketizer,
} from "#formats/rtp/payloads/blocks.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";

const PARTS = ["0102030405", "060708"].map((hex) => Uint8Array.fromHex(hex));

const LAYOUTS = [
  {
    name: "a byte, a tick",
    layout: { bytes: 1, ticks: 1 },
    maxPayloadBytes: 3,
    packets: [["010203", 0], ["0405", 3], ["060708", 5]],
  },
  {
    name: "two bytes, a tick; what is over at the end of a part is not sent",
    layout: { bytes: 2, ticks: 1 },
    maxPayloadBytes: 3,
    packets: [["0102", 0], ["0304", 1], ["0607", 2]],
  },
  {
    name: "a byte, four ticks",
    layout: { bytes: 1, ticks: 4 },
    maxPayloadBytes: 4,
    packets: [["01020304", 0], ["05", 16], ["060708", 20]],
  },
  {
    name: "no time of their own",
    layout: { bytes: 2, ticks: 0 },
    maxPayloadBytes: 2,
    packets: [["0102", 0], ["0304", 0], ["0607", 0]],
  },
  {
    name: "a block larger than a packet",
    layout: { bytes: 4, ticks: 1 },
    maxPayloadBytes: 3,
    packets: [],
  },
] as const;

for (const { name, layout, maxPayloadBytes, packets } of LAYOUTS) {
  Deno.test(`BlockPacketizer.packetize() splits between blocks: ${name}`, () => {
    const payloads = new BlockPacketizer(layout, maxPayloadBytes)
      .packetize(PARTS);
    assertEquals(
      payloads.map(({ bytes, offsetTicks }) => [bytes.toHex(), offsetTicks]),
      packets,
    );
    assert(payloads.every(({ marker }) => !marker));
  });
}

Deno.test("BlockDepacketizer.extract() gives payloads as they are and rejects every cut block", () => {
  const depacketizer = new BlockDepacketizer("Test payload", {
    bytes: 4,
    ticks: 1,
  });
  const payload = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  assertEquals(depacketizer.extract([payload, payload]), [payload, payload]);
  for (let length = 0; length < payload.length; length++) {
    const prefix = payload.subarray(0, length);
    if (length === 4) {
      assertEquals(depacketizer.extract([prefix]), [prefix]);
      continue;
    }
    const error = assertThrows(
      () => depacketizer.extract([payload, prefix]),
      ParseError,
    );
    assertEquals([error.format, error.field], ["Test payload", "blocks"]);
  }
});
