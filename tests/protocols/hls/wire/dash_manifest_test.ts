import {
  escapedUriEnd,
  serializeDashManifest,
} from "#protocols/hls/wire/dash_manifest.ts";
import { URI_END } from "#protocols/hls/wire/media_playlist.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("serializeDashManifest() writes a live manifest [ISO/IEC 23009-1 annex G]", () => {
  const text = serializeDashManifest({
    startWallMs: Date.UTC(2026, 0, 1),
    nowWallMs: Date.UTC(2026, 0, 1, 0, 1),
    targetDurationSeconds: 2,
    windowSeconds: 4,
    periods: [{
      startSeconds: 7.5,
      runs: [{
        mimeType: "video/mp4",
        codec: "avc1.42c01e",
        bandwidthBps: 1_000,
        resolution: { width: 640, height: 360 },
        id: "video1",
        headerName: "x_video1_init.mp4",
        nameTemplate: "x_video1_seg$Number$.mp4",
        firstNumber: 5,
        segments: [
          { startSeconds: 10, durationSeconds: 2 },
          { startSeconds: 12, durationSeconds: 1.966_666 },
        ],
      }],
    }],
  });
  assertEquals(
    text.split(URI_END).join(escapedUriEnd("?a=1&b=$<")),
    `<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="dynamic" availabilityStartTime="2026-01-01T00:00:00.000Z" publishTime="2026-01-01T00:01:00.000Z" minimumUpdatePeriod="PT2.000S" minBufferTime="PT2.000S" timeShiftBufferDepth="PT4.000S" suggestedPresentationDelay="PT6.000S">
<Period id="7500" start="PT7.500S">
<AdaptationSet id="0" mimeType="video/mp4" segmentAlignment="true">
<Representation id="video1" mimeType="video/mp4" codecs="avc1.42c01e" bandwidth="1000" width="640" height="360">
<SegmentTemplate timescale="1000000" initialization="x_video1_init.mp4?a=1&#38;b=$$&#60;" media="x_video1_seg$Number$.mp4?a=1&#38;b=$$&#60;" startNumber="5">
<SegmentTimeline>
<S t="10000000" d="2000000"/>
<S t="12000000" d="1966666"/>
</SegmentTimeline>
</SegmentTemplate>
</Representation>
</AdaptationSet>
</Period>
<UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="2026-01-01T00:01:00.000Z"/>
</MPD>
`,
  );
});
