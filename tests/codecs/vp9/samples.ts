import type { Vp9KeyFrame } from "#codecs/vp9.ts";

interface Vp9Sample {
  readonly name: string;
  /** VPCodecConfigurationRecord as ffmpeg 9 writes it into MP4. */
  readonly vpcc: string;
  /** First bytes of a key frame. */
  readonly frame: string;
  readonly expected: Vp9KeyFrame;
}

const SMALL = { isFullRange: false, width: 320, height: 180 };

/** Key frames of libvpx and what they say; names tell the encoder's options. */
export const VP9_SAMPLES: readonly Vp9Sample[] = [{
  name: "640x360 profile 0",
  vpcc: "010000000015820202020000",
  frame: "824983420027f016760838241c184a10",
  expected: {
    ...{ profile: 0, bitDepth: 8, subsamplingX: 1, subsamplingY: 1 },
    ...{ isFullRange: false, width: 640, height: 360 },
  },
}, {
  name: "320x180 profile 0, full range",
  vpcc: "01000000000b830202020000",
  frame: "824983421013f00b360638241c184a00",
  expected: {
    ...{ profile: 0, bitDepth: 8, subsamplingX: 1, subsamplingY: 1 },
    ...SMALL,
    isFullRange: true,
  },
}, {
  name: "320x180 profile 1, 4:4:4",
  vpcc: "01000000010b860202020000",
  frame: "a249834200027e0166c0c70483830940",
  expected: {
    ...{ profile: 1, bitDepth: 8, subsamplingX: 0, subsamplingY: 0 },
    ...SMALL,
  },
}, {
  name: "320x180 profile 1, 4:2:2",
  vpcc: "01000000010b840202020000",
  frame: "a249834208027e0166c0c70483830940",
  expected: {
    ...{ profile: 1, bitDepth: 8, subsamplingX: 1, subsamplingY: 0 },
    ...SMALL,
  },
}, {
  name: "320x180 profile 1, RGB",
  vpcc: "01000000010b870202020000",
  frame: "a2498342e013f00b360638241c184a00",
  expected: {
    ...{ profile: 1, bitDepth: 8, subsamplingX: 0, subsamplingY: 0 },
    ...SMALL,
    isFullRange: true,
  },
}, {
  name: "1920x1080 profile 2, 10 bits",
  vpcc: "010000000228a20202020000",
  frame: "92498342003bf821bb031c120e0c2c0c",
  expected: {
    ...{ profile: 2, bitDepth: 10, subsamplingX: 1, subsamplingY: 1 },
    ...{ isFullRange: false, width: 1_920, height: 1_080 },
  },
}, {
  name: "320x180 profile 2, 12 bits",
  vpcc: "01000000020bc20202020000",
  frame: "924983428009f8059b031c120e0c2e00",
  expected: {
    ...{ profile: 2, bitDepth: 12, subsamplingX: 1, subsamplingY: 1 },
    ...SMALL,
  },
}, {
  name: "320x180 profile 3, 10 bits, 4:4:4",
  vpcc: "01000000030ba60202020000",
  frame: "b124c1a100009f8059b031c120e0c2c0",
  expected: {
    ...{ profile: 3, bitDepth: 10, subsamplingX: 0, subsamplingY: 0 },
    ...SMALL,
  },
}];
