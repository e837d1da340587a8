import { assertEquals } from "#test/assert.ts";
import {
  type BrowserPage,
  type HeadlessBrowser,
  openBrowser,
} from "#test/browser.ts";
import { clip } from "#test/clips.ts";
import { freeTcpPort } from "#test/ports.ts";
import type { RunningProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { startPublisher } from "./ffmpeg_peer.ts";

const VARIANTS = ["mpegts", "fmp4", "lowLatency"] as const;

const PROGRESS_S = 3;

/** Leaves the page what a browser without Media Source Extensions has. */
const HIDE_MEDIA_SOURCE = `
delete globalThis.MediaSource;
delete globalThis.ManagedMediaSource;
delete globalThis.WebKitMediaSource;
`;

async function openNative(
  browser: HeadlessBrowser,
  url: string,
): Promise<BrowserPage> {
  const opened = await browser.open("about:blank");
  await opened.page.evaluateOnNewDocument(HIDE_MEDIA_SOURCE);
  await opened.page.goto(url);
  return opened;
}

async function assertPlays(page: BrowserPage): Promise<void> {
  const before = await page.playback();
  const after = await page.waitForProgress(PROGRESS_S);
  assertEquals([after.width, after.height], [640, 360]);
  assertEquals(after.decodedAudioBytes > before.decodedAudioBytes, true);
  const source = await page.page.evaluate(
    'document.querySelector("video").src',
  );
  assertEquals(String(source).endsWith("/index.m3u8"), true, String(source));
}

async function startServer(
  variant: typeof VARIANTS[number],
  host: string,
): Promise<WeirProcess> {
  const weir = await startWeir({
    config: `hls: yes
hlsAddress: ${host}
hlsVariant: ${variant}
hlsAlwaysRemux: yes`,
  });
  await weir.waitForLog(/\[HLS\] started with listener/);
  return weir;
}

async function publish(weir: WeirProcess): Promise<RunningProcess> {
  return startPublisher(weir, {
    way: "RTMP",
    path: "cam",
    file: await clip("short_groups"),
    inputArgs: ["-stream_loop", "-1"],
  });
}

interopTest({
  name:
    "Chromium plays the page by itself, without the library, and goes on when the stream is back",
  needs: ["ffmpeg", "chromium"],
  fn: async (t) => {
    await using opened = new AsyncDisposableStack();
    const servers = await Promise.all(VARIANTS.map(async (variant) => {
      const host = `127.0.0.1:${freeTcpPort()}`;
      return { variant, host, weir: await startServer(variant, host) };
    }));
    for (const { weir } of servers) opened.use(weir);
    const browser = opened.use(await openBrowser());
    const publishers: RunningProcess[] = [];
    for (const { weir } of servers) {
      publishers.push(opened.use(await publish(weir)));
    }
    for (const { variant, host } of servers) {
      await t.step(variant, async () => {
        await using page = await openNative(browser, `http://${host}/cam`);
        await assertPlays(page);
      });
    }
    const { host, weir } = servers.at(-1)!;
    await t.step("after an outage", async () => {
      await using page = await openNative(browser, `http://${host}/cam`);
      await assertPlays(page);
      await publishers.at(-1)!.stop();
      await weir.waitForLog(/\[path cam\] stream is not available/);
      // Chromium repeats the end of the last segment until there is another one.
      const [answer] = await Promise.all([
        page.page.waitForResponse(
          (one) => /_video1_seg\d+\.mp4$/.test(one.url()),
          { timeout: 60_000 },
        ),
        publish(weir).then((publisher) => opened.use(publisher)),
      ]);
      assertEquals(answer.ok(), true);
      await assertPlays(page);
      await page.waitForText(/^\s*$/);
    });
  },
});
