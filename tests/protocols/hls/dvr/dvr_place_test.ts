import { dvrPlaceOf, isDvrFile } from "#protocols/hls/dvr/dvr_place.ts";
import { assertEquals } from "#test/assert.ts";

const PLACES: [urlPath: string, pathName?: string, fileName?: string][] = [
  ["/cam/dvr.m3u8", "cam", "dvr.m3u8"],
  ["/live/cam/dvr_0123456789ab_7.mp4", "live/cam", "dvr_0123456789ab_7.mp4"],
  ["/cam/dvr_0123456789ab_init1.mp4", "cam", "dvr_0123456789ab_init1.mp4"],
  ["/dvr.m3u8"],
  ["//dvr.m3u8"],
  ["/cam/dvr_0123456789ab_.mp4"],
  ["/cam/dvr_0123456789ab_1234567890123456.mp4"],
  ["/cam/dvr_0123456789AB_1.mp4"],
  ["/cam/dvr_0123456789ab_1.mp4/"],
  ["/cam/index.m3u8"],
];

for (const [urlPath, pathName, fileName] of PLACES) {
  Deno.test(`dvrPlaceOf() of ${urlPath}`, () => {
    const place = pathName !== undefined && fileName !== undefined
      ? { pathName, fileName }
      : undefined;
    assertEquals(dvrPlaceOf(urlPath), place);
  });
}

Deno.test("isDvrFile() tells files of the past from others", () => {
  assertEquals(isDvrFile("dvr.m3u8"), true);
  assertEquals(isDvrFile("video1_stream.m3u8"), false);
});
