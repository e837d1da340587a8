import mpegtsScript from "mpegts.js/dist/mpegts.js" with { type: "text" };
import { assert } from "#test/assert.ts";
import type { BrowserPage } from "#test/browser.ts";
import { openHttpServer } from "#test/http_server.ts";
import type { RunningProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { publishTo } from "./ffmpeg_peer.ts";
import { MAX_DELAY_S, openWebScene, type WebScene } from "./web_scene.ts";

/** The time of day is in each picture: columns that are light or dark, the lowest bit of the milliseconds first. */
const BITS = 16;
const COLUMN_PIXELS = 20;
const WIDTH = BITS * COLUMN_PIXELS;
const HEIGHT = 64;

/** Pictures in a row that must come in time, but for some while the machine is busy. */
const PICTURES = 50;
const IN_TIME_SHARE = 0.9;

const TIMEOUT_MS = 60_000;

/** Looks at each picture when it is shown: how long ago was it drawn? */
const WATCH = `(() => {
  const video = document.querySelector("video");
  const context = new OffscreenCanvas(${WIDTH}, ${HEIGHT})
    .getContext("2d", { willReadFrequently: true });
  globalThis.agesMs = [];
  const look = () => {
    context.drawImage(video, 0, 0, ${WIDTH}, ${HEIGHT});
    const { data } = context.getImageData(0, ${HEIGHT / 2}, ${WIDTH}, 1);
    let drawnMs = 0;
    for (let bit = 0; bit < ${BITS}; bit++) {
      const at = (bit + 0.5) * ${COLUMN_PIXELS} * 4;
      if (data[at] > 128) drawnMs += 2 ** bit;
    }
    const ageMs = (Date.now() - drawnMs) % 2 ** ${BITS};
    globalThis.agesMs = [...agesMs, ageMs].slice(-${PICTURES});
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
})()`;

/** Publishes a picture of the clock, 25 times a second, and a tone. */
function publishClock({ weir }: WebScene, path: string): RunningProcess {
  const bit = `floor(mod(T*1000,${
    2 ** BITS
  })/pow(2,floor(X/${COLUMN_PIXELS})))`;
  const filters = [
    "settb=1/1000",
    "setpts=RTCTIME/1000",
    `geq=lum='if(mod(${bit},2),235,16)':cb=128:cr=128`,
    "setpts=N*40",
  ];
  return publishTo(weir.rtmpUrl(path), {
    way: "RTMP",
    file:
      `color=size=${WIDTH}x${HEIGHT}:rate=25[out0];sine=sample_rate=48000[out1]`,
    inputArgs: ["-f", "lavfi"],
    outputArgs: [
      ...["-vf", filters.join(",")],
      ..."-c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p"
        .split(" "),
      ..."-g 25 -c:a aac".split(" "),
    ],
  });
}

/** Waits until the pictures are no older than this when they are shown, and checks the sound. */
async function assertInTime(
  page: BrowserPage,
  maxDelayS: number,
): Promise<void> {
  await page.page.waitForFunction(
    'document.querySelector("video")?.readyState >= 2',
    { timeout: TIMEOUT_MS },
  );
  await page.page.evaluate(WATCH);
  const { decodedAudioBytes } = await page.playback();
  const maxMs = maxDelayS * 1_000;
  const isInTime = `agesMs.length === ${PICTURES} &&
    agesMs.filter((ms) => ms >= 0 && ms <= ${maxMs}).length >= ${PICTURES} * ${IN_TIME_SHARE}`;
  try {
    await page.page.waitForFunction(isInTime, { timeout: TIMEOUT_MS });
  } catch (cause) {
    const ages = await page.page.evaluate("agesMs.join()");
    throw new Error(`Cannot see pictures within ${maxMs} ms: ${ages}`, {
      cause,
    });
  }
  const after = await page.playback();
  assert(after.decodedAudioBytes > decodedAudioBytes, "sound");
}

/** A page of somebody else's that plays FLV. */
function openMpegtsPlayer(url: string): ReturnType<typeof openHttpServer> {
  const source = JSON.stringify({ type: "flv", isLive: true, url });
  const html = `<!DOCTYPE html><link rel="icon" href="data:,">
    <video muted></video><script src="/mpegts.js"></script><script>
    const player = mpegts.createPlayer(${source}, {
      liveBufferLatencyChasing: true,
      liveBufferLatencyMaxLatency: 0.45,
      liveBufferLatencyMinRemain: 0.2,
    });
    player.attachMediaElement(document.querySelector("video"));
    player.load();
    player.play();
    </script>`;
  const types = { script: "text/javascript", page: "text/html" };
  return openHttpServer(({ path }) =>
    path === "/mpegts.js"
      ? new Response(mpegtsScript, {
        headers: { "Content-Type": types.script },
      })
      : new Response(html, { headers: { "Content-Type": types.page } })
  );
}

interopTest({
  name: "Chromium shows pictures soon after they were drawn, with sound",
  needs: ["ffmpeg", "chromium"],
  fn: async (t) => {
    await using scene = await openWebScene();
    const { weir, browser, host } = scene;
    await using _publisher = publishClock(scene, "clock");
    await weir.waitForLog(/\[path clock\] stream is available/);
    const pages = [
      { query: "", maxDelayS: MAX_DELAY_S.hls },
      { query: "?mode=mse", maxDelayS: MAX_DELAY_S.stream },
    ];
    for (const { query, maxDelayS } of pages) {
      await t.step(`page${query}`, async () => {
        await using page = await browser.open(`http://${host}/clock${query}`);
        await assertInTime(page, maxDelayS);
      });
    }
    for (const scheme of ["http", "ws"]) {
      await t.step(`mpegts.js over ${scheme}`, async () => {
        const url = `${scheme}://${host}/clock.flv`;
        await using player = openMpegtsPlayer(url);
        await using page = await browser.open(player.url);
        await assertInTime(page, MAX_DELAY_S.stream);
      });
    }
  },
});
