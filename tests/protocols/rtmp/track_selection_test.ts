import type { CodecParameters } from "#codecs/codec.ts";
import type { Track } from "#core/track.ts";
import {
  codecLabelsFor,
  selectTracks,
} from "#protocols/rtmp/track_selection.ts";
import { parseRtmpCapabilities } from "#protocols/rtmp/wire/capabilities.ts";
import type { Amf0Object } from "#formats/flv/amf0.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { AUDIO, H264_PARAMETERS } from "#test/units.ts";

const MULTITRACK = 0b10;

const CODECS = {
  h264: H264_PARAMETERS,
  h265: { codec: "h265", vps: [], sps: [], pps: [] },
  av1: { codec: "av1", sequenceHeader: undefined },
  vp8: { codec: "vp8" },
  mjpeg: { codec: "mjpeg" },
  aac: AUDIO.codec,
  opus: { codec: "opus", channelCount: 2 },
  mp3: { codec: "mpegAudio" },
  g711: { codec: "g711", law: "a", sampleRateHz: 8_000, channelCount: 1 },
  wide: { codec: "g711", law: "a", sampleRateHz: 16_000, channelCount: 1 },
  lpcm: { codec: "lpcm", bitDepth: 16, sampleRateHz: 44_100, channelCount: 2 },
  klv: { codec: "klv" },
} as const satisfies Record<string, CodecParameters>;

type Name = keyof typeof CODECS;

function tracksOf(names: readonly Name[]): Track[] {
  return names.map((name, id) => {
    const codec = CODECS[name];
    return { id, kind: "data", codec, clockRateHz: 90_000 };
  });
}

/** Carried tracks: `old` without FourCC, `new` with it, the number among those of its kind behind. */
const CASES: readonly {
  readonly name: string;
  readonly tracks: readonly Name[];
  readonly connect: Amf0Object;
  readonly carried: readonly string[];
}[] = [{
  name: "a player from before enhanced RTMP",
  tracks: ["h265", "h264", "opus", "aac", "g711"],
  connect: {},
  carried: ["old h264 0", "old aac 0"],
}, {
  name: "a player from before enhanced RTMP, of MP3 [behaviour.md 13 #19]",
  tracks: ["av1", "mp3"],
  connect: {},
  carried: ["old mpegAudio 0"],
}, {
  name: "a player from before enhanced RTMP, of LPCM",
  tracks: ["wide", "lpcm", "klv", "mjpeg"],
  connect: {},
  carried: ["old lpcm 0"],
}, {
  name: "a player that lists codecs",
  tracks: ["h265", "h264", "opus", "aac"],
  connect: { fourCcList: ["hvc1", "Opus", "avc1"] },
  carried: ["new h265 0", "new opus 0"],
}, {
  name: "a player that lists other codecs",
  tracks: ["h265", "h264", "opus", "aac"],
  connect: { fourCcList: ["av01", "vp08"] },
  carried: ["old h264 0", "old aac 0"],
}, {
  name: "a player that lists everything",
  tracks: ["vp8", "av1", "g711", "opus"],
  connect: { fourCcList: ["*"] },
  carried: ["new vp8 0", "old g711 0"],
}, {
  name: "a player that takes every track",
  tracks: ["h264", "h265", "aac", "h264", "opus", "g711"],
  connect: { fourCcList: ["*"], capsEx: MULTITRACK },
  carried: [
    ...["old h264 0", "new h265 1", "old aac 0", "new h264 2", "new opus 1"],
  ],
}, {
  name: "a player that takes every track of the codecs that it lists",
  tracks: ["av1", "h264", "h264", "g711", "aac", "mp3"],
  connect: {
    videoFourCcInfoMap: { avc1: 0b100 },
    audioFourCcInfoMap: { ".mp3": 0b1 },
    capsEx: MULTITRACK,
  },
  carried: ["old h264 0", "new h264 1", "old g711 0", "new mpegAudio 1"],
}, {
  name: "a player that takes every track and lists no codec",
  tracks: ["h264", "h264", "aac"],
  connect: { capsEx: MULTITRACK },
  carried: ["old h264 0", "old aac 0"],
}, {
  name: "nothing that it takes",
  tracks: ["h265", "opus"],
  connect: {},
  carried: [],
}];

for (const { name, tracks, connect, carried } of CASES) {
  Deno.test(`selectTracks() chooses for ${name}`, () => {
    const all = tracksOf(tracks);
    const selection = selectTracks(all, parseRtmpCapabilities(connect));
    assertEquals(
      selection.carried.map(({ form: { flv, isEnhanced, trackId } }) =>
        `${isEnhanced ? "new" : "old"} ${flv.codec} ${trackId}`
      ),
      [...carried],
    );
    const taken = selection.carried.map(({ track }) => track);
    assertEquals(
      selection.skipped,
      all.filter((track) => !taken.includes(track)),
    );
    assert(selection.tracks === all);
  });
}

Deno.test("selectTracks() gives the same key to players that get the same", () => {
  const tracks = tracksOf(["h264", "aac", "opus"]);
  const keyOf = (connect: Amf0Object) =>
    selectTracks(tracks, parseRtmpCapabilities(connect)).key;
  assertEquals(keyOf({}), "rtmp/0/1");
  assertEquals(keyOf({ fourCcList: ["hvc1", "Opus"] }), keyOf({}));
  assertEquals(
    keyOf({ fourCcList: ["Opus"], capsEx: MULTITRACK }),
    "rtmp/0/1/2x",
  );
});

Deno.test("selectTracks() gives out 256 tracks of a kind at most", () => {
  const tracks = tracksOf(Array.from({ length: 258 }, () => "opus"));
  const connect = { fourCcList: ["*"], capsEx: MULTITRACK };
  const { carried, skipped } = selectTracks(
    tracks,
    parseRtmpCapabilities(connect),
  );
  assertEquals([carried.at(-1)?.form.trackId, skipped.length], [255, 2]);
});

Deno.test("codecLabelsFor() names what a player can get", () => {
  const labels = (connect: Amf0Object) =>
    codecLabelsFor(parseRtmpCapabilities(connect));
  assertEquals(labels({}), "H264, MPEG-4 Audio, MPEG-1/2 Audio, G711, LPCM");
  assertEquals(
    labels({ fourCcList: ["vp08"] }),
    "H264, VP8, MPEG-4 Audio, MPEG-1/2 Audio, G711, LPCM",
  );
});
