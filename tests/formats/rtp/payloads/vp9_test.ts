import { ParseError } from "#base/errors.ts";
import type { Vp9Parameters } from "#codecs/codec.ts";
import { MAX_ACCESS_UNIT_BYTES } from "#codecs/nal_unit.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { vp9PayloadFormat } from "#formats/rtp/payloads/vp9.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { seededRandom } from "#test/splits.ts";
import { mutatedUnits } from "./mutated_units.ts";

const hex = (text: string) => Uint8Array.fromHex(text);
const hexOf = (parts: readonly Uint8Array[]) =>
  parts.map((part) => part.toHex());

/** Beginning of a key frame of 640x360, profile 0 [libvpx]. */
const KEY = "824983420027f0167608";
/** The same of 1920x1080, profile 2, 10 bits. */
const OTHER_KEY = "92498342003bf821bb03";
const DELTA = "86004092f0c1";
/** Scalability structure of two spatial layers and a picture group of one. */
const TWO_LAYERS = "38" + "014000b4" + "02800168" + "01" + "0401";

const UNKNOWN: Vp9Parameters = {
  codec: "vp9",
  profileId: undefined,
  bitDepth: undefined,
};
const PROFILE_0: Vp9Parameters = { codec: "vp9", profileId: 0, bitDepth: 8 };

/** Payloads of a picture, and what is in them. */
const UNITS = [{
  name: "a key frame in three packets [ffmpeg]",
  payloads: [`08${KEY}`, "00aa", "04bb"],
  frame: `${KEY}aabb`,
  isRandomAccess: true,
}, {
  name: "a delta frame in one packet [ffmpeg]",
  payloads: [`0c${DELTA}`],
  frame: DELTA,
  isRandomAccess: false,
}, {
  name: "picture ids and a scalability structure [GStreamer]",
  payloads: ["8a94aa" + "1802800168" + "010401" + KEY, "8094aaaa", "8494aabb"],
  frame: `${KEY}aabb`,
  isRandomAccess: true,
}, {
  name: "a delta frame with a picture id of 15 bits [GStreamer]",
  payloads: [`cc94ab${DELTA}`],
  frame: DELTA,
  isRandomAccess: false,
}, {
  name: "layer indices in non-flexible mode",
  payloads: [`ec052007${DELTA}`],
  frame: DELTA,
  isRandomAccess: false,
}, {
  name: "layer indices and two references in flexible mode [Chromium]",
  payloads: [`fc8005000302${DELTA}`],
  frame: DELTA,
  isRandomAccess: false,
}, {
  name: "three references in flexible mode",
  payloads: [`dc05030508${DELTA}`],
  frame: DELTA,
  isRandomAccess: false,
}, {
  name: "flexible mode without references",
  payloads: [`9c05${KEY}`],
  frame: KEY,
  isRandomAccess: true,
}, {
  name: "a scalability structure that says nothing",
  payloads: [`0e00${KEY}`],
  frame: KEY,
  isRandomAccess: true,
}, {
  name: "a picture group of three with references each",
  payloads: ["0e08" + "03" + "00" + "080102" + `2401${KEY}`],
  frame: KEY,
  isRandomAccess: true,
}, {
  name: "two spatial layers, as a superframe",
  payloads: [
    `aa050007${TWO_LAYERS}${KEY}`,
    "a4050007aa",
    "a8050307a601",
    "a4050307bb",
  ],
  frame: `${KEY}aa` + "a601bb" + "c10b03c1",
  isRandomAccess: true,
}, {
  name: "empty packets between and behind fragments",
  payloads: [`08${KEY}`, "", "04aa", ""],
  frame: `${KEY}aa`,
  isRandomAccess: true,
}];

for (const { name, payloads, frame, isRandomAccess } of UNITS) {
  Deno.test(`VP9 depacketizer reads ${name}`, () => {
    const unit = payloads.map(hex);
    const depacketizer = vp9PayloadFormat.openDepacketizer(UNKNOWN);
    assertEquals(depacketizer.inspect(unit), {
      isRandomAccess,
      parameters: isRandomAccess ? PROFILE_0 : undefined,
    });
    assertEquals(hexOf(depacketizer.extract(unit)), [frame]);
    assertEquals(hexOf(unit), payloads, "input must stay untouched");
  });
}

Deno.test("VP9 depacketizer finds nothing in nothing", () => {
  const depacketizer = vp9PayloadFormat.openDepacketizer(UNKNOWN);
  for (const unit of [[], [new Uint8Array()]]) {
    assertEquals(depacketizer.inspect(unit).isRandomAccess, false);
    assertEquals(depacketizer.extract(unit), []);
  }
});

const BROKEN_UNITS = [
  { name: "the first fragment is missing", payloads: [`04${KEY}`] },
  { name: "the last fragment is missing", payloads: [`08${KEY}`, "00aa"] },
  { name: "a frame begins in another", payloads: [`08${KEY}`, `0c${KEY}`] },
  { name: "nothing is behind the descriptor", payloads: [`08${KEY}`, "04"] },
  { name: "a picture id is cut", payloads: ["8c"] },
  { name: "a long picture id is cut", payloads: ["8c80"] },
  { name: "layer indices are cut", payloads: ["ac0500"] },
  { name: "references are cut", payloads: ["dc0503"] },
  { name: "there are four references", payloads: [`dc0503030302${DELTA}`] },
  { name: "a scalability structure is missing", payloads: ["0e"] },
  { name: "resolutions are cut", payloads: ["0e380140"] },
  { name: "a picture group is cut", payloads: ["0e080300"] },
  { name: "a picture group has no length", payloads: ["0e08"] },
];

for (const { name, payloads } of BROKEN_UNITS) {
  Deno.test(`VP9 depacketizer rejects a unit if ${name}`, () => {
    const depacketizer = vp9PayloadFormat.openDepacketizer(UNKNOWN);
    const unit = payloads.map(hex);
    const error = assertThrows(() => depacketizer.extract(unit), ParseError);
    assertEquals(error.field, `payloads[${payloads.length - 1}]`);
    assertEquals(depacketizer.inspect(unit), {
      isRandomAccess: false,
      parameters: undefined,
    });
  });
}

Deno.test("VP9 depacketizer rejects units over its limits", () => {
  const depacketizer = vp9PayloadFormat.openDepacketizer(UNKNOWN);
  const layers = Array(8).fill(hex(`0c${DELTA}`));
  assertEquals(depacketizer.extract(layers).length, 1);
  assertThrows(
    () => depacketizer.extract([...layers, layers[0]!]),
    ParseError,
  );
  const large = new Uint8Array(MAX_ACCESS_UNIT_BYTES / 2 + 1);
  assertThrows(
    () => depacketizer.extract([large.with(0, 0x08), large.with(0, 0x04)]),
    ParseError,
  );
});

Deno.test("VP9 depacketizer tells new parameters once, and keeps what was announced", () => {
  const announced = { ...UNKNOWN, profileId: 0, maxFrameRate: 30 };
  const depacketizer = vp9PayloadFormat.openDepacketizer(announced);
  const key = [hex(`0c${KEY}`)];
  const { parameters } = depacketizer.inspect(key);
  assertEquals(parameters, { ...PROFILE_0, maxFrameRate: 30 });
  assertEquals(depacketizer.inspect(key), {
    isRandomAccess: true,
    parameters: undefined,
  });
  assertEquals(depacketizer.inspect([hex(`0c${OTHER_KEY}`)]).parameters, {
    codec: "vp9",
    profileId: 2,
    bitDepth: 10,
    maxFrameRate: 30,
  });
});

Deno.test("VP9 depacketizer takes a key frame whose header it cannot read to the end", () => {
  const depacketizer = vp9PayloadFormat.openDepacketizer(UNKNOWN);
  const unit = [`08${KEY.slice(0, 8)}`, `04${KEY.slice(8)}`].map(hex);
  assertEquals(depacketizer.inspect(unit), {
    isRandomAccess: true,
    parameters: undefined,
  });
  assertEquals(hexOf(depacketizer.extract(unit)), [KEY]);
});

Deno.test("VP9 depacketizer throws nothing but ParseError on mutations, and inspect() nothing at all", () => {
  const seeds = [...UNITS, ...BROKEN_UNITS].map(({ payloads }) => payloads);
  for (const payloads of mutatedUnits(seeds)) {
    const depacketizer = vp9PayloadFormat.openDepacketizer(UNKNOWN);
    depacketizer.inspect(payloads);
    try {
      const frames = depacketizer.extract(payloads);
      assert(frames.length < 2 && frames.every(({ length }) => length > 0));
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});

Deno.test("VP9 packetizer writes descriptors of one byte: P, B and E", () => {
  const packetizer = vp9PayloadFormat.openPacketizer(UNKNOWN, 16);
  const written = (frame: string, isRandomAccess: boolean) =>
    packetizer.packetize([hex(frame)], isRandomAccess).map(
      ({ bytes, marker, offsetTicks }) => [bytes.toHex(), marker, offsetTicks],
    );
  assertEquals(written(KEY, true), [[`0c${KEY}`, true, 0]]);
  assertEquals(written(DELTA, false), [[`4c${DELTA}`, true, 0]]);
  const rest = "aa".repeat(20);
  assertEquals(written(KEY + rest, true), [
    [`08${KEY}${"aa".repeat(5)}`, false, 0],
    [`04${"aa".repeat(15)}`, true, 0],
  ]);
  assertEquals(written(DELTA + rest + rest, false), [
    [`48${DELTA}${"aa".repeat(9)}`, false, 0],
    [`40${"aa".repeat(15)}`, false, 0],
    [`40${"aa".repeat(15)}`, false, 0],
    [`44aa`, true, 0],
  ]);
  assertEquals(packetizer.packetize([new Uint8Array()], true), []);
});

Deno.test("VP9 packetizer and depacketizer give back any frame at any payload size", () => {
  const random = seededRandom(3);
  for (let run = 0; run < 500; run++) {
    const maxPayloadBytes = 16 + Math.floor(random() * 300);
    const frame = Uint8Array.from(
      { length: 1 + Math.floor(random() ** 3 * 2_000) },
      () => Math.floor(random() * 256),
    );
    const payloads = vp9PayloadFormat.openPacketizer(UNKNOWN, maxPayloadBytes)
      .packetize([frame], run % 2 === 0);
    const sizes = payloads.map(({ bytes }) => bytes.length);
    assert(sizes.slice(0, -1).every((size) => size === maxPayloadBytes));
    assert(sizes.at(-1)! <= maxPayloadBytes && sizes.at(-1)! > 1);
    const depacketizer = vp9PayloadFormat.openDepacketizer(UNKNOWN);
    const unit = payloads.map(({ bytes }) => bytes);
    assertEquals(hexOf(depacketizer.extract(unit)), [frame.toHex()]);
  }
});

function descriptionOf(
  fmtp: Record<string, string>,
  encodingName = "VP9",
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

Deno.test("vp9PayloadFormat.parseDescription() and describe() agree", () => {
  for (
    const [description, parameters] of [
      [descriptionOf({}), UNKNOWN],
      [descriptionOf({ "profile-id": "2" }), { ...UNKNOWN, profileId: 2 }],
      [
        descriptionOf({
          "max-fr": "30",
          "max-fs": "3600",
          "profile-id": "0",
        }),
        { ...UNKNOWN, profileId: 0, maxFrameRate: 30, maxFrameSize: 3_600 },
      ],
    ] as const
  ) {
    assertEquals(vp9PayloadFormat.parseDescription(description), parameters);
    assertEquals(vp9PayloadFormat.describe(parameters), description);
  }
});

Deno.test("vp9PayloadFormat.parseDescription() takes any case, leaves other formats and names faults", () => {
  const lower = descriptionOf({}, "vp9");
  assertEquals(vp9PayloadFormat.parseDescription(lower), UNKNOWN);
  const other = descriptionOf({}, "VP8");
  assertEquals(vp9PayloadFormat.parseDescription(other), undefined);
  for (
    const [field, value] of [
      ["profile-id", "4"],
      ["max-fr", "-1"],
      ["max-fs", "999999999"],
    ] as const
  ) {
    const wrong = descriptionOf({ [field]: value });
    const error = assertThrows(
      () => vp9PayloadFormat.parseDescription(wrong),
      ParseError,
    );
    assertEquals(error.field, field);
  }
});
