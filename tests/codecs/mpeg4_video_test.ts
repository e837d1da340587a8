import { ParseError } from "#base/errors.ts";
import {
  MAX_MPEG4_CONFIG_BYTES,
  MPEG4_INTRA_VOP,
  mpeg4Config,
  mpeg4PictureOffset,
  mpeg4ProfileLevelId,
  mpeg4VideoSize,
  mpeg4VopType,
  parseMpeg4VideoObjectLayer,
} from "#codecs/mpeg4_video.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";
import { layerOf, MPEG4_CONFIGS } from "./mpeg4_video_samples.ts";

for (const { name, hex, profileLevelId, layer } of MPEG4_CONFIGS) {
  const config = Uint8Array.fromHex(hex);

  Deno.test(`parseMpeg4VideoObjectLayer() reads ${name}`, () => {
    const before = config.slice();
    assertEquals(parseMpeg4VideoObjectLayer(config), layer);
    assertEquals(mpeg4ProfileLevelId(config), profileLevelId);
    assertEquals(config, before, "input must stay untouched");
  });

  Deno.test(`mpeg4Config() takes ${name} out of a frame`, () => {
    const frame = Uint8Array.fromHex(`${hex}000001b6100102`);
    const offset = mpeg4PictureOffset(frame);
    assertEquals(offset, config.length);
    const padded = Uint8Array.from([0, 0, 0, ...frame.subarray(0, offset)]);
    assertEquals(mpeg4Config(frame.subarray(0, offset)), config);
    // A start code may have zero bytes before it.
    assertEquals(mpeg4Config(padded)?.toHex().endsWith(hex), true);
  });

  Deno.test(`parseMpeg4VideoObjectLayer() throws only ParseError for prefixes of ${name}`, () => {
    for (let length = 0; length < config.length; length++) {
      parseOrParseError(config.subarray(0, length));
    }
  });
}

function parseOrParseError(config: Uint8Array): void {
  try {
    parseMpeg4VideoObjectLayer(config);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
  }
}

Deno.test("parseMpeg4VideoObjectLayer() names what is missing, cut or standing still", () => {
  for (
    const [hex, field] of [
      ["000001b0f1", "video_object_layer_start_code"],
      ["00000120", "random_accessible_vol"],
      [
        layerOf({ resolution: 0 }).toHex(),
        "vop_time_increment_resolution",
      ],
      [
        layerOf({ resolution: 25 }).toHex().slice(0, -6),
        "vop_time_increment_resolution",
      ],
    ] as const
  ) {
    const error = assertThrows(
      () => parseMpeg4VideoObjectLayer(Uint8Array.fromHex(hex)),
      ParseError,
    );
    assertEquals(error.field, field);
  }
});

Deno.test("parseMpeg4VideoObjectLayer() throws only ParseError", () => {
  const seeds = MPEG4_CONFIGS.map(({ hex }) => Uint8Array.fromHex(hex));
  for (const config of mutations(seeds)) parseOrParseError(config);
});

const FRAMES = [
  { name: "an I-VOP", hex: "000001b610", offset: 0, type: MPEG4_INTRA_VOP },
  { name: "a P-VOP", hex: "000001b650", offset: 0, type: 1 },
  { name: "a B-VOP", hex: "000001b690", offset: 0, type: 2 },
  { name: "an S-VOP", hex: "000001b6d0", offset: 0, type: 3 },
  {
    name: "a group with a P-VOP",
    hex: "000001b300100700000001b650",
    offset: 0,
    type: 1,
  },
  {
    name: "a group without its picture",
    hex: "000001b300100700",
    offset: 0,
    type: -1,
  },
  {
    name: "user data and a P-VOP",
    hex: "000001b24142000001b650",
    offset: 6,
    type: 1,
  },
  { name: "a cut VOP", hex: "000001b6", offset: 0, type: -1 },
  { name: "no start code", hex: "00000001", offset: -1, type: -1 },
] as const;

for (const { name, hex, offset, type } of FRAMES) {
  Deno.test(`mpeg4PictureOffset() and mpeg4VopType() find ${name}`, () => {
    const frame = Uint8Array.fromHex(hex);
    assertEquals(mpeg4PictureOffset(frame), offset);
    assertEquals(mpeg4VopType(frame, offset), type);
  });
}

Deno.test("mpeg4Config() needs an object layer and is limited", () => {
  for (const hex of ["", "000001b24142", "000001b0f1000001b5a913", "0102"]) {
    assertEquals(mpeg4Config(Uint8Array.fromHex(hex)), undefined);
  }
  const long = new Uint8Array(MAX_MPEG4_CONFIG_BYTES + 1);
  long.set([0, 0, 1, 0x20, 0x55]);
  assertEquals(mpeg4Config(long), undefined);
  assertEquals(mpeg4Config(long.subarray(1, -1)), undefined);
  assertEquals(mpeg4Config(long.subarray(0, -1))?.length, long.length - 1);
  assertEquals(mpeg4PictureOffset(long), -1);
});

Deno.test("mpeg4VideoSize() reads rectangles that are there", () => {
  const sizes = MPEG4_CONFIGS.map(({ hex }) =>
    mpeg4VideoSize(Uint8Array.fromHex(hex))
  );
  assertEquals(sizes.slice(0, 2), [
    { width: 320, height: 240 },
    { width: 64, height: 48 },
  ]);
  // Layers that are made by hand end in the middle of the size.
  assertEquals(sizes.slice(2).every((size) => size === undefined), true);
});
