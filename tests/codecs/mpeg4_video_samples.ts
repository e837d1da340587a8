import { BitWriter } from "#base/bit_writer.ts";

/** What a layer is made with; the rest is a rectangle without control parameters. */
interface LayerOptions {
  readonly objectType?: number;
  readonly resolution: number;
  /** Fixed time between two pictures; variable if it is left out. */
  readonly increment?: number;
  readonly lowDelay?: boolean;
  readonly hasVbv?: boolean;
  readonly hasExtendedPar?: boolean;
  readonly isGrayscale?: boolean;
}

/** A video object layer, start code included, as far as a server reads it, and a byte more. */
export function layerOf(options: LayerOptions): Uint8Array {
  const { objectType = 1, resolution, increment, lowDelay } = options;
  const writer = new BitWriter();
  writer.bits(32, 0x120).bits(1, 0).bits(8, objectType);
  writer.bits(1, 1).bits(4, 2).bits(3, 1);
  if (options.hasExtendedPar) writer.bits(4, 15).bits(16, 0x0c0b);
  else writer.bits(4, 1);
  writer.bits(1, lowDelay === undefined ? 0 : 1);
  if (lowDelay !== undefined) {
    writer.bits(2, 1).bits(1, lowDelay ? 1 : 0);
    writer.bits(1, options.hasVbv ? 1 : 0);
    if (options.hasVbv) writer.bits(32, 0x55555555).bits(32, 0).bits(15, 0);
  }
  if (options.isGrayscale) writer.bits(2, 3).bits(4, 0);
  else writer.bits(2, 0);
  writer.bits(1, 1).bits(16, resolution).bits(1, 1);
  writer.bits(1, increment === undefined ? 0 : 1);
  if (increment !== undefined) {
    writer.bits(Math.ceil(Math.log2(Math.max(2, resolution))), increment);
  }
  return writer.bits(1, 1).bits(13, 320).finish();
}

/** Configurations, what stands in them and where they are from. */
export const MPEG4_CONFIGS: readonly {
  readonly name: string;
  readonly hex: string;
  readonly profileLevelId: number | undefined;
  readonly layer: {
    readonly maxNumReorderFrames: number | undefined;
    readonly frameRateHz: number | undefined;
  };
}[] = [{
  name: "advanced simple profile with B-VOPs [ffmpeg 5.1 bf=2]",
  hex: "000001b0f1000001b5a91300000100000001" +
    "2008d48d0800cd0a041e14103f",
  profileLevelId: 0xf1,
  layer: { maxNumReorderFrames: 1, frameRateHz: undefined },
}, {
  name: "simple profile [ffmpeg 5.1]",
  hex: "000001b001000001b5891300000100000001" +
    "2000c48d8800cd020406144300",
  profileLevelId: 1,
  layer: { maxNumReorderFrames: 0, frameRateHz: undefined },
}, {
  name: "a layer alone, simple, without control parameters [made by hand]",
  hex: layerOf({ resolution: 30_000, increment: 1_001 }).toHex(),
  profileLevelId: undefined,
  layer: { maxNumReorderFrames: 0, frameRateHz: 30_000 / 1_001 },
}, {
  name: "a layer alone, core, without control parameters [made by hand]",
  hex: layerOf({ objectType: 3, resolution: 1, increment: 1 }).toHex(),
  profileLevelId: undefined,
  layer: { maxNumReorderFrames: 1, frameRateHz: 1 },
}, {
  name: "VBV, extended pixel aspect ratio, grayscale [made by hand]",
  hex: layerOf({
    objectType: 17,
    resolution: 25,
    increment: 1,
    lowDelay: true,
    hasVbv: true,
    hasExtendedPar: true,
    isGrayscale: true,
  }).toHex(),
  profileLevelId: undefined,
  layer: { maxNumReorderFrames: 0, frameRateHz: 25 },
}, {
  name: "a fixed rate of no length [made by hand]",
  hex: layerOf({ objectType: 17, resolution: 25, increment: 0 }).toHex(),
  profileLevelId: undefined,
  layer: { maxNumReorderFrames: 1, frameRateHz: undefined },
}, {
  name: "fine granularity scalability [made by hand]",
  hex: layerOf({ objectType: 0x12, resolution: 25 }).toHex(),
  profileLevelId: undefined,
  layer: { maxNumReorderFrames: undefined, frameRateHz: undefined },
}];
