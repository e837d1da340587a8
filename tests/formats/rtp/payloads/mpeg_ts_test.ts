import { ParseError } from "#base/errors.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { mpegTsPayloadFormat } from "#formats/rtp/payloads/mpeg_ts.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import {
  packetsOf,
  testBadPayloads,
  testDescriptions,
} from "./format_checks.ts";

const PARAMETERS = { codec: "mpegTs" } as const;

const STATIC: RtpFormatDescription = {
  mediaType: "video",
  payloadType: 33,
  encodingName: "MP2T",
  clockRateHz: 90_000,
  channelCount: undefined,
  fmtp: new Map(),
};

/** Transport packets that are told apart by what they are filled with. */
function tsPackets(...fills: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(188 * fills.length);
  for (const [i, fill] of fills.entries()) {
    bytes.fill(fill, 188 * i, 188 * (i + 1));
    bytes[188 * i] = 0x47;
  }
  return bytes;
}

testDescriptions(mpegTsPayloadFormat, [
  { name: "the static type", description: STATIC, parameters: PARAMETERS },
]);

Deno.test("mpegTsPayloadFormat.parseDescription() takes any media and payload type, and leaves other formats alone", () => {
  for (
    const same of [
      { ...STATIC, mediaType: "application" as const },
      { ...STATIC, payloadType: 96, encodingName: "mp2t" },
    ]
  ) assertEquals(mpegTsPayloadFormat.parseDescription(same), PARAMETERS);
  for (
    const other of [
      { ...STATIC, encodingName: "MP2P" },
      { ...STATIC, clockRateHz: 48_000 },
    ]
  ) assertEquals(mpegTsPayloadFormat.parseDescription(other), undefined);
});

Deno.test("MPEG-TS packetize() splits between transport packets, all at one time", () => {
  assertEquals(
    packetsOf(mpegTsPayloadFormat, PARAMETERS, {
      parts: [tsPackets(1, 2, 3).toHex(), tsPackets(4).toHex()],
      maxPayloadBytes: 563,
    }),
    [
      [tsPackets(1, 2).toHex(), 0],
      [tsPackets(3).toHex(), 0],
      [tsPackets(4).toHex(), 0],
    ],
  );
});

Deno.test("MPEG-TS extract() gives runs of transport packets and rejects every cut one", () => {
  const depacketizer = mpegTsPayloadFormat.openDepacketizer(PARAMETERS);
  const payload = tsPackets(1, 2);
  const before = payload.slice();
  assertEquals(depacketizer.extract([payload]), [payload]);
  assertEquals(payload, before, "input must stay untouched");
  for (let length = 0; length < payload.length; length++) {
    if (length === 188) continue;
    const error = assertThrows(
      () => depacketizer.extract([payload.subarray(0, length)]),
      ParseError,
    );
    assertEquals(error.field, "blocks");
  }
});

Deno.test("MPEG-TS extract() rejects a packet without its sync byte", () => {
  const depacketizer = mpegTsPayloadFormat.openDepacketizer(PARAMETERS);
  const error = assertThrows(
    () => depacketizer.extract([tsPackets(1, 2).with(188, 0x48)]),
    ParseError,
  );
  assertEquals([error.field, error.offsetBytes], ["sync_byte", 188]);
});

testBadPayloads(mpegTsPayloadFormat, PARAMETERS, [tsPackets(1, 2)]);
