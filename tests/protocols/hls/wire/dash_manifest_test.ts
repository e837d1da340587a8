import {
  type DashPeriod,
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
    periods: [period("first", 0, 13), period("second", 7.5, 10)],
  });
  assertEquals(
    text.split(URI_END).join(escapedUriEnd("?a=1&b=$<")),
    `<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="dynamic" availabilityStartTime="2026-01-01T00:00:00.000Z" publishTime="2026-01-01T00:01:00.000Z" minimumUpdatePeriod="PT2.000S" minBufferTime="PT2.000S" timeShiftBufferDepth="PT4.000S" suggestedPresentationDelay="PT6.000S">
${periodText("first", "0.000", '<S t="10000000" d="3000000"/>\n', 13)}
${periodText("second", "7.500", "", 10)}
<UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="2026-01-01T00:01:00.000Z"/>
</MPD>
`,
  );
});

/** A period whose files begin at 10 s. */
function period(
  id: string,
  startSeconds: number,
  firstSeconds: number,
): DashPeriod {
  return {
    id,
    startSeconds,
    offsetSeconds: 10,
    runs: [{
      mimeType: "video/mp4",
      codec: "avc1.42c01e",
      bandwidthBps: 1_000,
      resolution: { width: 640, height: 360 },
      id: "video1",
      isAlternate: false,
      headerName: "x_video1_init.mp4",
      nameTemplate: "x_video1_t$Time$.mp4",
      segments: [
        { startSeconds: firstSeconds, durationSeconds: 2 },
        { startSeconds: firstSeconds + 2, durationSeconds: 1.966_666 },
      ],
    }],
  };
}

function periodText(
  id: string,
  start: string,
  gone: string,
  first: number,
): string {
  return `<Period id="${id}" start="PT${start}S">
<AdaptationSet id="0" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1">
<Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
<Representation id="video1" mimeType="video/mp4" codecs="avc1.42c01e" bandwidth="1000" width="640" height="360">
<SegmentTemplate timescale="1000000" initialization="x_video1_init.mp4?a=1&#38;b=$$&#60;" media="x_video1_t$Time$.mp4?a=1&#38;b=$$&#60;" presentationTimeOffset="10000000">
<SegmentTimeline>
${gone}<S t="${first}000000" d="2000000"/>
<S t="${first + 2}000000" d="1966666"/>
</SegmentTimeline>
</SegmentTemplate>
</Representation>
</AdaptationSet>
</Period>`;
}
