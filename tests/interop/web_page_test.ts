import mpegtsScript from "mpegts.js/dist/mpegts.js" with { type: "text" };
import { assert, assertEquals } from "#test/assert.ts";
import {
  type BrowserPage,
  type HeadlessBrowser,
  openBrowser,
} from "#test/browser.ts";
import { clip, type ClipName } from "#test/clips.ts";
import { openHttpServer } from "#test/http_server.ts";
import { freeTcpPort } from "#test/ports.ts";
import type { RunningProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { startPublisher, type Way } from "./ffmpeg_peer.ts";

/** How far a video must get. */
const PROGRESS_S = 3;

/** Of the pictures that were decoded. */
const MAX_DROPPED_SHARE = 0.1;

/** Behind the newest picture that has arrived. */
const MAX_HLS_DELAY_S = 1.5;
const MAX_STREAM_DELAY_S = 0.5;

/** A server with its web pages, and a browser. */
interface Scene extends AsyncDisposable {
  readonly weir: WeirProcess;
  readonly browser: HeadlessBrowser;
  readonly host: string;
  publish(path: string, name?: ClipName, way?: Way): Promise<RunningProcess>;
}

async function openScene(config = ""): Promise<Scene> {
  await using opened = new AsyncDisposableStack();
  const host = `127.0.0.1:${freeTcpPort()}`;
  const weir = opened.use(
    await startWeir({ config: `hls: yes\nhlsAddress: ${host}\n${config}` }),
  );
  await weir.waitForLog(/\[HLS\] started with listener/);
  const browser = opened.use(await openBrowser());
  const resources = opened.move();
  return {
    weir,
    browser,
    host,
    publish: async (path, name = "bframes_aac", way = "RTMP") =>
      startPublisher(weir, {
        way,
        path,
        file: await clip(name),
        inputArgs: ["-stream_loop", "-1"],
      }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Plays a while, with sound, and drops next to nothing. */
async function assertPlays(
  page: BrowserPage,
  maxDelayS: number,
): Promise<void> {
  const before = await page.waitForProgress(PROGRESS_S);
  assertEquals([before.width, before.height], [640, 360]);
  assert(before.decodedAudioBytes > 0, "sound");
  const dropped = before.droppedFrames / before.totalFrames;
  assert(dropped <= MAX_DROPPED_SHARE, JSON.stringify(before));
  await page.waitForDelay(maxDelayS);
}

const MODES = [
  { name: "HLS", query: "", maxDelayS: MAX_HLS_DELAY_S },
  { name: "a WebSocket", query: "?mode=mse", maxDelayS: MAX_STREAM_DELAY_S },
];

interopTest({
  name:
    "Chromium plays the page of a stream, waits for it, and goes on when it is back",
  needs: ["ffmpeg", "chromium"],
  fn: async (t) => {
    await using scene = await openScene();
    const { weir, browser, host } = scene;
    for (const [i, { name, query, maxDelayS }] of MODES.entries()) {
      await t.step(`over ${name}`, async () => {
        const path = `live/page${i}`;
        await using page = await browser.open(`http://${host}/${path}${query}`);
        await page.waitForText(/is not there yet/);
        {
          await using _publisher = await scene.publish(path);
          await assertPlays(page, maxDelayS);
          await page.waitForText(/^\s*$/);
        }
        await page.waitForText(/has ended/);
        await using _again = await scene.publish(path);
        await assertPlays(page, maxDelayS);
        // What a browser says of answers that are no success is no fault of the page.
        const faults = page.faults.filter((one) =>
          !one.startsWith("Failed to load resource") &&
          !one.startsWith("WebSocket connection to")
        );
        assertEquals(faults, []);
      });
    }
    assertEquals(weir.log.filter((line) => / ERR /.test(line)), []);
  },
});

interopTest({
  name: "Chromium is told on the page which codec it cannot play",
  needs: ["ffmpeg", "chromium"],
  fn: async (t) => {
    await using scene = await openScene();
    await using _publisher = await scene.publish("cam", "h265_aac", "RTSP/TCP");
    await scene.weir.waitForLog(/\[path cam\] stream is available/);
    for (const { name, query } of MODES) {
      await t.step(`over ${name}`, async () => {
        const url = `http://${scene.host}/cam${query}`;
        await using page = await scene.browser.open(url);
        await page.waitForText(/This browser cannot play H.265 video/);
      });
    }
  },
});

interopTest({
  name: "Chromium asks for a password once, for page, playlists and WebSocket",
  needs: ["ffmpeg", "chromium"],
  fn: async (t) => {
    await using scene = await openScene(`authInternalUsers:
  - user: any
    permissions: [{action: publish}]
  - user: ann
    pass: secret
    permissions: [{action: read}]
`);
    await using _publisher = await scene.publish("cam");
    for (const { name, query, maxDelayS } of MODES) {
      await t.step(`over ${name}`, async () => {
        const url = `http://${scene.host}/cam${query}`;
        const login = { username: "ann", password: "secret" };
        await using page = await scene.browser.open(url, login);
        await assertPlays(page, maxDelayS);
      });
    }
  },
});

interopTest({
  name:
    "mpegts.js plays FLV over HTTP and over a WebSocket, less than half a second behind",
  needs: ["ffmpeg", "chromium"],
  fn: async (t) => {
    await using scene = await openScene();
    await using _publisher = await scene.publish("cam");
    await scene.weir.waitForLog(/\[path cam\] stream is available/);
    for (const scheme of ["http", "ws"]) {
      await t.step(`over ${scheme}`, async () => {
        await using player = openHttpServer(({ path }) =>
          path === "/mpegts.js"
            ? new Response(mpegtsScript, {
              headers: { "Content-Type": "text/javascript" },
            })
            : new Response(playerHtml(`${scheme}://${scene.host}/cam.flv`), {
              headers: { "Content-Type": "text/html" },
            })
        );
        await using page = await scene.browser.open(player.url);
        await assertPlays(page, MAX_STREAM_DELAY_S);
      });
    }
  },
});

/** A page of somebody else's that plays `url`. */
function playerHtml(url: string): string {
  const source = JSON.stringify({ type: "flv", isLive: true, url });
  return `<!DOCTYPE html><link rel="icon" href="data:,">
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
}
