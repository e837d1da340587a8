import { ParseError } from "#base/errors.ts";
import type { MediaUnit, UnitOrigin } from "#core/unit.ts";
import { unitParts } from "#formats/rtp/unit_parts.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { aacPayload, AUDIO, rtpPacket, VIDEO } from "#test/units.ts";

function unitOf(origin: UnitOrigin): MediaUnit {
  return {
    trackId: 0,
    ptsTicks: 0,
    dtsTicks: 0,
    wallClockMs: 0,
    isRandomAccess: true,
    sizeBytes: 1,
    origin,
  };
}

Deno.test("unitParts() answers the parts of a unit that came as such", () => {
  const parts = [Uint8Array.of(0x65, 1), Uint8Array.of(0x65, 2)];
  assert(unitParts(unitOf({ kind: "payload", parts }), VIDEO) === parts);
});

Deno.test("unitParts() takes H264 packets apart, extension and padding aside", () => {
  const whole = rtpPacket({}, Uint8Array.fromHex("0668806501020304"));
  const extended = rtpPacket(
    {},
    Uint8Array.fromHex("bede0001aabbccdd7c856502" + "0002"),
  );
  extended[0] = 0b10_1_1_0000;
  const last = rtpPacket({}, Uint8Array.fromHex("7c4503"));
  const packets = [whole, extended, last];
  const parts = unitParts(
    unitOf({ kind: "packets", formatId: "rtp/h264", packets }),
    VIDEO,
  );
  assertEquals(parts.map((part) => part.toHex()), [
    "0668806501020304",
    "65650203",
  ]);
});

Deno.test("unitParts() takes AAC packets apart", () => {
  const frame = Uint8Array.of(0x21, 0x10, 0x04);
  const packets = [rtpPacket({}, aacPayload(frame))];
  const unit = unitOf({
    kind: "packets",
    formatId: "rtp/mpeg4-generic",
    packets,
  });
  assertEquals(unitParts(unit, AUDIO), [frame]);
});

Deno.test("unitParts() refuses packets of which one is missing", () => {
  const packets = [rtpPacket({}, Uint8Array.fromHex("7c0502"))];
  const unit = unitOf({ kind: "packets", formatId: "rtp/h264", packets });
  assertThrows(() => unitParts(unit, VIDEO), ParseError);
});
