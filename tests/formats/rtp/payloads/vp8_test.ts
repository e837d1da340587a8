import { ParseError } from "#base/errors.ts";
import type { Vp8Parameters } from "#codecs/codec.ts";
import { MAX_ACCESS_UNIT_BYTES } from "#codecs/nal_unit.ts";
import type { RtpFormatDescription } from "#formats/rtp/payload_format.ts";
import { vp8PayloadFormat } from "#formats/rtp/payloads/vp8.ts";
import { assert, assertEquals, assertThrows } from "#test/assert.ts";
import { seededRandom } from "#test/splits.ts";
import { mutatedUnits } from "./mutated_units.ts";

const hex = (text: string) => Uint8Array.fromHex(text);
const hexOf = (parts: readonly Uint8Array[]) =>
  parts.map((part) => part.toHex());

const PARAMETERS: Vp8Parameters = { codec: "vp8" };

/** Payloads of a frame, and what is in them. */
const UNITS = [{
  name: "a key frame in one packet",
  payloads: ["1070d0009d012a"],
  frame: "70d0009d012a",
  isRandomAccess: true,
}, {
  name: "a delta frame in one packet",
  payloads: ["10b135000c"],
  frame: "b135000c",
  isRandomAccess: false,
}, {
  name: "a picture id of 15 bits in each packet [ffmpeg]",
  payloads: ["9080800070d0009d", "80808000aabb", "80808000cc"],
  frame: "70d0009daabbcc",
  isRandomAccess: true,
}, {
  name: "a picture id of 7 bits",
  payloads: ["90800570aa", "808005bb"],
  frame: "70aabb",
  isRandomAccess: true,
}, {
  name: "every extension [Chromium]",
  payloads: ["90f08001024370aa", "80f080010243bb"],
  frame: "70aabb",
  isRandomAccess: true,
}, {
  name: "a temporal layer index only",
  payloads: ["902040b1aa"],
  frame: "b1aa",
  isRandomAccess: false,
}, {
  name: "a key frame index only",
  payloads: ["90100370aa"],
  frame: "70aa",
  isRandomAccess: true,
}, {
  name: "a non-reference frame",
  payloads: ["30b1aa"],
  frame: "b1aa",
  isRandomAccess: false,
}, {
  name: "partitions in packets of their own",
  payloads: ["1070aa", "11bb", "01cc", "12dd"],
  frame: "70aabbccdd",
  isRandomAccess: true,
}, {
  name: "empty packets between and behind fragments",
  payloads: ["1070", "", "00aa", ""],
  frame: "70aa",
  isRandomAccess: true,
}];

for (const { name, payloads, frame, isRandomAccess } of UNITS) {
  Deno.test(`VP8 depacketizer reads ${name}`, () => {
    const unit = payloads.map(hex);
    const depacketizer = vp8PayloadFormat.openDepacketizer(PARAMETERS);
    assertEquals(depacketizer.inspect(unit), {
      isRandomAccess,
      parameters: undefined,
    });
    assertEquals(hexOf(depacketizer.extract(unit)), [frame]);
    assertEquals(hexOf(unit), payloads, "input must stay untouched");
  });
}

Deno.test("VP8 depacketizer finds nothing in nothing", () => {
  const depacketizer = vp8PayloadFormat.openDepacketizer(PARAMETERS);
  for (const unit of [[], [new Uint8Array()]]) {
    assertEquals(depacketizer.inspect(unit).isRandomAccess, false);
    assertEquals(depacketizer.extract(unit), []);
  }
});

const BROKEN_UNITS = [
  { name: "the first fragment is missing", payloads: ["0070aa"] },
  { name: "the first partition is missing", payloads: ["1170aa"] },
  { name: "a second frame begins", payloads: ["1070", "1070"] },
  { name: "nothing is behind the descriptor", payloads: ["1070", "00"] },
  { name: "the extensions are cut", payloads: ["90"] },
  { name: "a picture id is cut", payloads: ["9080"] },
  { name: "a long picture id is cut", payloads: ["908080"] },
  { name: "a layer index is cut", payloads: ["90f0800102"] },
];

for (const { name, payloads } of BROKEN_UNITS) {
  Deno.test(`VP8 depacketizer rejects a unit if ${name}`, () => {
    const depacketizer = vp8PayloadFormat.openDepacketizer(PARAMETERS);
    const unit = payloads.map(hex);
    const error = assertThrows(() => depacketizer.extract(unit), ParseError);
    assertEquals(error.field, `payloads[${payloads.length - 1}]`);
    assertEquals(depacketizer.inspect(unit).isRandomAccess, false);
  });
}

Deno.test("VP8 depacketizer gives a view of a frame in one packet", () => {
  const depacketizer = vp8PayloadFormat.openDepacketizer(PARAMETERS);
  const unit = [hex("1070aa")];
  assert(depacketizer.extract(unit)[0]!.buffer === unit[0]!.buffer);
});

Deno.test("VP8 depacketizer rejects units over its limit", () => {
  const depacketizer = vp8PayloadFormat.openDepacketizer(PARAMETERS);
  const large = new Uint8Array(MAX_ACCESS_UNIT_BYTES / 2 + 1);
  const first = large.with(0, 0x10);
  assertThrows(() => depacketizer.extract([first, large]), ParseError);
});

Deno.test("VP8 depacketizer throws nothing but ParseError on mutations, and inspect() nothing at all", () => {
  const seeds = [...UNITS, ...BROKEN_UNITS].map(({ payloads }) => payloads);
  const depacketizer = vp8PayloadFormat.openDepacketizer(PARAMETERS);
  for (const payloads of mutatedUnits(seeds)) {
    depacketizer.inspect(payloads);
    try {
      for (const frame of depacketizer.extract(payloads)) {
        assert(frame.length > 0);
      }
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
});

Deno.test("VP8 packetizer writes descriptors of one byte", () => {
  const packetizer = vp8PayloadFormat.openPacketizer(PARAMETERS, 16);
  const written = (frame: string) =>
    packetizer.packetize([hex(frame)], true).map(
      ({ bytes, marker, offsetTicks }) => [bytes.toHex(), marker, offsetTicks],
    );
  assertEquals(written("70aa"), [["1070aa", true, 0]]);
  assertEquals(written(`70${"aa".repeat(14)}`), [
    [`1070${"aa".repeat(14)}`, true, 0],
  ]);
  assertEquals(written(`70${"aa".repeat(30)}`), [
    [`1070${"aa".repeat(14)}`, false, 0],
    [`00${"aa".repeat(15)}`, false, 0],
    ["00aa", true, 0],
  ]);
  assertEquals(packetizer.packetize([new Uint8Array()], true), []);
});

Deno.test("VP8 packetizer and depacketizer give back any frame at any payload size", () => {
  const random = seededRandom(3);
  for (let run = 0; run < 500; run++) {
    const maxPayloadBytes = 16 + Math.floor(random() * 300);
    const frame = Uint8Array.from(
      { length: 1 + Math.floor(random() ** 3 * 2_000) },
      () => Math.floor(random() * 256),
    );
    const payloads = vp8PayloadFormat
      .openPacketizer(PARAMETERS, maxPayloadBytes).packetize([frame], false);
    const sizes = payloads.map(({ bytes }) => bytes.length);
    assert(sizes.slice(0, -1).every((size) => size === maxPayloadBytes));
    assert(sizes.at(-1)! <= maxPayloadBytes && sizes.at(-1)! > 1);
    assertEquals(
      payloads.map(({ marker }) => marker).indexOf(true),
      payloads.length - 1,
    );
    const depacketizer = vp8PayloadFormat.openDepacketizer(PARAMETERS);
    const unit = payloads.map(({ bytes }) => bytes);
    assertEquals(hexOf(depacketizer.extract(unit)), [frame.toHex()]);
  }
});

function descriptionOf(
  fmtp: Record<string, string>,
  encodingName = "VP8",
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

Deno.test("vp8PayloadFormat.parseDescription() and describe() agree", () => {
  for (
    const [description, parameters] of [
      [descriptionOf({}), PARAMETERS],
      [descriptionOf({ "max-fr": "30", "max-fs": "3600" }), {
        ...PARAMETERS,
        maxFrameRate: 30,
        maxFrameSize: 3_600,
      }],
      [descriptionOf({ "max-fs": "0" }), { ...PARAMETERS, maxFrameSize: 0 }],
    ] as const
  ) {
    assertEquals(vp8PayloadFormat.parseDescription(description), parameters);
    assertEquals(vp8PayloadFormat.describe(parameters), description);
  }
});

Deno.test("vp8PayloadFormat.parseDescription() takes any case, leaves other formats and names faults", () => {
  const lower = descriptionOf({}, "vp8");
  assertEquals(vp8PayloadFormat.parseDescription(lower), PARAMETERS);
  const other = descriptionOf({}, "VP9");
  assertEquals(vp8PayloadFormat.parseDescription(other), undefined);
  for (const field of ["max-fr", "max-fs"]) {
    const wrong = descriptionOf({ [field]: "many" });
    const error = assertThrows(
      () => vp8PayloadFormat.parseDescription(wrong),
      ParseError,
    );
    assertEquals(error.field, field);
  }
});
