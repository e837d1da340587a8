import { ParseError } from "#base/errors.ts";
import type { Mpeg4VideoParameters } from "#codecs/codec.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { mpeg4VideoPayloadFormat } from "#formats/rtp/payloads/mpeg4_video.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { chunkings, mutations } from "#test/splits.ts";

const CONFIG = "000001b001000001b58913000001000000012000c48d8800cd0204061443";
const OTHER_CONFIG = CONFIG.replace("b001", "b003");
const LAYER = CONFIG.slice(CONFIG.indexOf("00000120"));
const GROUP = "000001b300100700";
const I_VOP = "000001b610604d82e1ac06";
const P_VOP = "000001b650604d82";

const PARAMETERS: Mpeg4VideoParameters = {
  codec: "mpeg4Video",
  config: Uint8Array.fromHex(CONFIG),
  profileLevelId: 1,
};
const UNKNOWN: Mpeg4VideoParameters = {
  codec: "mpeg4Video",
  config: undefined,
  profileLevelId: undefined,
};

const PLAIN: RtpFormatDescription = {
  mediaType: "video",
  payloadType: undefined,
  encodingName: "MP4V-ES",
  clockRateHz: 90_000,
  channelCount: undefined,
  fmtp: new Map([
    ["profile-level-id", "1"],
    ["config", CONFIG.toUpperCase()],
  ]),
};

function open(parameters: Mpeg4VideoParameters) {
  return mpeg4VideoPayloadFormat.openDepacketizer(parameters);
}

function fromHex(...hexes: readonly string[]): Uint8Array[] {
  return hexes.map((hex) => Uint8Array.fromHex(hex));
}

Deno.test("mpeg4VideoPayloadFormat.parseDescription() and describe() agree", () => {
  const { parseDescription, describe } = mpeg4VideoPayloadFormat;
  assertEquals(parseDescription(PLAIN), PARAMETERS);
  assertEquals(describe(PARAMETERS), PLAIN);
  const lower = { ...PLAIN, encodingName: "mp4v-es", fmtp: new Map() };
  assertEquals(parseDescription(lower), UNKNOWN);
  const unknown = describe(UNKNOWN)?.fmtp;
  assertEquals(unknown, new Map([["profile-level-id", "1"]]));
});

Deno.test("mpeg4VideoPayloadFormat.parseDescription() leaves other formats alone and names faults", () => {
  const { parseDescription } = mpeg4VideoPayloadFormat;
  for (
    const other of [
      { ...PLAIN, encodingName: "mpeg4-generic" },
      { ...PLAIN, clockRateHz: 25 },
    ]
  ) assertEquals(parseDescription(other), undefined);
  for (
    const [name, value] of [
      ["config", "000001b"],
      ["config", "00".repeat(16_385)],
      ["profile-level-id", "256"],
      ["profile-level-id", "one"],
    ] as const
  ) {
    const error = assertThrows(
      () => parseDescription({ ...PLAIN, fmtp: new Map([[name, value]]) }),
      ParseError,
    );
    assertEquals(error.field, name);
  }
});

const UNITS = [
  { name: "a P-VOP", hex: P_VOP, isRandomAccess: false, config: CONFIG },
  { name: "an I-VOP", hex: I_VOP, isRandomAccess: true, config: CONFIG },
  {
    name: "a group",
    hex: GROUP + I_VOP,
    isRandomAccess: true,
    config: CONFIG,
  },
  {
    name: "the known configuration",
    hex: CONFIG + GROUP + I_VOP,
    isRandomAccess: true,
    config: CONFIG,
  },
  {
    name: "the layer of the known configuration alone",
    hex: LAYER + I_VOP,
    isRandomAccess: true,
    config: CONFIG,
  },
  {
    name: "another configuration",
    hex: OTHER_CONFIG + I_VOP,
    isRandomAccess: true,
    config: OTHER_CONFIG,
  },
  {
    name: "another configuration without a picture",
    hex: OTHER_CONFIG,
    isRandomAccess: false,
    config: OTHER_CONFIG,
  },
  {
    name: "no start code",
    hex: "0102030405",
    isRandomAccess: false,
    config: CONFIG,
  },
] as const;

for (const { name, hex, isRandomAccess, config } of UNITS) {
  Deno.test(`MPEG-4 inspect() sees ${name}, however it is fragmented`, () => {
    const unit = Uint8Array.fromHex(hex);
    for (const payloads of chunkings(unit)) {
      const summary = open(PARAMETERS).inspect(payloads);
      const known = summary.parameters ?? PARAMETERS;
      assertEquals(summary.isRandomAccess, isRandomAccess);
      assertEquals(summary.parameters === undefined, config === CONFIG);
      assertEquals(known.config?.toHex(), config);
      assertEquals(known.profileLevelId, config === CONFIG ? 1 : 3);
    }
  });

  Deno.test(`MPEG-4 extract() joins the fragments of ${name}`, () => {
    const unit = Uint8Array.fromHex(hex);
    for (const payloads of chunkings(unit)) {
      assertEquals(open(PARAMETERS).extract(payloads), [unit]);
    }
  });
}

Deno.test("MPEG-4 inspect() tells of new parameters once", () => {
  const depacketizer = open(UNKNOWN);
  const unit = fromHex(CONFIG + GROUP + I_VOP);
  assertEquals(depacketizer.inspect(unit).parameters, PARAMETERS);
  assertEquals(depacketizer.inspect(unit).parameters, undefined);
  const empty = depacketizer.inspect([]);
  assertEquals(empty, { isRandomAccess: false, parameters: undefined });
  assertEquals(depacketizer.extract([]), []);
});

Deno.test("MPEG-4 packetize() splits at any byte and marks the end of the frame", () => {
  const payloads = mpeg4VideoPayloadFormat.openPacketizer(UNKNOWN, 5)
    .packetize(fromHex(I_VOP), true);
  assertEquals(
    payloads.map(({ bytes, marker }) => [bytes.toHex(), marker]),
    [["000001b610", false], ["604d82e1ac", false], ["06", true]],
  );
});

for (
  const { name, hex, isRandomAccess, expected } of [
    { name: "a P-VOP", hex: P_VOP, isRandomAccess: false, expected: P_VOP },
    {
      name: "an I-VOP",
      hex: I_VOP,
      isRandomAccess: true,
      expected: CONFIG + I_VOP,
    },
    {
      name: "a group with its own configuration",
      hex: OTHER_CONFIG + GROUP + I_VOP,
      isRandomAccess: true,
      expected: CONFIG + GROUP + I_VOP,
    },
    {
      name: "a P-VOP with configuration",
      hex: CONFIG + P_VOP,
      isRandomAccess: false,
      expected: P_VOP,
    },
    {
      name: "user data before a P-VOP",
      hex: `000001b241${P_VOP}`,
      isRandomAccess: false,
      expected: `000001b241${P_VOP}`,
    },
    {
      name: "configuration alone",
      hex: CONFIG,
      isRandomAccess: false,
      expected: "",
    },
  ]
) {
  Deno.test(`MPEG-4 packetize() puts the stored configuration where it belongs for ${name}`, () => {
    const payloads = mpeg4VideoPayloadFormat.openPacketizer(PARAMETERS, 1_000)
      .packetize(fromHex(hex), isRandomAccess);
    assertEquals(payloads.map(({ bytes }) => bytes.toHex()).join(), expected);
  });
}

Deno.test("MPEG-4 packetize() and extract() agree at every payload size", () => {
  const unit = Uint8Array.fromHex(CONFIG + GROUP + I_VOP);
  for (let size = 1; size <= unit.length + 1; size++) {
    const payloads = mpeg4VideoPayloadFormat.openPacketizer(PARAMETERS, size)
      .packetize([unit], true);
    assert(payloads.every(({ bytes }) => bytes.length <= size));
    const parts = open(PARAMETERS).extract(payloads.map(({ bytes }) => bytes));
    assertEquals(parts, [unit]);
  }
});

Deno.test("MPEG-4 inspect() and extract() never throw", () => {
  const seeds = UNITS.map(({ hex }) => Uint8Array.fromHex(hex));
  const depacketizer = open(PARAMETERS);
  for (const bytes of mutations(seeds)) {
    const half = bytes.length >> 1;
    const payloads = [bytes.subarray(0, half), bytes.subarray(half)];
    depacketizer.inspect(payloads);
    assertEquals(depacketizer.extract(payloads)[0] ?? new Uint8Array(), bytes);
  }
});
