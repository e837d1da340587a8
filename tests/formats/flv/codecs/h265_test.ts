import type { H265Parameters } from "#codecs/codec.ts";
import { serializeHevcDecoderConfigurationRecord } from "#codecs/h265/hvcc.ts";
import { assertEquals } from "#test/assert.ts";
import { H265_SAMPLES } from "../../../codecs/h265/samples.ts";
import {
  framesOf,
  headerOf,
  hex,
  readLast,
  readParameters,
  readParts,
  readTags,
} from "../tags.ts";

const { vps, sps, pps } = H265_SAMPLES[0]!;
const PARAMETERS: H265Parameters = {
  codec: "h265",
  vps: [vps],
  sps: [sps],
  pps: [pps],
};

const RECORD = serializeHevcDecoderConfigurationRecord([vps], [sps], [pps])
  .toHex();
const HEADER = `9068766331${RECORD}`;

const IDR = hex("2601af1d");
const INTER = hex("0201e049");

const withLength = (nal: Uint8Array) =>
  nal.length.toString(16).padStart(8, "0") + nal.toHex();

Deno.test("h265Flv writes parameter sets before the first frame, with its FourCC", () => {
  assertEquals(headerOf(PARAMETERS, { isEnhanced: true }), HEADER);
  assertEquals(
    headerOf(PARAMETERS, { trackId: 1 }),
    `96006876633101${RECORD}`,
  );
});

Deno.test("h265Flv waits for every kind of parameter set", () => {
  for (const missing of [{ vps: [] }, { sps: [] }, { pps: [] }]) {
    const parameters = { ...PARAMETERS, ...missing };
    assertEquals(headerOf(parameters, { isEnhanced: true }), undefined);
  }
});

Deno.test("h265Flv writes frames without AUD, parameter sets and filler", () => {
  const parts = [hex("460150"), vps, sps, pps, IDR, hex("4c01ff80")];
  const options = { isEnhanced: true };
  assertEquals(framesOf(PARAMETERS, parts, options), [
    `9368766331${withLength(IDR)}`,
  ]);
  assertEquals(
    framesOf(PARAMETERS, [INTER], {
      ...options,
      isRandomAccess: false,
      compositionTimeMs: 80,
    }),
    [`a168766331000050${withLength(INTER)}`],
  );
});

/** Ways in which publishers send the same. */
const FORMS = [
  ["CodedFrames [ffmpeg 9.0.2]", HEADER, "9168766331 000050"],
  ["CodedFramesX [ffmpeg 9.0.2]", HEADER, "9368766331"],
  ["frame type 0 in the sequence start [MediaMTX]", `80${HEADER.slice(2)}`, [
    "9368766331",
  ]],
  [
    "CodecID 12 [encoders before enhanced RTMP]",
    `1c00000000${RECORD}`,
    "1c01 000050",
  ],
  ["a multitrack tag [ffmpeg 9.0.2]", `96006876633102${RECORD}`, [
    "9603 68766331 02",
  ]],
] as const;

for (const [name, header, head] of FORMS) {
  Deno.test(`h265Flv reads a sequence header and frames: ${name}`, () => {
    const body = `${head}${withLength(IDR)}`;
    const [configured] = readTags("video", header, body);
    assertEquals(
      configured!.map((tag) => tag.kind === "parameters" && tag.parameters),
      [PARAMETERS],
    );
    const tag = readLast("video", header, body);
    assertEquals(
      tag.kind === "frame" && [tag.payload.isRandomAccess, tag.trackId],
      [true, header.startsWith("96") ? 2 : 0],
    );
    assertEquals(readParts("video", header, body), [IDR.toHex()]);
  });
}

Deno.test("h265Flv starts at pictures of random access, whatever is flagged", () => {
  const isStart = (nal: string) => {
    const body = `93 68766331 ${withLength(hex(nal))}`;
    const tag = readLast("video", HEADER, body);
    return tag.kind === "frame" && tag.payload.isRandomAccess;
  };
  assertEquals(
    ["2601af", "2801af", "2a01af", "0201e0", "4e0105"].map(isStart),
    [true, true, true, false, false],
  );
});

Deno.test("h265Flv takes parameter sets from frames", () => {
  const other = hex("4401c172b4224101");
  const body = `93 68766331 ${withLength(other)} ${withLength(IDR)}`;
  assertEquals(
    readParameters("video", HEADER, body),
    { ...PARAMETERS, pps: [other] },
  );
  assertEquals(readParameters("video", HEADER, body, body), undefined);
  const first = [vps, sps, pps, IDR].map(withLength).join("");
  assertEquals(readParameters("video", `93 68766331 ${first}`), PARAMETERS);
});
