import { assert, assertEquals } from "#test/assert.ts";
import {
  type BrowserPage,
  type HeadlessBrowser,
  openBrowser,
} from "#test/browser.ts";
import { clip, type ClipName } from "#test/clips.ts";
import { freeTcpPort } from "#test/ports.ts";
import type { RunningProcess } from "#test/processes.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { startPublisher, type Way } from "./ffmpeg_peer.ts";

/** How far a video must get. */
const PROGRESS_S = 3;

/** Of the pictures that were decoded. */
const MAX_DROPPED_SHARE = 0.1;

/** What a viewer may be behind the newest picture that has arrived. */
export const MAX_DELAY_S = { hls: 1.5, stream: 0.5 } as const;

/** Ways in which the page plays. */
export const MODES = [
  { name: "HLS", query: "", maxDelayS: MAX_DELAY_S.hls },
  { name: "a WebSocket", query: "?mode=mse", maxDelayS: MAX_DELAY_S.stream },
] as const;

/** A server with its web pages, and a browser. */
export interface WebScene extends AsyncDisposable {
  readonly weir: WeirProcess;
  readonly browser: HeadlessBrowser;
  readonly host: string;
  /** Publishes a clip over and over. */
  publish(path: string, name?: ClipName, way?: Way): Promise<RunningProcess>;
}

/** Starts a server, which also has these keys, and a browser. */
export async function openWebScene(config = ""): Promise<WebScene> {
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
export async function assertPlays(
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
