import { ParseError } from "#base/errors.ts";
import {
  amfValuesOf,
  parseRtmpControl,
  RTMP_MESSAGE_TYPE,
  type RtmpControl,
  type RtmpMessage,
  serializeRtmpControl,
} from "#protocols/rtmp/wire/messages.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

type Written = Parameters<typeof serializeRtmpControl>[0];

const CONTROLS: { control: Written; typeId: number; hex: string }[] = [
  {
    control: { kind: "setChunkSize", chunkSizeBytes: 65_536 },
    typeId: 1,
    hex: "00010000",
  },
  { control: { kind: "abort", chunkStreamId: 6 }, typeId: 2, hex: "00000006" },
  {
    control: { kind: "acknowledgement", receivedBytes: 0xfffffffe },
    typeId: 3,
    hex: "fffffffe",
  },
  {
    control: { kind: "windowAckSize", windowBytes: 2_500_000 },
    typeId: 5,
    hex: "002625a0",
  },
  {
    control: {
      kind: "setPeerBandwidth",
      windowBytes: 2_500_000,
      limitType: 2,
    },
    typeId: 6,
    hex: "002625a002",
  },
  {
    control: { kind: "streamBegin", messageStreamId: 1 },
    typeId: 4,
    hex: "000000000001",
  },
  {
    control: { kind: "streamEof", messageStreamId: 1 },
    typeId: 4,
    hex: "000100000001",
  },
  {
    control: { kind: "streamDry", messageStreamId: 1 },
    typeId: 4,
    hex: "000200000001",
  },
  {
    control: {
      kind: "setBufferLength",
      messageStreamId: 1,
      bufferLengthMs: 3_000,
    },
    typeId: 4,
    hex: "000300000001" + "00000bb8",
  },
  {
    control: { kind: "streamIsRecorded", messageStreamId: 1 },
    typeId: 4,
    hex: "000400000001",
  },
  {
    control: { kind: "pingRequest", timestampMs: 0x80000001 },
    typeId: 4,
    hex: "000680000001",
  },
  {
    control: { kind: "pingResponse", timestampMs: 7 },
    typeId: 4,
    hex: "000700000007",
  },
];

const message = (typeId: number, payload: Uint8Array): RtmpMessage => ({
  typeId,
  messageStreamId: 0,
  timestampMs: 0,
  payload,
});

for (const { control, typeId, hex } of CONTROLS) {
  Deno.test(`serializeRtmpControl() and parseRtmpControl() agree on ${control.kind}`, () => {
    const written = serializeRtmpControl(control);
    assertEquals(written, message(typeId, Uint8Array.fromHex(hex)));
    assertEquals(parseRtmpControl(written), control);
  });

  Deno.test(`parseRtmpControl() rejects every prefix of ${control.kind}`, () => {
    for (const prefix of prefixes(Uint8Array.fromHex(hex))) {
      assertThrows(() => parseRtmpControl(message(typeId, prefix)), ParseError);
    }
  });
}

Deno.test("parseRtmpControl() names events that it does not know", () => {
  const expected: RtmpControl = { kind: "unknownUserControl", eventType: 31 };
  const payload = Uint8Array.fromHex("001f00000001");
  assertEquals(
    parseRtmpControl(message(RTMP_MESSAGE_TYPE.userControl, payload)),
    expected,
  );
});

Deno.test("parseRtmpControl() leaves other messages alone", () => {
  assertEquals(parseRtmpControl(message(9, new Uint8Array(9))), undefined);
});

for (const hex of ["00000000", "80000000", "ffffffff"]) {
  Deno.test(`parseRtmpControl() rejects chunk size ${hex}`, () => {
    const payload = Uint8Array.fromHex(hex);
    const error = assertThrows(
      () => parseRtmpControl(message(RTMP_MESSAGE_TYPE.setChunkSize, payload)),
      ParseError,
    );
    assertEquals(error.field, "chunkSize");
  });
}

Deno.test("parseRtmpControl() throws only ParseError on mutated input", () => {
  const seeds = CONTROLS.map(({ hex }) => Uint8Array.fromHex(hex));
  let typeId = 0;
  for (const payload of mutations(seeds)) {
    try {
      parseRtmpControl(message(typeId = typeId % 7 + 1, payload));
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});

for (
  const [name, typeId, payload, values] of [
    ["a command", RTMP_MESSAGE_TYPE.commandAmf0, "020001", "020001"],
    ["an AMF3 command", RTMP_MESSAGE_TYPE.commandAmf3, "00020001", "020001"],
    ["an AMF3 command without the 0", 17, "020001", "020001"],
    ["AMF3 data", RTMP_MESSAGE_TYPE.dataAmf3, "00020001", "020001"],
    ["data that begins with a number", RTMP_MESSAGE_TYPE.dataAmf0, "00", "00"],
    ["nothing", RTMP_MESSAGE_TYPE.commandAmf3, "", ""],
  ] as const
) {
  Deno.test(`amfValuesOf() finds the values of ${name}`, () => {
    const found = amfValuesOf(message(typeId, Uint8Array.fromHex(payload)));
    assertEquals(found.toHex(), values);
  });
}
