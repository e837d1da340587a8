import { BitWriter } from "#base/bit_writer.ts";
import { ParseError } from "#base/errors.ts";
import {
  isMpeg12Slice,
  isMpeg2Config,
  MPEG12_PICTURE_TYPE,
  mpeg12Config,
  mpeg12PictureType,
  mpeg12VideoSize,
  parseMpeg12Sequence,
} from "#codecs/mpeg12_video.ts";
import { MAX_PARAMETER_SET_BYTES } from "#codecs/parameter_sets.ts";
import { assertEquals, assertThrows } from "#test/assert.ts";
import { mutations } from "#test/splits.ts";

/** A sequence header with both matrices, 30 frames a second times two thirds, and a display extension. */
function longSequence(): Uint8Array {
  const writer = new BitWriter();
  writer.bits(32, 0x1b3).bits(12, 320).bits(12, 240).bits(4, 2).bits(4, 5);
  writer.bits(18, 0x3ffff).bits(1, 1).bits(10, 3).bits(1, 0);
  for (let matrix = 0; matrix < 2; matrix++) {
    writer.bits(1, 1);
    for (let i = 0; i < 64; i++) writer.bits(8, 16);
  }
  writer.bits(32, 0x1b5).bits(4, 1).bits(8, 0x48).bits(1, 1).bits(2, 1);
  writer.bits(4, 0).bits(12, 0).bits(1, 1).bits(8, 0);
  writer.bits(1, 1).bits(2, 1).bits(5, 2);
  return writer.bits(32, 0x1b5).bits(32, 0x23050505).finish();
}

const SEQUENCES = [{
  name: "MPEG-1 at 25 Hz [ffmpeg 5.1]",
  hex: "000001b31400f013ffffe018",
  sequence: { maxNumReorderFrames: 1, frameRateHz: 25 },
}, {
  name: "MPEG-2 at 25 Hz [ffmpeg 5.1 bf=2]",
  hex: "000001b31400f023ffffe018000001b5148a00010000",
  sequence: { maxNumReorderFrames: 1, frameRateHz: 25 },
}, {
  name: "MPEG-2 with low delay at 29.97 Hz [ffmpeg 5.1 low_delay]",
  hex: "000001b304003024ffffe018000001b5148a000100800000",
  sequence: { maxNumReorderFrames: 0, frameRateHz: 30_000 / 1_001 },
}, {
  name: "two matrices, rate extension 2/3, display extension [made by hand]",
  hex: longSequence().toHex(),
  sequence: { maxNumReorderFrames: 0, frameRateHz: 30 * 2 / 3 },
}, {
  name: "reserved frame rate, another extension first [made by hand]",
  hex: "000001b31400f02fffffe018000001b523050505",
  sequence: { maxNumReorderFrames: 1, frameRateHz: undefined },
}] as const;

for (const { name, hex, sequence } of SEQUENCES) {
  const config = Uint8Array.fromHex(hex);

  Deno.test(`parseMpeg12Sequence() reads ${name}`, () => {
    const before = config.slice();
    assertEquals(parseMpeg12Sequence(config), sequence);
    assertEquals(config, before, "input must stay untouched");
  });

  Deno.test(`parseMpeg12Sequence() throws only ParseError for prefixes of ${name}`, () => {
    for (let length = 0; length < config.length; length++) {
      parseOrParseError(config.subarray(0, length));
    }
  });

  Deno.test(`mpeg12Config() takes ${name} out of a unit`, () => {
    for (const next of ["000001b80008004000", "00000100000f", "000001b24142"]) {
      const unit = Uint8Array.fromHex(`00${hex}${next}`);
      assertEquals(mpeg12Config(unit, 1), config);
    }
    assertEquals(mpeg12Config(config, 0), undefined, "it may be cut");
  });
}

function parseOrParseError(config: Uint8Array): void {
  try {
    parseMpeg12Sequence(config);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
  }
}

Deno.test("parseMpeg12Sequence() names what is wrong", () => {
  for (
    const [hex, field] of [
      ["000001b8", "sequence_header_code"],
      ["000001b31400", "horizontal_size_value"],
      ["000001b31400f013ff", "bit_rate_value"],
      ["000001b31400f013ffffe01a10", "load_intra_quantiser_matrix"],
      ["000001b31400f023ffffe018000001b51400", "profile_and_level_indication"],
    ] as const
  ) {
    const error = assertThrows(
      () => parseMpeg12Sequence(Uint8Array.fromHex(hex)),
      ParseError,
    );
    assertEquals(error.field, field);
  }
});

Deno.test("parseMpeg12Sequence() throws only ParseError", () => {
  const seeds = SEQUENCES.map(({ hex }) => Uint8Array.fromHex(hex));
  for (const config of mutations(seeds)) parseOrParseError(config);
});

Deno.test("mpeg12Config() is limited", () => {
  const unit = new Uint8Array(MAX_PARAMETER_SET_BYTES + 5);
  unit.set([0, 0, 1, 0xb3]);
  unit.set([0, 0, 1, 0xb8], MAX_PARAMETER_SET_BYTES + 1);
  assertEquals(mpeg12Config(unit, 0), undefined);
  unit.copyWithin(MAX_PARAMETER_SET_BYTES, MAX_PARAMETER_SET_BYTES + 1);
  assertEquals(mpeg12Config(unit, 0)?.length, MAX_PARAMETER_SET_BYTES);
});

Deno.test("mpeg12PictureType() reads the type, 0 where it is cut", () => {
  const { i, p, b } = MPEG12_PICTURE_TYPE;
  for (
    const [hex, type] of [
      ["00000100000ffff8", i],
      ["000001000057fff980", p],
      ["00000100001ffff980", b],
      ["0000010000", 0],
    ] as const
  ) assertEquals(mpeg12PictureType(Uint8Array.fromHex(hex), 0), type);
});

Deno.test("isMpeg12Slice() knows slices from headers", () => {
  const codes = [0, 1, 0xaf, 0xb0, 0xb3, 0xb8];
  assertEquals(
    codes.map(isMpeg12Slice),
    [false, true, true, false, false, false],
  );
});

Deno.test("isMpeg2Config() and mpeg12VideoSize() tell what files are to say", () => {
  const found = SEQUENCES.map(({ hex }) => {
    const config = Uint8Array.fromHex(hex);
    const { width, height } = mpeg12VideoSize(config);
    return `${isMpeg2Config(config) ? "MPEG-2" : "MPEG-1"} ${width}x${height}`;
  });
  assertEquals(found, [
    "MPEG-1 320x240",
    "MPEG-2 320x240",
    "MPEG-2 64x48",
    "MPEG-2 320x240",
    "MPEG-2 320x240",
  ]);
});
