import { ParseError } from "#base/errors.ts";
import type { H264Parameters } from "#codecs/codec.ts";
import { MAX_ACCESS_UNIT_BYTES, MAX_NALS_PER_UNIT } from "#codecs/nal_unit.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { h264PayloadFormat } from "#formats/rtp/payloads/h264.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, seededRandom } from "#test/splits.ts";

const hex = (text: string) => Uint8Array.fromHex(text);
const hexOf = (parts: readonly Uint8Array[]) =>
  parts.map((part) => part.toHex());

const SPS = hex("6742c01ed900a02ff97011000003000100000300320f162e48");
const PPS = hex("68cb83cb20");
const OTHER_SPS = hex("67640028acd940780227e5c044000003000400000300f03c60c658");
const UNKNOWN: H264Parameters = { codec: "h264", sps: [], pps: [] };
const KNOWN: H264Parameters = { codec: "h264", sps: [SPS], pps: [PPS] };

function nalOf(header: number, sizeBytes: number, seed = 1): Uint8Array {
  const random = seededRandom(seed);
  const nal = Uint8Array.from(
    { length: sizeBytes },
    () => Math.floor(random() * 256),
  );
  nal[0] = header;
  return nal;
}

/** Payloads of a unit, and what is in them. */
const UNITS = [{
  name: "single NAL unit",
  payloads: ["65880102"],
  nals: ["65880102"],
  isRandomAccess: true,
}, {
  name: "STAP-A of SPS, PPS and IDR",
  payloads: ["780004674200010002680100026588"],
  nals: ["67420001", "6801", "6588"],
  isRandomAccess: true,
}, {
  name: "FU-A in three fragments",
  payloads: ["7c850102", "7c0503", "7c450405"],
  nals: ["650102030405"],
  isRandomAccess: true,
}, {
  name: "FU-A with start and end in one fragment [cameras]",
  payloads: ["5cc19a01"],
  nals: ["419a01"],
  isRandomAccess: false,
}, {
  name: "FU-A around a packet of padding only",
  payloads: ["7c8501", "", "7c4502"],
  nals: ["650102"],
  isRandomAccess: true,
}, {
  name: "STAP-A with padding behind its NAL units",
  payloads: ["380003419a000000000000"],
  nals: ["419a00"],
  isRandomAccess: false,
}, {
  name: "delimiter and filler data, which go, SEI, which stays",
  payloads: [
    "09f0",
    "18000209f000030605ff",
    "0cffff",
    "1c8cff",
    "1c4cff",
    "419a",
  ],
  nals: ["0605ff", "419a"],
  isRandomAccess: false,
}, {
  name: "undefined types, which are passed over",
  payloads: ["00ff", "1e00", "1fff", "419a"],
  nals: ["419a"],
  isRandomAccess: false,
}, {
  name: "SPS and an I slice without IDR [cameras with intra refresh]",
  payloads: ["67420001", "41b801"],
  nals: ["67420001", "41b801"],
  isRandomAccess: true,
}, {
  name: "SPS and a fragmented I slice without IDR",
  payloads: ["67420001", "5c818801", "5c4101"],
  nals: ["67420001", "41880101"],
  isRandomAccess: true,
}, {
  name: "SPS and a P slice",
  payloads: ["67420001", "419a01"],
  nals: ["67420001", "419a01"],
  isRandomAccess: false,
}, {
  name: "an I slice without SPS",
  payloads: ["41b801"],
  nals: ["41b801"],
  isRandomAccess: false,
}, {
  name: "nothing",
  payloads: [],
  nals: [],
  isRandomAccess: false,
}];

for (const { name, payloads, nals, isRandomAccess } of UNITS) {
  Deno.test(`H264 depacketizer reads ${name}`, () => {
    const unit = payloads.map(hex);
    const depacketizer = h264PayloadFormat.openDepacketizer(UNKNOWN);
    assertEquals(
      depacketizer.inspect(unit).isRandomAccess,
      isRandomAccess,
    );
    assertEquals(hexOf(depacketizer.extract(unit)), nals);
    assertEquals(hexOf(unit), payloads, "input must stay untouched");
  });
}

const BROKEN_UNITS = [
  { name: "a first fragment is missing", payloads: ["7c0501", "7c4502"] },
  { name: "the last fragment is missing", payloads: ["7c8501", "7c0502"] },
  { name: "a fragment begins inside another", payloads: ["7c8501", "7c8502"] },
  { name: "a NAL unit comes between fragments", payloads: ["7c8501", "6501"] },
  { name: "a fragment is cut", payloads: ["7c8501", "7c"] },
  { name: "an aggregate is empty", payloads: ["6501", "78"] },
  { name: "an aggregate is cut in a length", payloads: ["6501", "7800"] },
  { name: "an aggregate is cut in a NAL unit", payloads: ["7800026588000365"] },
  { name: "an aggregate holds an aggregate", payloads: ["6501", "7800027800"] },
  { name: "a fragment holds an aggregate", payloads: ["6501", "7cd800"] },
  { name: "it is STAP-B", payloads: ["6501", "790000000265"] },
  { name: "it is MTAP16", payloads: ["6501", "7a00"] },
  { name: "it is MTAP24", payloads: ["6501", "7b00"] },
  { name: "it is FU-B", payloads: ["6501", "7d850000"] },
];

for (const { name, payloads } of BROKEN_UNITS) {
  Deno.test(`H264 depacketizer rejects a unit if ${name}`, () => {
    const depacketizer = h264PayloadFormat.openDepacketizer(UNKNOWN);
    const unit = payloads.map(hex);
    assertThrows(() => depacketizer.extract(unit), ParseError);
    assertEquals(depacketizer.inspect(unit), {
      isRandomAccess: false,
      parameters: undefined,
    });
  });
}

Deno.test("H264 depacketizer names the payload at fault", () => {
  const depacketizer = h264PayloadFormat.openDepacketizer(UNKNOWN);
  const error = assertThrows(
    () => depacketizer.extract(["6501", "7800026588000365"].map(hex)),
    ParseError,
  );
  assertEquals([error.field, error.offsetBytes], ["payloads[1]", 5]);
});

Deno.test("H264 depacketizer gives views of unfragmented NAL units", () => {
  const depacketizer = h264PayloadFormat.openDepacketizer(UNKNOWN);
  const unit = [hex("780004674200010002680100026588")];
  for (const nal of depacketizer.extract(unit)) {
    assert(nal.buffer === unit[0]!.buffer);
  }
});

Deno.test("H264 depacketizer rejects units over its limits", () => {
  const depacketizer = h264PayloadFormat.openDepacketizer(UNKNOWN);
  const many = Array(MAX_NALS_PER_UNIT).fill(hex("4101"));
  assertEquals(depacketizer.extract(many).length, MAX_NALS_PER_UNIT);
  assertThrows(() => depacketizer.extract([...many, hex("41")]), ParseError);
  const large = new Uint8Array(MAX_ACCESS_UNIT_BYTES / 2 + 1);
  assertThrows(() => depacketizer.extract([large, large]), ParseError);
});

Deno.test("H264 depacketizer tells new parameters once", () => {
  const depacketizer = h264PayloadFormat.openDepacketizer(UNKNOWN);
  const idr = hex("65880102");
  const { parameters } = depacketizer.inspect([SPS, PPS, idr]);
  assertEquals(parameters, KNOWN);
  assertEquals(depacketizer.inspect([SPS, PPS, idr]), {
    isRandomAccess: true,
    parameters: undefined,
  });
  const changed = depacketizer.inspect([OTHER_SPS, PPS, idr]).parameters;
  assertEquals(changed, { codec: "h264", sps: [OTHER_SPS], pps: [PPS] });
  assertEquals(parameters, KNOWN, "objects handed over do not change");
});

Deno.test("H264 depacketizer reads parameters in aggregates and fragments", () => {
  for (const maxPayloadBytes of [16, 1_000]) {
    const packetizer = h264PayloadFormat.openPacketizer(
      UNKNOWN,
      maxPayloadBytes,
    );
    const payloads = packetizer.packetize([SPS, PPS, hex("65880102")], true)
      .map(({ bytes }) => bytes);
    const depacketizer = h264PayloadFormat.openDepacketizer(UNKNOWN);
    assertEquals(depacketizer.inspect(payloads), {
      isRandomAccess: true,
      parameters: KNOWN,
    });
  }
});

Deno.test("H264 depacketizer says nothing of parameters it was opened with", () => {
  const depacketizer = h264PayloadFormat.openDepacketizer(KNOWN);
  assertEquals(depacketizer.inspect([SPS, PPS]).parameters, undefined);
});

Deno.test("H264 depacketizer walks over any number of aggregation packets that hold only padding", () => {
  const depacketizer = h264PayloadFormat.openDepacketizer(UNKNOWN);
  const unit = [...Array<Uint8Array>(20_000).fill(hex("180000")), SPS];
  assertEquals(depacketizer.extract(unit), [SPS]);
  assertEquals(depacketizer.inspect(unit).isRandomAccess, false);
});

Deno.test("H264 depacketizer throws nothing but ParseError on mutations, and inspect() nothing at all", () => {
  const seeds = [...UNITS, ...BROKEN_UNITS].map(({ payloads }) =>
    hex(
      payloads.map((one) =>
        `${(one.length / 2).toString(16).padStart(2, "0")}${one}`
      ).join(""),
    )
  );
  const depacketizer = h264PayloadFormat.openDepacketizer(UNKNOWN);
  for (const bytes of mutations(seeds)) {
    const payloads: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = at + 1 + bytes[at]!;
      payloads.push(bytes.subarray(at + 1, end));
      at = end;
    }
    depacketizer.inspect(payloads);
    try {
      depacketizer.extract(payloads);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});

Deno.test("H264 packetizer writes single NAL units, STAP-A and FU-A", () => {
  const packetizer = h264PayloadFormat.openPacketizer(UNKNOWN, 16);
  const nals = [
    "0601",
    "419a02",
    "210102030405060708090a0b0c0d0e0f1011",
    "61aa",
  ];
  assertEquals(
    packetizer.packetize(nals.map(hex), false).map(
      ({ bytes, marker, offsetTicks }) => [bytes.toHex(), marker, offsetTicks],
    ),
    [
      ["580002060100" + "03419a02", false, 0],
      ["3c810102030405060708090a0b0c0d0e", false, 0],
      ["3c410f1011", false, 0],
      ["61aa", true, 0],
    ],
  );
});

Deno.test("H264 packetizer puts known parameter sets before a random access unit without any", () => {
  const packetizer = h264PayloadFormat.openPacketizer(KNOWN, 1_000);
  const idr = hex("65880102");
  const read = (parts: Uint8Array[], isRandomAccess: boolean) =>
    hexOf(
      h264PayloadFormat.openDepacketizer(UNKNOWN).extract(
        packetizer.packetize(parts, isRandomAccess).map(({ bytes }) => bytes),
      ),
    );
  assertEquals(read([idr], true), hexOf([SPS, PPS, idr]));
  assertEquals(read([idr], false), hexOf([idr]));
  assertEquals(read([OTHER_SPS, idr], true), hexOf([OTHER_SPS, idr]));
});

Deno.test("H264 packetizer leaves out delimiters, filler data and empty NAL units", () => {
  const packetizer = h264PayloadFormat.openPacketizer(KNOWN, 1_000);
  const nothing = ["09f0", "0cff", ""].map(hex);
  assertEquals(packetizer.packetize(nothing, true), []);
  assertEquals(packetizer.packetize([...nothing, hex("41")], false), [
    { bytes: hex("41"), marker: true, offsetTicks: 0 },
  ]);
});

Deno.test("H264 packetizer passes a lone NAL unit on as it is", () => {
  const packetizer = h264PayloadFormat.openPacketizer(UNKNOWN, 1_000);
  const nal = nalOf(0x41, 1_000);
  assert(packetizer.packetize([nal], false)[0]!.bytes === nal);
});

Deno.test("H264 packetizer fragments into payloads of the largest size and one rest", () => {
  const packetizer = h264PayloadFormat.openPacketizer(UNKNOWN, 100);
  for (let sizeBytes = 101; sizeBytes < 420; sizeBytes++) {
    const payloads = packetizer.packetize([nalOf(0x65, sizeBytes)], true);
    const sizes = payloads.map(({ bytes }) => bytes.length);
    assert(sizes.slice(0, -1).every((size) => size === 100));
    assert(sizes.at(-1)! > 2 && sizes.at(-1)! <= 100);
    assertEquals(sizes.length, Math.ceil((sizeBytes - 1) / 98));
  }
});

Deno.test("H264 packetizer and depacketizer give back any unit at any payload size", () => {
  const random = seededRandom(3);
  for (let run = 0; run < 500; run++) {
    const maxPayloadBytes = 16 + Math.floor(random() * 300);
    const nals = Array.from(
      { length: 1 + Math.floor(random() * 6) },
      (_, i) => nalOf(0x41, 1 + Math.floor(random() ** 3 * 2_000), run + i),
    );
    const payloads = h264PayloadFormat.openPacketizer(UNKNOWN, maxPayloadBytes)
      .packetize(nals, false);
    assert(payloads.every(({ bytes }) => bytes.length <= maxPayloadBytes));
    assertEquals(
      payloads.map(({ marker }) => marker).indexOf(true),
      payloads.length - 1,
    );
    const depacketizer = h264PayloadFormat.openDepacketizer(UNKNOWN);
    const unit = payloads.map(({ bytes }) => bytes);
    assertEquals(hexOf(depacketizer.extract(unit)), hexOf(nals));
  }
});

function descriptionOf(
  fmtp: Record<string, string>,
  encodingName = "H264",
): RtpFormatDescription {
  return {
    mediaType: "video",
    payloadType: 96,
    encodingName,
    clockRateHz: 90_000,
    channelCount: undefined,
    fmtp: new Map(Object.entries(fmtp)),
  };
}

const DESCRIPTIONS = [{
  name: "SPS and PPS [ffmpeg]",
  sprop: `${SPS.toBase64()},${PPS.toBase64()}`,
  sps: [SPS],
  pps: [PPS],
}, {
  name: "several sets in any order",
  sprop: [PPS, SPS, OTHER_SPS].map((set) => set.toBase64()).join(","),
  sps: [SPS, OTHER_SPS],
  pps: [PPS],
}, {
  name: "no value",
  sprop: "",
  sps: [],
  pps: [],
}, {
  name: "empty entries [cameras]",
  sprop: ",",
  sps: [],
  pps: [],
}, {
  name: "garbage beside a good set",
  sprop: `*not base64*,${PPS.toBase64()},AAAA`,
  sps: [],
  pps: [PPS],
}, {
  name: "missing padding and spaces",
  sprop: ` ${SPS.toBase64().replaceAll("=", "")} , ${PPS.toBase64()}`,
  sps: [SPS],
  pps: [PPS],
}, {
  name: "start codes before the sets",
  sprop: ["00000001", "000001"].map((code, i) =>
    hex(code + [SPS, PPS][i]!.toHex()).toBase64()
  ).join(","),
  sps: [SPS],
  pps: [PPS],
}];

for (const { name, sprop, sps, pps } of DESCRIPTIONS) {
  Deno.test(`h264PayloadFormat.parseDescription() reads sprop-parameter-sets with ${name}`, () => {
    const description = descriptionOf({
      "packetization-mode": "1",
      "sprop-parameter-sets": sprop,
    });
    assertEquals(h264PayloadFormat.parseDescription(description), {
      codec: "h264",
      sps,
      pps,
    });
  });
}

Deno.test("h264PayloadFormat.parseDescription() takes any case and no parameters", () => {
  assertEquals(
    h264PayloadFormat.parseDescription(descriptionOf({}, "h264")),
    UNKNOWN,
  );
});

Deno.test("h264PayloadFormat.parseDescription() leaves other formats and rejects interleaving", () => {
  const other = descriptionOf({}, "H265");
  assertEquals(h264PayloadFormat.parseDescription(other), undefined);
  const interleaved = descriptionOf({ "packetization-mode": "2" });
  const error = assertThrows(
    () => h264PayloadFormat.parseDescription(interleaved),
    ParseError,
  );
  assertEquals(error.field, "packetization-mode");
});

Deno.test("h264PayloadFormat.describe() writes what MediaMTX writes", () => {
  const description = h264PayloadFormat.describe(KNOWN)!;
  assertEquals(description.payloadType, undefined);
  assertEquals([description.encodingName, description.clockRateHz], [
    "H264",
    90_000,
  ]);
  assertEquals([...description.fmtp], [
    ["packetization-mode", "1"],
    [
      "sprop-parameter-sets",
      "Z0LAHtkAoC/5cBEAAAMAAQAAAwAyDxYuSA==,aMuDyyA=",
    ],
    ["profile-level-id", "42C01E"],
  ]);
  assertEquals(h264PayloadFormat.parseDescription(description), KNOWN);
});

Deno.test("h264PayloadFormat.describe() leaves out what is unknown", () => {
  assertEquals([...h264PayloadFormat.describe(UNKNOWN)!.fmtp], [
    ["packetization-mode", "1"],
  ]);
});
