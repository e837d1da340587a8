import type { Av1SequenceHeader } from "#codecs/av1/sequence_header.ts";

interface Av1Sample {
  readonly name: string;
  /** AV1CodecConfigurationRecord as ffmpeg 9 writes it into MP4. */
  readonly av1c: string;
  /** Sequence header OBU of the record, without size field. */
  readonly sequenceHeader: string;
  readonly expected: Av1SequenceHeader;
}

const COLOR = {
  bitDepth: 8,
  isMonochrome: false,
  subsamplingX: 1,
  subsamplingY: 1,
  chromaSamplePosition: 0,
  colorPrimaries: 2,
  transferCharacteristics: 2,
  matrixCoefficients: 2,
  isFullRange: false,
};

const SMALL = { profile: 0, levelIdx: 0, tier: 0, width: 320, height: 180 };

/** Sequence headers of real encoders and what they say; names tell the encoder's options. */
export const AV1_SAMPLES: readonly Av1Sample[] = [{
  name: "640x360 main [libaom]",
  av1c: "81010c000a0b0000000cc4ff6736be4010",
  sequenceHeader: "080000000cc4ff6736be4010",
  expected: {
    ...{ profile: 0, levelIdx: 1, tier: 0, width: 640, height: 360 },
    color: COLOR,
  },
}, {
  name: "640x360 main, a display delay [SVT-AV1 4.2]",
  av1c: "81010c000a0c0200000d2627fb3805f00080",
  sequenceHeader: "080200000d2627fb3805f00080",
  expected: {
    ...{ profile: 0, levelIdx: 1, tier: 0, width: 640, height: 360 },
    color: COLOR,
  },
}, {
  name: "3840x2160 main, two tile columns [SVT-AV1 4.2]",
  av1c: "810c0c000a0c02000062977dff0de017c002",
  sequenceHeader: "0802000062977dff0de017c002",
  expected: {
    ...{ profile: 0, levelIdx: 12, tier: 0, width: 3840, height: 2160 },
    color: COLOR,
  },
}, {
  name: "1920x1080 main, 10 bits, matrix of BT.2020 [libaom]",
  av1c: "81084c000a0e00000042abbfc3732be540808241",
  sequenceHeader: "0800000042abbfc3732be540808241",
  expected: {
    ...{ profile: 0, levelIdx: 8, tier: 0, width: 1920, height: 1080 },
    color: { ...COLOR, bitDepth: 10, matrixCoefficients: 9 },
  },
}, {
  name: "320x180 high, 4:4:4, full range [libaom]",
  av1c: "812000000a0a200000043cfeccdaf912",
  sequenceHeader: "08200000043cfeccdaf912",
  expected: {
    ...SMALL,
    profile: 1,
    color: { ...COLOR, subsamplingX: 0, subsamplingY: 0, isFullRange: true },
  },
}, {
  name: "320x180 high, RGB [libaom]",
  av1c: "812000000a0d200000043cfeccdaf92021a004",
  sequenceHeader: "08200000043cfeccdaf92021a004",
  expected: {
    ...SMALL,
    profile: 1,
    color: {
      ...COLOR,
      ...{ subsamplingX: 0, subsamplingY: 0, isFullRange: true },
      ...{ colorPrimaries: 1, transferCharacteristics: 13 },
      matrixCoefficients: 0,
    },
  },
}, {
  name: "320x180 professional, 4:2:2 [libaom]",
  av1c: "814008000a0a400000043cfeccdaf901",
  sequenceHeader: "08400000043cfeccdaf901",
  expected: { ...SMALL, profile: 2, color: { ...COLOR, subsamplingY: 0 } },
}, {
  name: "320x180 professional, 12 bits [libaom]",
  av1c: "81406c000a0b400000043cfeccdaf96308",
  sequenceHeader: "08400000043cfeccdaf96308",
  expected: { ...SMALL, profile: 2, color: { ...COLOR, bitDepth: 12 } },
}, {
  name: "320x180 professional, 12 bits, 4:2:2 [libaom]",
  av1c: "814068000a0b400000043cfeccdaf96220",
  sequenceHeader: "08400000043cfeccdaf96220",
  expected: {
    ...SMALL,
    profile: 2,
    color: { ...COLOR, bitDepth: 12, subsamplingY: 0 },
  },
}, {
  name: "320x180 main, monochrome, full range [libaom]",
  av1c: "81001c000a0a000000043cfeccdaf92a",
  sequenceHeader: "08000000043cfeccdaf92a",
  expected: {
    ...SMALL,
    color: { ...COLOR, isMonochrome: true, isFullRange: true },
  },
}, {
  name: "320x180 main, timing [libaom]",
  av1c: "81000c000a14040000000400000067400000bc3cfeccdaf90040",
  sequenceHeader: "08040000000400000067400000bc3cfeccdaf90040",
  expected: { ...SMALL, color: COLOR },
}, {
  name: "320x180 main, timing and decoder model [libaom]",
  av1c:
    "81000c000a1e040000000400000065780000000a530000035f915f90bc3cfeccdaf90040",
  sequenceHeader:
    "08040000000400000065780000000a530000035f915f90bc3cfeccdaf90040",
  expected: { ...SMALL, color: COLOR },
}, {
  name: "320x180 reduced still picture [libaom, AVIF]",
  av1c: "81000c000a071821e7f66d0040",
  sequenceHeader: "081821e7f66d0040",
  expected: { ...SMALL, color: COLOR },
}];
