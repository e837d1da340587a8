import type { Amf0Value } from "#formats/flv/amf0.ts";
import {
  OWN_CAPABILITIES,
  parseRtmpCapabilities,
  PLAIN_CAPABILITIES,
  type RtmpCapabilities,
} from "#protocols/rtmp/wire/capabilities.ts";
import { assertEquals } from "#test/assert.ts";

const VIDEO = ["avc1", "hvc1", "av01", "vp09", "vp08"];
const AUDIO = ["mp4a", "Opus", "fLaC", "ac-3", ".mp3"];

const CASES: {
  name: string;
  commandObject: Amf0Value;
  capabilities: Partial<RtmpCapabilities>;
}[] = [{
  name: "nothing [ffmpeg 5.1]",
  commandObject: { app: "live", capabilities: 15, audioCodecs: 4_071 },
  capabilities: { isEnhanced: false },
}, {
  name: "no object",
  commandObject: null,
  capabilities: { isEnhanced: false },
}, {
  name: "a list, codecs that nobody knows among it [ffmpeg 9]",
  commandObject: { fourCcList: ["Opus", "av01", "vvc1", 5, "ec-3"] },
  capabilities: { fourCcs: ["av01", "Opus"] },
}, {
  name: "a list of everything [specification]",
  commandObject: { fourCcList: ["*"] },
  capabilities: { fourCcs: [...VIDEO, ...AUDIO] },
}, {
  name: "an empty list",
  commandObject: { fourCcList: [] },
  capabilities: { fourCcs: [] },
}, {
  name: "maps: what it decodes or forwards, not what it only encodes",
  commandObject: {
    videoFourCcInfoMap: { vp09: 0b11, av01: 0b10, hvc1: 0b100 },
    audioFourCcInfoMap: { Opus: 0b1 },
  },
  capabilities: { fourCcs: ["hvc1", "vp09", "Opus"] },
}, {
  name: "maps in which one flag overrules all others [specification]",
  commandObject: {
    videoFourCcInfoMap: { "*": 0b100, vp09: 0b10 },
    audioFourCcInfoMap: { "*": 0b10, Opus: 0b1 },
  },
  capabilities: { fourCcs: VIDEO },
}, {
  name: "a list and a map",
  commandObject: {
    fourCcList: ["av01"],
    videoFourCcInfoMap: { hvc1: 1 },
  },
  capabilities: { fourCcs: ["hvc1", "av01"] },
}, {
  name: "further capabilities",
  commandObject: { capsEx: 0b1111 },
  capabilities: { canReconnect: true, canMultitrack: true },
}, {
  name: "multitrack alone",
  commandObject: { capsEx: 0b10 },
  capabilities: { canMultitrack: true },
}, {
  name: "properties of another type",
  commandObject: {
    fourCcList: "av01",
    capsEx: "3",
    videoFourCcInfoMap: ["av01"],
    audioFourCcInfoMap: { Opus: "1" },
  },
  capabilities: {},
}];

for (const { name, commandObject, capabilities } of CASES) {
  Deno.test(`parseRtmpCapabilities() reads ${name}`, () => {
    assertEquals(parseRtmpCapabilities(commandObject), {
      ...PLAIN_CAPABILITIES,
      isEnhanced: true,
      ...capabilities,
    });
  });
}

Deno.test("OWN_CAPABILITIES say that this side forwards what it knows", () => {
  const forwards = (fourCcs: readonly string[]) =>
    Object.fromEntries(fourCcs.map((fourCc) => [fourCc, 0b100]));
  assertEquals(OWN_CAPABILITIES, {
    fourCcList: [...VIDEO, ...AUDIO],
    videoFourCcInfoMap: forwards(VIDEO),
    audioFourCcInfoMap: forwards(AUDIO),
    capsEx: 0b111,
  });
});
