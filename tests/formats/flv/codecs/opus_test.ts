import type { OpusParameters } from "#codecs/codec.ts";
import { assertEquals } from "#test/assert.ts";
import {
  framesOf,
  headerOf,
  hex,
  readParameters,
  readParts,
  readTags,
} from "../tags.ts";

const STEREO: OpusParameters = { codec: "opus", channelCount: 2 };
const SURROUND: OpusParameters = {
  codec: "opus",
  channelCount: 6,
  multistream: {
    streamCount: 4,
    coupledStreamCount: 2,
    channelMapping: [0, 4, 1, 2, 3, 5],
  },
};

/** One packet of 20 ms and one of 60 ms. */
const PACKET = "fc112233";
const LONG_PACKET = "1c445566";

Deno.test("opusFlv writes an identification header", () => {
  assertEquals(
    headerOf(STEREO, { isEnhanced: true }),
    "904f707573" + "4f70757348656164" + "0102000f80bb0000000000",
  );
  assertEquals(
    headerOf(SURROUND, { trackId: 1 }),
    "95004f70757301" + "4f70757348656164" + "0106000f80bb0000000001" +
      "0402000401020305",
  );
});

Deno.test("opusFlv writes a tag for each packet", () => {
  const parts = [LONG_PACKET, PACKET, "fc"].map(hex);
  assertEquals(framesOf(STEREO, parts, { isEnhanced: true }), [
    `914f707573${LONG_PACKET}`,
    `+2880 914f707573${PACKET}`,
    `+3840 914f707573fc`,
  ]);
});

/** Sequence headers, and what else is needed to know the channels. */
const HEADERS: readonly {
  readonly name: string;
  readonly bodies: readonly string[];
  readonly parameters: OpusParameters;
}[] = [{
  name: "stereo [ffmpeg 9.0.2]",
  bodies: ["904f707573 4f70757348656164 0102380180bb0000000000"],
  parameters: STEREO,
}, {
  name: "six channels [ffmpeg 9.0.2]",
  bodies: [
    "904f707573 4f70757348656164 0106380180bb0000000001 0402000401020305",
  ],
  parameters: SURROUND,
}, {
  name: "nothing but a MultichannelConfig, native order [specification]",
  bodies: ["904f707573", "944f707573 01060000003f"],
  parameters: SURROUND,
}, {
  name: "nothing but a MultichannelConfig, one channel [specification]",
  bodies: ["904f707573", "944f707573 0001"],
  parameters: { codec: "opus", channelCount: 1 },
}, {
  name: "nothing but a packet of two channels",
  bodies: ["904f707573", `914f707573 ${PACKET}`],
  parameters: STEREO,
}, {
  name: "nothing but a packet of one channel",
  bodies: ["914f707573 f8112233"],
  parameters: { codec: "opus", channelCount: 1 },
}];

for (const { name, bodies, parameters } of HEADERS) {
  Deno.test(`opusFlv reads ${name}`, () => {
    assertEquals(readParameters("audio", ...bodies), parameters);
    const packet = `914f707573 ${PACKET}`;
    assertEquals(readParts("audio", ...bodies, packet), [PACKET]);
    assertEquals(readParameters("audio", ...bodies, packet), undefined);
  });
}

Deno.test("opusFlv lets a MultichannelConfig change nothing that the header told [ffmpeg 9.0.2]", () => {
  const header = HEADERS[0]!.bodies[0]!;
  assertEquals(readTags("audio", header, "944f707573 01060000003f")[1], []);
  assertEquals(
    readTags("audio", "904f707573", "944f707573 0000", "944f707573 0009"),
    [[], [], []],
  );
});

Deno.test("opusFlv leaves out empty tags", () => {
  assertEquals(readTags("audio", "914f707573"), [[]]);
});
