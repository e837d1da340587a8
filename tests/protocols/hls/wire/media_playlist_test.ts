import {
  type MediaPlaylist,
  type PlaylistSegment,
  serializeMediaPlaylist,
  URI_END,
} from "#protocols/hls/wire/media_playlist.ts";
import { assertEquals } from "#test/assert.ts";

const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 67);

function segment(
  number: number,
  changes: Partial<PlaylistSegment> = {},
): PlaylistSegment {
  return {
    uri: `seg${number}.mp4`,
    mapUri: "init.mp4",
    durationSeconds: 2,
    isGap: false,
    hasDiscontinuity: false,
    startWallMs: START_MS + number * 2_000,
    parts: [],
    ...changes,
  };
}

const PART = { uri: "part9.mp4", durationSeconds: 0.2, isIndependent: true };

const LOW_LATENCY: MediaPlaylist = {
  version: 10,
  targetDurationSeconds: 2,
  mediaSequence: 5,
  discontinuitySequence: 1,
  segments: [
    segment(5, {
      uri: "gap.mp4",
      isGap: true,
      mapUri: undefined,
      startWallMs: undefined,
    }),
    segment(6),
    segment(7, { hasDiscontinuity: true, mapUri: "init2.mp4" }),
  ],
  lowLatency: {
    partTargetSeconds: 0.2,
    openSegment: {
      mapUri: "init2.mp4",
      hasDiscontinuity: false,
      startWallMs: START_MS + 16_000,
      parts: [PART, { ...PART, uri: "part10.mp4", isIndependent: false }],
    },
    nextPartUri: "part11.mp4",
    reports: [{ uri: "audio2_stream.m3u8", lastMsn: 8, lastPart: 1 }],
  },
};

Deno.test("serializeMediaPlaylist() writes a low-latency playlist [RFC 8216bis §9]", () => {
  assertEquals(
    serializeMediaPlaylist(LOW_LATENCY).replaceAll(URI_END, "?a=1"),
    `#EXTM3U
#EXT-X-VERSION:10
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.50000,CAN-SKIP-UNTIL=12.00000
#EXT-X-PART-INF:PART-TARGET=0.20000
#EXT-X-MEDIA-SEQUENCE:5
#EXT-X-DISCONTINUITY-SEQUENCE:1
#EXT-X-GAP
#EXTINF:2.00000,
gap.mp4?a=1
#EXT-X-MAP:URI="init.mp4?a=1"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:17.067Z
#EXTINF:2.00000,
seg6.mp4?a=1
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="init2.mp4?a=1"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:19.067Z
#EXTINF:2.00000,
seg7.mp4?a=1
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:21.067Z
#EXT-X-PART:DURATION=0.20000,URI="part9.mp4?a=1",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.20000,URI="part10.mp4?a=1"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part11.mp4?a=1"
#EXT-X-RENDITION-REPORT:URI="audio2_stream.m3u8?a=1",LAST-MSN=8,LAST-PART=1
`,
  );
});

Deno.test("serializeMediaPlaylist() leaves out of an update what is older than CAN-SKIP-UNTIL, counted from the end", () => {
  const segments = Array.from({ length: 10 }, (_, i) => segment(i));
  const playlist = { ...LOW_LATENCY, mediaSequence: 0, segments };
  const lines = serializeMediaPlaylist(playlist, true).split("\n");
  // 0.4 s of parts and six segments are 12.4 s: four are older.
  assertEquals(
    lines.filter((line) => line.startsWith("#EXT-X-SKIP")),
    ["#EXT-X-SKIP:SKIPPED-SEGMENTS=4"],
  );
  assertEquals(lines.filter((line) => line.startsWith("seg")).length, 6);
  assertEquals(
    lines.filter((line) => line.startsWith("#EXT-X-MAP")).length,
    1,
    "only that of the open segment, which has another",
  );
  const whole = serializeMediaPlaylist(LOW_LATENCY, true);
  assertEquals(whole, serializeMediaPlaylist(LOW_LATENCY));
});

Deno.test("serializeMediaPlaylist() writes a playlist of MPEG-TS", () => {
  const playlist: MediaPlaylist = {
    version: 3,
    targetDurationSeconds: 2,
    mediaSequence: 0,
    discontinuitySequence: 0,
    segments: [segment(0, { mapUri: undefined, uri: "seg0.ts" })],
    lowLatency: undefined,
  };
  assertEquals(
    serializeMediaPlaylist(playlist).replaceAll(URI_END, ""),
    `#EXTM3U
#EXT-X-VERSION:3
#EXT-X-ALLOW-CACHE:NO
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.067Z
#EXTINF:2.00000,
seg0.ts
`,
  );
});
