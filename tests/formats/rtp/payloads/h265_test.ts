import { ParseError } from "#base/errors.ts";
import type { H265Parameters } from "#codecs/codec.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { h265PayloadFormat } from "#formats/rtp/payloads/h265.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, seededRandom } from "#test/splits.ts";

const hex = (text: string) => Uint8Array.fromHex(text);
const hexOf = (parts: readonly Uint8Array[]) =>
  parts.map((part) => part.toHex());

const VPS = hex("40010c01ffff016000000300900000030000030078959809");
const SPS = hex(
  "420101016000000300900000030000030078a003c08010e596566924caf0168080000003008000000f04",
);
const PPS = hex("4401c172b46240");
const OTHER_SPS = hex(
  "42010101600000030090000003000003003fa0050201696592a4932bc05a020000030002000003003210",
);
const UNKNOWN: H265Parameters = { codec: "h265", vps: [], sps: [], pps: [] };
const KNOWN: H265Parameters = {
  codec: "h265",
  vps: [VPS],
  sps: [SPS],
  pps: [PPS],
};

function descriptionOf(
  fmtp: Record<string, string>,
  encodingName = "H265",
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

/** As a publisher announces it whose packets carry decoding order numbers. */
const WITH_ORDER_NUMBERS = h265PayloadFormat.parseDescription(
  descriptionOf({ "sprop-max-don-diff": "2" }),
)!;

/** Payloads of a unit, and what is in them. */
const UNITS = [{
  name: "single NAL unit",
  parameters: UNKNOWN,
  payloads: ["2601af01"],
  nals: ["2601af01"],
  isRandomAccess: true,
}, {
  name: "single trailing picture of type 0",
  parameters: UNKNOWN,
  payloads: ["0001d001"],
  nals: ["0001d001"],
  isRandomAccess: false,
}, {
  name: "aggregation packet",
  parameters: UNKNOWN,
  payloads: ["60010003400150000444012001" + "00032a01af"],
  nals: ["400150", "44012001", "2a01af"],
  isRandomAccess: true,
}, {
  name: "fragments",
  parameters: UNKNOWN,
  payloads: ["6201930102", "62011303", "620153" + "0405"],
  nals: ["26010102030405"],
  isRandomAccess: true,
}, {
  name: "delimiter, which goes, SEI, which stays",
  parameters: UNKNOWN,
  payloads: ["460150", "4e0105", "0201d0"],
  nals: ["4e0105", "0201d0"],
  isRandomAccess: false,
}, {
  name: "undefined types, which are passed over",
  parameters: UNKNOWN,
  payloads: ["6601ff", "7e01ff", "0201d0"],
  nals: ["0201d0"],
  isRandomAccess: false,
}, {
  name: "single NAL unit with DONL",
  parameters: WITH_ORDER_NUMBERS,
  payloads: ["26010007af01"],
  nals: ["2601af01"],
  isRandomAccess: true,
}, {
  name: "aggregation packet with DONL and DOND",
  parameters: WITH_ORDER_NUMBERS,
  payloads: ["6001" + "0007" + "00034e0105" + "00" + "00030201d0"],
  nals: ["4e0105", "0201d0"],
  isRandomAccess: false,
}, {
  name: "fragments with DONL in the first",
  parameters: WITH_ORDER_NUMBERS,
  payloads: ["620193" + "0007" + "0102", "620153" + "0304"],
  nals: ["260101020304"],
  isRandomAccess: true,
}];

for (const { name, parameters, payloads, nals, isRandomAccess } of UNITS) {
  Deno.test(`H265 depacketizer reads ${name}`, () => {
    const unit = payloads.map(hex);
    const depacketizer = h265PayloadFormat.openDepacketizer(parameters);
    assertEquals(depacketizer.inspect(unit).isRandomAccess, isRandomAccess);
    assertEquals(hexOf(depacketizer.extract(unit)), nals);
    assertEquals(hexOf(unit), payloads, "input must stay untouched");
  });
}

const BROKEN_UNITS = [
  { name: "it is shorter than a header", payloads: ["2601af", "26"] },
  { name: "a first fragment is missing", payloads: ["62011301", "62015302"] },
  { name: "the last fragment is missing", payloads: ["62019301"] },
  { name: "a fragment is cut", payloads: ["62019301", "6201"] },
  { name: "an aggregate is cut", payloads: ["600100032a01af0003"] },
  { name: "an aggregate holds half a header", payloads: ["6001000126"] },
  { name: "an aggregate holds a fragment", payloads: ["600100036201ff"] },
  { name: "it is PACI", payloads: ["2601af", "6401000000"] },
];

for (const { name, payloads } of BROKEN_UNITS) {
  Deno.test(`H265 depacketizer rejects a unit if ${name}`, () => {
    const depacketizer = h265PayloadFormat.openDepacketizer(UNKNOWN);
    const unit = payloads.map(hex);
    assertThrows(() => depacketizer.extract(unit), ParseError);
    assertEquals(depacketizer.inspect(unit).isRandomAccess, false);
  });
}

Deno.test("H265 depacketizer rejects payloads that are cut in DONL", () => {
  const depacketizer = h265PayloadFormat.openDepacketizer(WITH_ORDER_NUMBERS);
  for (const text of ["260100", "62019300", "600100", "60010007"]) {
    assertThrows(() => depacketizer.extract([hex(text)]), ParseError);
  }
});

Deno.test("H265 depacketizer knows every IRAP type as random access", () => {
  const depacketizer = h265PayloadFormat.openDepacketizer(UNKNOWN);
  const types = Array.from({ length: 48 }, (_, type) => type);
  assertEquals(
    types.filter((type) =>
      depacketizer.inspect([Uint8Array.of(type << 1, 1, 0xaf)]).isRandomAccess
    ),
    [16, 17, 18, 19, 20, 21],
  );
});

Deno.test("H265 depacketizer tells new parameters once", () => {
  const depacketizer = h265PayloadFormat.openDepacketizer(UNKNOWN);
  const idr = hex("2801af");
  assertEquals(depacketizer.inspect([VPS, SPS, PPS, idr]), {
    isRandomAccess: true,
    parameters: KNOWN,
  });
  assertEquals(
    depacketizer.inspect([VPS, SPS, PPS, idr]).parameters,
    undefined,
  );
  assertEquals(depacketizer.inspect([OTHER_SPS, idr]).parameters, {
    ...KNOWN,
    sps: [OTHER_SPS],
  });
});

Deno.test("H265 depacketizer reads parameters in aggregates and fragments", () => {
  for (const maxPayloadBytes of [16, 1_000]) {
    const payloads = h265PayloadFormat.openPacketizer(KNOWN, maxPayloadBytes)
      .packetize([hex("2801af")], true)
      .map(({ bytes }) => bytes);
    const depacketizer = h265PayloadFormat.openDepacketizer(UNKNOWN);
    assertEquals(depacketizer.inspect(payloads), {
      isRandomAccess: true,
      parameters: KNOWN,
    });
  }
});

Deno.test("H265 depacketizer throws nothing but ParseError on mutations, and inspect() nothing at all", () => {
  const seeds = [...UNITS, ...BROKEN_UNITS].map(({ payloads }) =>
    hex(
      payloads.map((one) =>
        `${(one.length / 2).toString(16).padStart(2, "0")}${one}`
      ).join(""),
    )
  );
  const depacketizers = [UNKNOWN, WITH_ORDER_NUMBERS].map((parameters) =>
    h265PayloadFormat.openDepacketizer(parameters)
  );
  for (const bytes of mutations(seeds)) {
    const payloads: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = at + 1 + bytes[at]!;
      payloads.push(bytes.subarray(at + 1, end));
      at = end;
    }
    for (const depacketizer of depacketizers) {
      depacketizer.inspect(payloads);
      try {
        depacketizer.extract(payloads);
      } catch (error) {
        if (!(error instanceof ParseError)) throw error;
      }
    }
  }
});

const PACKETIZED = [{
  name: "single NAL units, aggregation packets and fragments",
  parameters: UNKNOWN,
  payloads: [
    "6001000" + "34e01050003" + "0202d0",
    "620381010203040506070809" + "0a0b0c0d",
    "6203410e0f10",
    "0201d1",
  ],
}, {
  name: "the same with order numbers",
  parameters: WITH_ORDER_NUMBERS,
  payloads: [
    "6001000000034e0105000003" + "0202d0",
    "62038100020102030405060708090a0b",
    "6203410c0d0e0f10",
    "02010003d1",
  ],
}];

for (const { name, parameters, payloads } of PACKETIZED) {
  Deno.test(`H265 packetizer writes ${name}`, () => {
    const packetizer = h265PayloadFormat.openPacketizer(parameters, 16);
    const nals = [
      "4e0105",
      "0202d0",
      "02030102030405060708090a0b0c0d0e0f10",
      "0201d1",
    ];
    const written = packetizer.packetize(nals.map(hex), false);
    assertEquals(hexOf(written.map(({ bytes }) => bytes)), payloads);
    assertEquals(written.map(({ marker }) => marker), [
      false,
      false,
      false,
      true,
    ]);
    const depacketizer = h265PayloadFormat.openDepacketizer(parameters);
    assertEquals(
      hexOf(depacketizer.extract(written.map(({ bytes }) => bytes))),
      nals,
    );
  });
}

Deno.test("H265 packetizer writes the lowest layer and temporal id of an aggregate", () => {
  const packetizer = h265PayloadFormat.openPacketizer(UNKNOWN, 100);
  const nals = ["0313d0", "020cd1"].map(hex);
  const [payload] = packetizer.packetize(nals, false);
  assertEquals(payload!.bytes.subarray(0, 2).toHex(), "600b");
});

Deno.test("H265 packetizer and depacketizer give back any unit at any payload size", () => {
  const random = seededRandom(5);
  for (let run = 0; run < 400; run++) {
    const parameters = run % 2 === 0 ? UNKNOWN : WITH_ORDER_NUMBERS;
    const maxPayloadBytes = 16 + Math.floor(random() * 300);
    const nals = Array.from({ length: 1 + Math.floor(random() * 6) }, () => {
      const sizeBytes = 2 + Math.floor(random() ** 3 * 2_000);
      const nal = new Uint8Array(sizeBytes).fill(Math.floor(random() * 256));
      nal.set([0x02, 0x01]);
      return nal;
    });
    const payloads = h265PayloadFormat.openPacketizer(
      parameters,
      maxPayloadBytes,
    ).packetize(nals, false).map(({ bytes }) => bytes);
    assert(payloads.every(({ length }) => length <= maxPayloadBytes));
    const depacketizer = h265PayloadFormat.openDepacketizer(parameters);
    assertEquals(hexOf(depacketizer.extract(payloads)), hexOf(nals));
  }
});

Deno.test("h265PayloadFormat.parseDescription() reads what describe() writes", () => {
  const description = h265PayloadFormat.describe(KNOWN)!;
  assertEquals([...description.fmtp], [
    ["sprop-vps", VPS.toBase64()],
    ["sprop-sps", SPS.toBase64()],
    ["sprop-pps", PPS.toBase64()],
  ]);
  assertEquals([description.encodingName, description.clockRateHz], [
    "H265",
    90_000,
  ]);
  assertEquals(h265PayloadFormat.parseDescription(description), KNOWN);
  assertEquals([...h265PayloadFormat.describe(UNKNOWN)!.fmtp], []);
});

Deno.test("h265PayloadFormat.parseDescription() counts broken sets as unknown", () => {
  const description = descriptionOf({
    "sprop-vps": "",
    "sprop-sps": "*",
    "sprop-pps": SPS.toBase64(),
  }, "h265");
  assertEquals(h265PayloadFormat.parseDescription(description), UNKNOWN);
  const other = descriptionOf({}, "H264");
  assertEquals(h265PayloadFormat.parseDescription(other), undefined);
});

Deno.test("h265PayloadFormat keeps sprop-max-don-diff through new parameters", () => {
  const depacketizer = h265PayloadFormat.openDepacketizer(WITH_ORDER_NUMBERS);
  const withDonl = hex("4401" + "0001" + PPS.subarray(2).toHex());
  const { parameters } = depacketizer.inspect([withDonl]);
  assertEquals(parameters!.pps, [PPS]);
  const { fmtp } = h265PayloadFormat.describe(parameters!)!;
  assertEquals(fmtp.get("sprop-max-don-diff"), "2");
});

Deno.test("h265PayloadFormat.parseDescription() checks sprop-max-don-diff", () => {
  for (const value of ["-1", "32768", "x", "", "999999"]) {
    const error = assertThrows(
      () =>
        h265PayloadFormat.parseDescription(
          descriptionOf({ "sprop-max-don-diff": value }),
        ),
      ParseError,
    );
    assertEquals(error.field, "sprop-max-don-diff");
  }
  assertEquals(
    h265PayloadFormat.parseDescription(
      descriptionOf({ "sprop-max-don-diff": "0" }),
    ),
    UNKNOWN,
  );
});
