import { ParseError } from "#base/errors.ts";
import type { AacParameters } from "#codecs/codec.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { aacPayloadFormat } from "#formats/rtp/payloads/aac.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { mutations, prefixes } from "#test/splits.ts";

const STEREO: AacParameters = {
  codec: "aac",
  audioSpecificConfig: Uint8Array.fromHex("1190"),
  sampleRateHz: 48_000,
  channelCount: 2,
};
const LOW_BIT_RATE: AacParameters = {
  ...STEREO,
  rtpLayout: { sizeLengthBits: 6, indexLengthBits: 2, indexDeltaLengthBits: 2 },
};

const HIGH_BIT_RATE_FMTP = {
  "streamtype": "5",
  "mode": "AAC-hbr",
  "profile-level-id": "1",
  "sizelength": "13",
  "indexlength": "3",
  "indexdeltalength": "3",
  "config": "1190",
};

function description(
  fmtp: Record<string, string>,
  changes: Partial<RtpFormatDescription> = {},
): RtpFormatDescription {
  return {
    mediaType: "audio",
    payloadType: undefined,
    encodingName: "mpeg4-generic",
    clockRateHz: 48_000,
    channelCount: 2,
    fmtp: new Map(Object.entries(fmtp)),
    ...changes,
  };
}

const DESCRIPTIONS: {
  name: string;
  description: RtpFormatDescription;
  parameters: AacParameters;
}[] = [{
  name: "AAC-hbr",
  description: description(HIGH_BIT_RATE_FMTP),
  parameters: STEREO,
}, {
  name: "AAC-lbr",
  description: description({
    ...HIGH_BIT_RATE_FMTP,
    mode: "AAC-lbr",
    sizelength: "6",
    indexlength: "2",
    indexdeltalength: "2",
  }),
  parameters: LOW_BIT_RATE,
}, {
  name: "hierarchical PS at the rate of its output",
  description: description({ ...HIGH_BIT_RATE_FMTP, config: "eb098800" }),
  parameters: {
    codec: "aac",
    audioSpecificConfig: Uint8Array.fromHex("eb098800"),
    sampleRateHz: 48_000,
    channelCount: 1,
  },
}, {
  name: "eight channels",
  description: description(
    { ...HIGH_BIT_RATE_FMTP, config: "11b8" },
    { channelCount: 8 },
  ),
  parameters: {
    ...STEREO,
    audioSpecificConfig: Uint8Array.fromHex("11b8"),
    channelCount: 8,
  },
}];

for (const { name, description, parameters } of DESCRIPTIONS) {
  Deno.test(`aacPayloadFormat.parseDescription() and describe() agree on ${name}`, () => {
    assertEquals(aacPayloadFormat.parseDescription(description), parameters);
    const written = aacPayloadFormat.describe(parameters)!;
    assertEquals(written, description);
    assertEquals([...written.fmtp.keys()], Object.keys(HIGH_BIT_RATE_FMTP));
  });
}

Deno.test("aacPayloadFormat.parseDescription() accepts what devices send", () => {
  const { mode: _mode, indexlength: _index, ...bare } = HIGH_BIT_RATE_FMTP;
  for (
    const [fmtp, rtpLayout] of [
      [{ ...HIGH_BIT_RATE_FMTP, mode: "aac_hbr" }, undefined],
      [{ ...HIGH_BIT_RATE_FMTP, constantsize: "0" }, undefined],
      [
        bare,
        { sizeLengthBits: 13, indexLengthBits: 0, indexDeltaLengthBits: 3 },
      ],
    ] as const
  ) {
    const parameters = aacPayloadFormat.parseDescription(
      description(fmtp, { encodingName: "MPEG4-GENERIC" }),
    );
    assertEquals(parameters?.rtpLayout, rtpLayout);
  }
});

Deno.test("aacPayloadFormat.parseDescription() leaves other formats alone", () => {
  for (
    const other of [
      description(HIGH_BIT_RATE_FMTP, { encodingName: "opus" }),
      description(HIGH_BIT_RATE_FMTP, { mediaType: "video" }),
      description({ ...HIGH_BIT_RATE_FMTP, mode: "CELP-vbr" }),
      description({ ...HIGH_BIT_RATE_FMTP, streamtype: "4" }),
      description({ ...HIGH_BIT_RATE_FMTP, constantsize: "200" }),
      description({ ...HIGH_BIT_RATE_FMTP, ctsdeltalength: "8" }),
    ]
  ) {
    assertEquals(aacPayloadFormat.parseDescription(other), undefined);
  }
});

Deno.test("aacPayloadFormat.parseDescription() names the parameter at fault", () => {
  for (
    const [name, value] of [
      ["config", ""],
      ["config", "119"],
      ["config", "zz"],
      ["config", "00".repeat(1_025)],
      ["sizelength", "0"],
      ["sizelength", "17"],
      ["indexlength", "-1"],
      ["indexdeltalength", "x"],
    ] as const
  ) {
    const error = assertThrows(
      () =>
        aacPayloadFormat.parseDescription(
          description({ ...HIGH_BIT_RATE_FMTP, [name]: value }),
        ),
      ParseError,
    );
    assertEquals(error.field, name);
  }
});

Deno.test("aacPayloadFormat.describe() leaves LATM and unknown configurations alone", () => {
  const latm = { streamMuxConfig: undefined, isConfigInBand: true };
  assertEquals(aacPayloadFormat.describe({ ...STEREO, latm }), undefined);
  assertEquals(
    aacPayloadFormat.describe({ ...STEREO, audioSpecificConfig: undefined }),
    undefined,
  );
});

interface Row {
  name: string;
  parameters: AacParameters;
  maxPayloadBytes: number;
  parts: string[];
  /** Payload, marker and offset of each packet. */
  packets: [hex: string, marker: boolean, offsetTicks: number][];
}

const UNITS: Row[] = [{
  name: "one access unit",
  parameters: STEREO,
  maxPayloadBytes: 100,
  parts: ["aabbcc"],
  packets: [["00100018aabbcc", true, 0]],
}, {
  name: "as many access units as fit",
  parameters: STEREO,
  maxPayloadBytes: 10,
  parts: ["aabb", "ccdd", "ee"],
  packets: [
    ["002000100010aabbccdd", true, 0],
    ["00100008ee", true, 2_048],
  ],
}, {
  name: "a large access unit between small ones",
  parameters: STEREO,
  maxPayloadBytes: 7,
  parts: ["01", "1122334455667788", "02"],
  packets: [
    ["0010000801", true, 0],
    ["00100040112233", false, 1_024],
    ["00100040445566", false, 1_024],
    ["001000407788", true, 1_024],
    ["0010000802", true, 2_048],
  ],
}, {
  name: "narrow headers that end within a byte",
  parameters: {
    ...STEREO,
    rtpLayout: {
      sizeLengthBits: 7,
      indexLengthBits: 2,
      indexDeltaLengthBits: 0,
    },
  },
  maxPayloadBytes: 100,
  parts: ["aabb", "cc", "ddeeff"],
  // 0000010.00 0000001 0000011, then one bit of padding
  packets: [["0017040106aabbccddeeff", true, 0]],
}, {
  name: "mode AAC-lbr",
  parameters: LOW_BIT_RATE,
  maxPayloadBytes: 100,
  parts: ["aabb", "cc"],
  packets: [["00100804aabbcc", true, 0]],
}, {
  name: "a core at half the clock rate",
  parameters: {
    ...STEREO,
    audioSpecificConfig: Uint8Array.fromHex("eb098800"),
    channelCount: 1,
  },
  maxPayloadBytes: 6,
  parts: ["aabb", "ccdd"],
  packets: [["00100010aabb", true, 0], ["00100010ccdd", true, 2_048]],
}];

for (const { name, parameters, maxPayloadBytes, parts, packets } of UNITS) {
  Deno.test(`AAC packetize() writes ${name}`, () => {
    const packetizer = aacPayloadFormat.openPacketizer(
      parameters,
      maxPayloadBytes,
    );
    const payloads = packetizer.packetize(
      parts.map((part) => Uint8Array.fromHex(part)),
      true,
    );
    assertEquals(
      payloads.map((
        { bytes, marker, offsetTicks },
      ) => [bytes.toHex(), marker, offsetTicks]),
      packets,
    );
    for (const { bytes } of payloads) assert(bytes.length <= maxPayloadBytes);
  });

  Deno.test(`AAC extract() reads back ${name}`, () => {
    const depacketizer = aacPayloadFormat.openDepacketizer(parameters);
    const found: string[] = [];
    let unit: Uint8Array[] = [];
    for (const [hex, marker] of packets) {
      unit.push(Uint8Array.fromHex(hex));
      if (!marker) continue;
      found.push(...depacketizer.extract(unit).map((part) => part.toHex()));
      unit = [];
    }
    assertEquals(found, parts);
  });

  Deno.test(`AAC extract() rejects every prefix of ${name}`, () => {
    const depacketizer = aacPayloadFormat.openDepacketizer(parameters);
    for (const [hex, marker] of packets) {
      if (!marker) continue; // what a fragment is, only the last one tells
      for (const prefix of prefixes(Uint8Array.fromHex(hex))) {
        assertThrows(() => depacketizer.extract([prefix]), ParseError);
      }
    }
  });
}

const depacketizer = aacPayloadFormat.openDepacketizer(STEREO);

function extract(...payloads: string[]): string[] {
  return depacketizer.extract(payloads.map((hex) => Uint8Array.fromHex(hex)))
    .map((part) => part.toHex());
}

Deno.test("AAC packetize() leaves out what the headers cannot express", () => {
  const packetizer = aacPayloadFormat.openPacketizer(LOW_BIT_RATE, 1_000);
  const payloads = packetizer.packetize(
    [new Uint8Array(64), new Uint8Array(), Uint8Array.of(0xaa)],
    true,
  );
  assertEquals(
    payloads.map(({ bytes, offsetTicks }) => [bytes.toHex(), offsetTicks]),
    [["000804aa", 2_048]],
  );
});

Deno.test("AAC packetize() fills a packet with at most 64 access units", () => {
  const packetizer = aacPayloadFormat.openPacketizer(STEREO, 1_400);
  const parts = Array.from({ length: 65 }, () => Uint8Array.of(1));
  assertEquals(
    packetizer.packetize(parts, true).map(({ bytes }) => bytes.length),
    [2 + 64 * 3, 5],
  );
});

Deno.test("AAC extract() joins fragments that hold their own size [mediamtx]", () => {
  assertEquals(extract("00100018aabbcc", "00100010ddee"), ["aabbccddee"]);
});

Deno.test("AAC extract() removes ADTS headers and ignores padding and AU-Index", () => {
  assertEquals(extract("00100058" + "fff15c40017ffcaabbccdd"), ["aabbccdd"]);
  assertEquals(extract("00100010aabb0000"), ["aabb"]);
  assertEquals(extract("00100013aabb"), ["aabb"]);
});

Deno.test("AAC extract() names the field at fault", () => {
  for (
    const [payloads, field] of [
      [["00"], "AU-headers-length"],
      [["0000aabb"], "AU-headers-length"],
      [["00180010aabb"], "AU-headers-length"],
      [["00200010"], "AU-headers"],
      [["00100018aabb"], "AU-size"],
      [["00100000aabb"], "AU-size"],
      [["002000080009aabb"], "AU-Index-delta"],
      [["00100020aabb", "00100020cc"], "AU-size"], // a fragment is missing
      [["00100020aabb", "00100018ccdd"], "AU-size"],
      [["00100010aabb", "002000080008ccdd"], "AU-headers-length"],
      [[], "AU-size"],
    ] as const
  ) {
    const error = assertThrows(() => extract(...payloads), ParseError);
    assertEquals([payloads, error.field], [payloads, field]);
  }
});

Deno.test("AAC extract() limits access units and joined bytes", () => {
  const many = new Uint8Array(2 + 257 * 3);
  new DataView(many.buffer).setUint16(0, 257 * 16);
  const crowded = assertThrows(() => depacketizer.extract([many]), ParseError);
  assertEquals(crowded.field, "AU-headers-length");
  const fragment = new Uint8Array(4 + 8_191);
  fragment.set(Uint8Array.fromHex("0010fff8"));
  const long = assertThrows(
    () => depacketizer.extract(Array.from({ length: 9 }, () => fragment)),
    ParseError,
  );
  assertEquals(long.field, "AU-size");
});

Deno.test("AAC extract() throws only ParseError, inspect() never", () => {
  const seeds = UNITS.flatMap(({ packets }) =>
    packets.map(([hex]) => Uint8Array.fromHex(hex))
  );
  const narrow = aacPayloadFormat.openDepacketizer(UNITS[3]!.parameters);
  let last: Uint8Array = new Uint8Array();
  for (const payload of mutations(seeds)) {
    for (const reader of [depacketizer, narrow]) {
      for (const unit of [[payload], [last, payload]]) {
        assertEquals(reader.inspect(unit).isRandomAccess, true);
        try {
          reader.extract(unit);
        } catch (error) {
          if (!(error instanceof ParseError)) throw error;
        }
      }
    }
    last = payload;
  }
});
