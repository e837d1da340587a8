/** Parameter sets of real encoders and what they say; names tell the encoder's options. */
export const H265_SAMPLES = [{
  name: "1920x1080 main 30 fps [x265]",
  vps: "40010c01ffff016000000300900000030000030078959809",
  sps:
    "420101016000000300900000030000030078a003c08010e596566924caf0168080000003008000000f04",
  pps: "4401c172b46240",
  hvccHead: "01016000000090000000000078f000fcfdf8f800000f",
  expected: {
    profileIdc: 1,
    levelIdc: 120,
    chromaFormatIdc: 1,
    bitDepthLumaBits: 8,
    bitDepthChromaBits: 8,
    width: 1920,
    height: 1080,
    frameRateHz: 30,
    maxNumReorderFrames: 2,
  },
}, {
  name: "322x182 main 10 59.94 fps [x265]",
  vps: "40010c01ffff02200000030090000003000003003c959809",
  sps:
    "42010102200000030090000003000003003ca00a480b9c94d96566924caf01680800001f480007530040",
  pps: "4401c172b46240",
  hvccHead: "0102200000009000000000003cf000fcfdfafa00000f",
  expected: {
    profileIdc: 2,
    levelIdc: 60,
    chromaFormatIdc: 1,
    bitDepthLumaBits: 10,
    bitDepthChromaBits: 10,
    width: 322,
    height: 182,
    frameRateHz: 60_000 / 1_001,
    maxNumReorderFrames: 2,
  },
}, {
  name: "640x360 main 25 fps without B-frames [x265 zerolatency]",
  vps: "40010c01ffff01600000030090000003000003003f928090",
  sps:
    "42010101600000030090000003000003003fa0050201696592a4932bc05a020000030002000003003210",
  pps: "4401c172b46240",
  hvccHead: "0101600000009000000000003ff000fcfdf8f800000f",
  expected: {
    profileIdc: 1,
    levelIdc: 63,
    chromaFormatIdc: 1,
    bitDepthLumaBits: 8,
    bitDepthChromaBits: 8,
    width: 640,
    height: 360,
    frameRateHz: 25,
    maxNumReorderFrames: 0,
  },
}, {
  name: "320x240 range extensions 4:4:4 25 fps [x265]",
  vps: "40010c01ffff0408000003009e0800000300003c959809",
  sps:
    "4201010408000003009e0800000300003c90014101e2cb2b349265780b4040000003004000000642",
  pps: "4401c172860c4624",
  hvccHead: "0104080000009e08000000003cf000fcfff8f800000f",
  expected: {
    profileIdc: 4,
    levelIdc: 60,
    chromaFormatIdc: 3,
    bitDepthLumaBits: 8,
    bitDepthChromaBits: 8,
    width: 320,
    height: 240,
    frameRateHz: 25,
    maxNumReorderFrames: 2,
  },
}].map((sample) => ({
  ...sample,
  vps: Uint8Array.fromHex(sample.vps),
  sps: Uint8Array.fromHex(sample.sps),
  pps: Uint8Array.fromHex(sample.pps),
}));
