import { pageUrl, streamUrls } from "#cli/stream_urls.ts";
import { defaultConfig } from "#config/build.ts";
import { assertEquals } from "#test/assert.ts";

Deno.test("streamUrls() names every protocol that is on, with ports that are not its own", () => {
  const config = defaultConfig();
  assertEquals(streamUrls(config, "cam"), [
    "rtsp://localhost:8554/cam",
    "rtmp://localhost/cam",
  ]);
  assertEquals(
    streamUrls({ ...config, rtspEncryption: "strict", rtmp: false }, "cam"),
    ["rtsps://localhost:8322/cam"],
  );
  assertEquals(
    streamUrls({
      ...config,
      rtsp: false,
      rtmpEncryption: "strict",
      rtmpsAddress: "[::1]:443",
    }, "a/b"),
    ["rtmps://localhost/a/b"],
  );
});

Deno.test("pageUrl() names the page where HLS is on", () => {
  const config = { ...defaultConfig(), hls: true };
  assertEquals(pageUrl(config, "cam"), "http://localhost:8888/cam");
  assertEquals(
    pageUrl({ ...config, hlsEncryption: true, hlsAddress: "[::1]:443" }, "a/b"),
    "https://localhost:443/a/b",
  );
  assertEquals(pageUrl({ ...config, hls: false }, "cam"), undefined);
});
