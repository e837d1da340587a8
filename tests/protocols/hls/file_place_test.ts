import { isEntry, placeOf } from "#protocols/hls/file_place.ts";
import { assertEquals } from "#test/assert.ts";

const PLACES = [
  ["/cam/index.m3u8", "cam", "index.m3u8"],
  ["/live/cam/manifest.mpd", "live/cam", "manifest.mpd"],
  ["/a/b/c/video1_stream.m3u8", "a/b/c", "video1_stream.m3u8"],
  [
    "/cam/0123456789ab_audio12_part345.mp4",
    "cam",
    "0123456789ab_audio12_part345.mp4",
  ],
  ["/cam/0123456789ab_main_seg3.ts", "cam", "0123456789ab_main_seg3.ts"],
  ["/cam/0123456789ab_video1_init.mp", "cam", "0123456789ab_video1_init.mp"],
  ["/cam/gap.mp4", "cam", "gap.mp4"],
] as const;

for (const [urlPath, pathName, fileName] of PLACES) {
  Deno.test(`placeOf() knows ${urlPath}`, () => {
    assertEquals(placeOf(urlPath), { pathName, fileName });
  });
}

for (
  const urlPath of [
    "",
    "/",
    "/index.m3u8",
    "//index.m3u8",
    "/cam",
    "/cam/",
    "/cam.mp4",
    "/live/cam.ts",
    "/cam/0123456789AB_video1_seg3.mp4",
    "/cam/0123456789ab_video1_seg.mp4",
    "/cam/hls.min.js",
  ]
) {
  Deno.test(`placeOf() leaves "${urlPath}" to others`, () => {
    assertEquals(placeOf(urlPath), undefined);
  });
}

Deno.test("isEntry() is true of what a viewer begins with", () => {
  assertEquals(
    PLACES.filter(([urlPath]) => isEntry(placeOf(urlPath)!)).length,
    2,
  );
});
