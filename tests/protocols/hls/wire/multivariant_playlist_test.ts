import { URI_END } from "#protocols/hls/wire/media_playlist.ts";
import {
  type MultivariantPlaylist,
  serializeMultivariantPlaylist,
} from "#protocols/hls/wire/multivariant_playlist.ts";
import { assertEquals } from "#test/assert.ts";

const PICTURES: MultivariantPlaylist = {
  version: 10,
  uri: "video1_stream.m3u8",
  bandwidthBps: 2_000,
  averageBandwidthBps: 1_000,
  codecs: ["avc1.42c01e", "mp4a.40.2"],
  resolution: { width: 640, height: 360 },
  framesPerSecond: 29.97,
  audio: [
    { name: "audio2", isDefault: true, uri: "audio2_stream.m3u8" },
    { name: "audio3", isDefault: false, uri: "audio3_stream.m3u8" },
  ],
};

Deno.test("serializeMultivariantPlaylist() writes all sound as renditions", () => {
  assertEquals(
    serializeMultivariantPlaylist(PICTURES).replaceAll(URI_END, "?a"),
    `#EXTM3U
#EXT-X-VERSION:10
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="audio2",AUTOSELECT=YES,DEFAULT=YES,URI="audio2_stream.m3u8?a"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="audio3",AUTOSELECT=YES,URI="audio3_stream.m3u8?a"
#EXT-X-STREAM-INF:BANDWIDTH=2000,AVERAGE-BANDWIDTH=1000,CODECS="avc1.42c01e,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=29.970,AUDIO="audio"
video1_stream.m3u8?a
`,
  );
});

Deno.test("serializeMultivariantPlaylist() leaves out what is not known", () => {
  const playlist = {
    ...PICTURES,
    codecs: [],
    resolution: undefined,
    framesPerSecond: undefined,
    audio: [],
  };
  assertEquals(
    serializeMultivariantPlaylist(playlist).split("\n").slice(3, 4),
    ["#EXT-X-STREAM-INF:BANDWIDTH=2000,AVERAGE-BANDWIDTH=1000"],
  );
});
