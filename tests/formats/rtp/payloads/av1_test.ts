import { ParseError } from "#base/errors.ts";
import { MAX_OBUS_PER_UNIT } from "#codecs/av1/obu.ts";
import type { Av1Parameters } from "#codecs/codec.ts";
import { MAX_ACCESS_UNIT_BYTES } from "#codecs/nal_unit.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { av1PayloadFormat } from "#formats/rtp/payloads/av1.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { seededRandom } from "#test/splits.ts";
import { mutatedUnits } from "./mutated_units.ts";

const hex = (text: string) => Uint8Array.fromHex(text);
const hexOf = (parts: readonly Uint8Array[]) =>
  parts.map((part) => part.toHex());

/** 640x360, main profile, level 2.1 [libaom]. */
const HEADER = "080000000cc4ff6736be4010";
/** 1920x1080, main profile, level 4.0, 10 bits [libaom]. */
const OTHER_HEADER = "0800000042abbfc3732be540808241";
const UNKNOWN: Av1Parameters = { codec: "av1", sequenceHeader: undefined };
const KNOWN: Av1Parameters = { codec: "av1", sequenceHeader: hex(HEADER) };

function obuOf(header: number, sizeBytes: number, seed = 1): Uint8Array {
  const random = seededRandom(seed);
  const obu = Uint8Array.from(
    { length: sizeBytes },
    () => Math.floor(random() * 256),
  );
  obu[0] = header;
  return obu;
}

/** Payloads of a temporal unit, and what is in them. */
const UNITS = [{
  name: "sequence header and key frame, of a new sequence",
  payloads: [`280c${HEADER}3010aa`],
  obus: [HEADER, "3010aa"],
  isRandomAccess: true,
}, {
  name: "a length before each element",
  payloads: [`080c${HEADER}033010aa`],
  obus: [HEADER, "3010aa"],
  isRandomAccess: true,
}, {
  name: "a key frame in three fragments [ffmpeg]",
  payloads: [`680c${HEADER}3010`, "d0aabb", "90cc"],
  obus: [HEADER, "3010aabbcc"],
  isRandomAccess: true,
}, {
  name:
    "the end of one frame and the beginning of the next in a packet [ffmpeg]",
  payloads: ["503030aa", "e001bb3030cc", "90dd"],
  obus: ["3030aabb", "3030ccdd"],
  isRandomAccess: false,
}, {
  name: "fragments with a length each",
  payloads: ["40023030", "c001aa", "8001bb02180c"],
  obus: ["3030aabb", "180c"],
  isRandomAccess: false,
}, {
  name: "a fragmented sequence header",
  payloads: [`58${HEADER.slice(0, 8)}`, `a008${HEADER.slice(8)}3010`],
  obus: [HEADER, "3010"],
  isRandomAccess: true,
}, {
  name: "three elements and a frame header before its tiles",
  payloads: [`380c${HEADER}02181020aa`],
  obus: [HEADER, "1810", "20aa"],
  isRandomAccess: true,
}, {
  name: "a key frame without the N bit",
  payloads: [`200c${HEADER}3010aa`],
  obus: [HEADER, "3010aa"],
  isRandomAccess: true,
}, {
  name: "the N bit without a key frame",
  payloads: [`280c${HEADER}3000aa`],
  obus: [HEADER, "3000aa"],
  isRandomAccess: true,
}, {
  name: "a sequence header before an inter frame",
  payloads: [`200c${HEADER}3030aa`],
  obus: [HEADER, "3030aa"],
  isRandomAccess: false,
}, {
  name: "a key frame without sequence header",
  payloads: ["183010aa"],
  obus: ["3010aa"],
  isRandomAccess: false,
}, {
  name: "a key frame of a layer",
  payloads: [`200c${HEADER}340810`],
  obus: [HEADER, "340810"],
  isRandomAccess: true,
}, {
  name: "delimiter, tile list and padding, which go",
  payloads: ["300110024000" + "3030aa", "507801", "a0010278", "1078"],
  obus: ["3030aa"],
  isRandomAccess: false,
}, {
  name: "OBUs with size field",
  payloads: [`280d0a0b${HEADER.slice(2)}320210aa`],
  obus: [HEADER, "3010aa"],
  isRandomAccess: true,
}, {
  name: "several OBUs with size field in one element",
  payloads: ["10320230aa320230bb"],
  obus: ["3030aa", "3030bb"],
  isRandomAccess: false,
}, {
  name: "an empty packet between fragments",
  payloads: ["503030aa", "", "90bb"],
  obus: ["3030aabb"],
  isRandomAccess: false,
}, {
  name: "a packet without elements",
  payloads: ["00", "103030"],
  obus: ["3030"],
  isRandomAccess: false,
}, {
  name: "nothing",
  payloads: [],
  obus: [],
  isRandomAccess: false,
}];

for (const { name, payloads, obus, isRandomAccess } of UNITS) {
  Deno.test(`AV1 depacketizer reads ${name}`, () => {
    const unit = payloads.map(hex);
    const depacketizer = av1PayloadFormat.openDepacketizer(UNKNOWN);
    const hasHeader = obus.includes(HEADER);
    assertEquals(depacketizer.inspect(unit), {
      isRandomAccess,
      parameters: hasHeader ? KNOWN : undefined,
    });
    assertEquals(depacketizer.inspect(unit), {
      isRandomAccess,
      parameters: undefined,
    });
    assertEquals(hexOf(depacketizer.extract(unit)), obus);
    assertEquals(hexOf(unit), payloads, "input must stay untouched");
  });
}

const BROKEN_UNITS = [
  { name: "a first fragment is missing", payloads: ["90aa"] },
  { name: "the last fragment is missing", payloads: ["103030", "503010aa"] },
  { name: "an OBU comes between fragments", payloads: ["503010", "103010"] },
  { name: "only an element is missing", payloads: ["2002301010", "20023010"] },
  { name: "an element is empty", payloads: ["20003010"] },
  { name: "the only element is empty", payloads: ["10"] },
  { name: "a length is cut", payloads: ["0080"] },
  { name: "an element is cut", payloads: ["00053010"] },
  { name: "a length is over all memory", payloads: ["00ffffffffffffff7f10"] },
  { name: "a forbidden bit is set", payloads: ["10b010"] },
  { name: "an extension is cut", payloads: ["1034"] },
  { name: "a size field is cut", payloads: ["103280"] },
  { name: "a size field is too large", payloads: ["10320310aa"] },
];

for (const { name, payloads } of BROKEN_UNITS) {
  Deno.test(`AV1 depacketizer rejects a unit if ${name}`, () => {
    const depacketizer = av1PayloadFormat.openDepacketizer(UNKNOWN);
    const unit = payloads.map(hex);
    assertThrows(() => depacketizer.extract(unit), ParseError);
    assertEquals(depacketizer.inspect(unit), {
      isRandomAccess: false,
      parameters: undefined,
    });
  });
}

Deno.test("AV1 depacketizer names the payload or the OBU at fault", () => {
  const depacketizer = av1PayloadFormat.openDepacketizer(UNKNOWN);
  for (
    const [payload, field] of [
      ["00053030", "payloads[1]"],
      ["10b030", "obus[1]"],
    ] as const
  ) {
    const unit = ["103030", payload].map(hex);
    const error = assertThrows(() => depacketizer.extract(unit), ParseError);
    assertEquals(error.field, field);
  }
});

Deno.test("AV1 depacketizer gives views of whole OBUs without size field", () => {
  const depacketizer = av1PayloadFormat.openDepacketizer(UNKNOWN);
  const unit = [hex(`280c${HEADER}3010aa`)];
  for (const obu of depacketizer.extract(unit)) {
    assert(obu.buffer === unit[0]!.buffer);
  }
});

Deno.test("AV1 depacketizer rejects units over its limits", () => {
  const depacketizer = av1PayloadFormat.openDepacketizer(UNKNOWN);
  const many = Array(MAX_OBUS_PER_UNIT).fill(hex("103030"));
  assertEquals(depacketizer.extract(many).length, MAX_OBUS_PER_UNIT);
  assertThrows(
    () => depacketizer.extract([...many, hex("103030")]),
    ParseError,
  );
  const large = new Uint8Array(MAX_ACCESS_UNIT_BYTES / 2 + 1);
  assertThrows(() => depacketizer.extract([large, large]), ParseError);
});

Deno.test("AV1 depacketizer tells new parameters once, and keeps what was announced", () => {
  const announced = { profile: 0, levelIdx: 9 };
  const depacketizer = av1PayloadFormat.openDepacketizer({
    ...UNKNOWN,
    announced,
  });
  const unit = [hex(`280c${HEADER}3010aa`)];
  const { parameters } = depacketizer.inspect(unit);
  assertEquals(parameters, { ...KNOWN, announced });
  assert(
    parameters!.sequenceHeader!.buffer !== unit[0]!.buffer,
    "what is kept does not hold the packet",
  );
  const changed = [hex(`280f${OTHER_HEADER}3010aa`)];
  assertEquals(depacketizer.inspect(changed), {
    isRandomAccess: true,
    parameters: {
      codec: "av1",
      sequenceHeader: hex(OTHER_HEADER),
      announced,
    },
  });
  assertEquals(parameters, { ...KNOWN, announced }, "objects do not change");
});

Deno.test("AV1 depacketizer takes no sequence header that it cannot read", () => {
  const depacketizer = av1PayloadFormat.openDepacketizer(KNOWN);
  for (const header of ["08e0", "0800", "0a05"]) {
    const unit = [hex(`2802${header}3010aa`)];
    assertEquals(depacketizer.inspect(unit), {
      isRandomAccess: false,
      parameters: undefined,
    });
  }
  const large = `${HEADER}${"00".repeat(16_384)}`;
  assertEquals(depacketizer.inspect([hex(`18${large}`)]), {
    isRandomAccess: false,
    parameters: undefined,
  });
});

Deno.test("AV1 depacketizer throws nothing but ParseError on mutations, and inspect() nothing at all", () => {
  const seeds = [...UNITS, ...BROKEN_UNITS].map(({ payloads }) => payloads);
  for (const payloads of mutatedUnits(seeds)) {
    const depacketizer = av1PayloadFormat.openDepacketizer(UNKNOWN);
    const { parameters } = depacketizer.inspect(payloads);
    if (parameters) av1PayloadFormat.describe(parameters);
    try {
      depacketizer.extract(payloads);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});

Deno.test("AV1 packetizer aggregates, fragments and marks a new sequence", () => {
  const packetizer = av1PayloadFormat.openPacketizer(UNKNOWN, 20);
  const parts = [HEADER, "3010" + "aa".repeat(40), "180c"].map(hex);
  assertEquals(
    packetizer.packetize(parts, true).map(
      ({ bytes, marker, offsetTicks }) => [bytes.toHex(), marker, offsetTicks],
    ),
    [
      [`18${HEADER}`, false, 0],
      [`503010${"aa".repeat(17)}`, false, 0],
      [`d0${"aa".repeat(19)}`, false, 0],
      [`a004${"aa".repeat(4)}180c`, true, 0],
    ],
  );
  assertEquals(
    packetizer.packetize([hex("3030aa")], false).map(({ bytes }) =>
      bytes.toHex()
    ),
    ["103030aa"],
  );
});

Deno.test("AV1 packetizer begins an OBU where there is room behind another", () => {
  const packetizer = av1PayloadFormat.openPacketizer(UNKNOWN, 40);
  const parts = [HEADER, "3010" + "aa".repeat(40)].map(hex);
  assertEquals(
    packetizer.packetize(parts, true).map(({ bytes }) => bytes.toHex()),
    [`680c${HEADER}3010${"aa".repeat(24)}`, `90${"aa".repeat(16)}`],
  );
});

Deno.test("AV1 packetizer puts at most three elements into a packet, and no two layers", () => {
  const packetizer = av1PayloadFormat.openPacketizer(UNKNOWN, 100);
  const packed = (parts: string[]) =>
    packetizer.packetize(parts.map(hex), false)
      .map(({ bytes }) => bytes.toHex());
  assertEquals(packed(["3030", "3031", "3032", "3033"]), [
    "30" + "023030" + "023031" + "3032",
    "103033",
  ]);
  assertEquals(packed(["2801", "2c0001", "340030", "2c0801", "340830"]), [
    "30" + "022801" + "032c0001" + "340030",
    "20" + "032c0801" + "340830",
  ]);
});

Deno.test("AV1 packetizer puts the known sequence header before a random access unit without one", () => {
  const packetizer = av1PayloadFormat.openPacketizer(KNOWN, 1_000);
  const read = (parts: string[], isRandomAccess: boolean) =>
    packetizer.packetize(parts.map(hex), isRandomAccess)
      .map(({ bytes }) => bytes.toHex());
  assertEquals(read(["3010"], true), [`280c${HEADER}3010`]);
  assertEquals(read(["3030"], false), ["103030"]);
  assertEquals(read([OTHER_HEADER, "3010"], true), [
    `280f${OTHER_HEADER}3010`,
  ]);
});

Deno.test("AV1 packetizer leaves out delimiters, tile lists, padding and empty OBUs", () => {
  const packetizer = av1PayloadFormat.openPacketizer(UNKNOWN, 1_000);
  const nothing = ["10", "4000", "78ff", ""].map(hex);
  assertEquals(packetizer.packetize(nothing, true), []);
  assertEquals(packetizer.packetize([...nothing, hex("3030")], false), [
    { bytes: hex("103030"), marker: true, offsetTicks: 0 },
  ]);
});

Deno.test("AV1 packetizer fragments into payloads of the largest size and one rest", () => {
  const packetizer = av1PayloadFormat.openPacketizer(UNKNOWN, 100);
  for (let sizeBytes = 99; sizeBytes < 420; sizeBytes++) {
    const payloads = packetizer.packetize([obuOf(0x30, sizeBytes)], false);
    const sizes = payloads.map(({ bytes }) => bytes.length);
    assert(sizes.slice(0, -1).every((size) => size === 100));
    assertEquals(sizes.length, Math.ceil(sizeBytes / 99));
  }
});

Deno.test("AV1 packetizer and depacketizer give back any unit at any payload size", () => {
  const random = seededRandom(3);
  for (let run = 0; run < 500; run++) {
    const maxPayloadBytes = 17 + Math.floor(random() * 300);
    const obus = Array.from(
      { length: 1 + Math.floor(random() * 8) },
      (_, i) =>
        obuOf(
          random() < 0.7 ? 0x30 : 0x34,
          2 + Math.floor(random() ** 3 * 2_000),
          run + i,
        ),
    );
    const payloads = av1PayloadFormat.openPacketizer(UNKNOWN, maxPayloadBytes)
      .packetize(obus, false);
    assert(payloads.every(({ bytes }) => bytes.length <= maxPayloadBytes));
    assertEquals(
      payloads.map(({ marker }) => marker).indexOf(true),
      payloads.length - 1,
    );
    const depacketizer = av1PayloadFormat.openDepacketizer(UNKNOWN);
    const unit = payloads.map(({ bytes }) => bytes);
    assertEquals(hexOf(depacketizer.extract(unit)), hexOf(obus));
  }
});

function descriptionOf(
  fmtp: Record<string, string>,
  encodingName = "AV1",
): RtpFormatDescription {
  return {
    mediaType: "video",
    payloadType: undefined,
    encodingName,
    clockRateHz: 90_000,
    channelCount: undefined,
    fmtp: new Map(Object.entries(fmtp)),
  };
}

const DESCRIPTIONS = [{
  name: "everything [ffmpeg]",
  fmtp: { "level-idx": "1", profile: "0", tier: "0" },
  announced: { profile: 0, levelIdx: 1, tier: 0 },
}, {
  name: "some",
  fmtp: { "level-idx": "31" },
  announced: { levelIdx: 31 },
}, {
  name: "nothing",
  fmtp: {},
  announced: undefined,
}];

for (const { name, fmtp, announced } of DESCRIPTIONS) {
  Deno.test(`av1PayloadFormat.parseDescription() and describe() agree on ${name}`, () => {
    const description = descriptionOf(fmtp);
    const parameters: Av1Parameters = {
      ...UNKNOWN,
      ...(announced && { announced }),
    };
    assertEquals(av1PayloadFormat.parseDescription(description), parameters);
    assertEquals(av1PayloadFormat.describe(parameters), description);
  });
}

Deno.test("av1PayloadFormat.describe() takes what was not announced from the sequence header", () => {
  const sequenceHeader = hex(OTHER_HEADER);
  const fmtpOf = (parameters: Av1Parameters) =>
    Object.fromEntries(av1PayloadFormat.describe(parameters)!.fmtp);
  assertEquals(fmtpOf({ codec: "av1", sequenceHeader }), {
    "level-idx": "8",
    profile: "0",
    tier: "0",
  });
  assertEquals(
    fmtpOf({ codec: "av1", sequenceHeader, announced: { levelIdx: 13 } }),
    { "level-idx": "13", profile: "0", tier: "0" },
  );
  assertEquals(fmtpOf({ codec: "av1", sequenceHeader: hex("08") }), {});
});

Deno.test("av1PayloadFormat.parseDescription() takes any case, leaves other formats and names faults", () => {
  const lower = descriptionOf({}, "av1");
  assertEquals(av1PayloadFormat.parseDescription(lower), UNKNOWN);
  const other = descriptionOf({}, "AV1X");
  assertEquals(av1PayloadFormat.parseDescription(other), undefined);
  for (
    const [field, value] of [
      ["profile", "8"],
      ["level-idx", "32"],
      ["level-idx", "5.1"],
      ["tier", "2"],
    ] as const
  ) {
    const error = assertThrows(
      () =>
        av1PayloadFormat.parseDescription(descriptionOf({ [field]: value })),
      ParseError,
    );
    assertEquals(error.field, field);
  }
});
