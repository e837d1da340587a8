import { assertEquals } from "#test/assert.ts";
import type { BrowserPage } from "#test/browser.ts";
import { writeCertificate } from "#test/certificates.ts";
import { interopTest } from "#test/programs.ts";
import { assertPlays, MODES, openWebScene } from "./web_scene.ts";

interopTest({
  name:
    "Chromium plays the page of a stream, waits for it, and goes on when it is back",
  needs: ["ffmpeg", "chromium"],
  fn: async (t) => {
    await using scene = await openWebScene();
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
    await using scene = await openWebScene();
    await using _publisher = await scene.publish("cam", "h265_aac", "RTSP/TCP");
    await using _other = await scene.publish("vp8", "vp8", "RTSP/TCP");
    const rows = [
      ...MODES.map(({ name, query }) => ({
        name: `H.265 over ${name}`,
        path: `cam${query}`,
        words: /This browser cannot play H.265 video/,
      })),
      {
        name: "what HLS does not carry",
        path: "vp8",
        words: /The server cannot serve this stream to browsers/,
      },
      {
        name: "what MP4 does not carry",
        path: "vp8?mode=mse",
        words: /the stream of path 'vp8' has no codec that mp4 carries/,
      },
    ];
    for (const path of ["cam", "vp8"]) {
      const line = `\\[path ${path}\\] stream is available`;
      await scene.weir.waitForLog(new RegExp(line));
    }
    for (const { name, path, words } of rows) {
      await t.step(name, async () => {
        const url = `http://${scene.host}/${path}`;
        await using page = await scene.browser.open(url);
        await page.waitForText(words);
      });
    }
  },
});

interopTest({
  name: "the page of a stream is as its address says",
  needs: ["ffmpeg", "chromium"],
  fn: async () => {
    await using scene = await openWebScene();
    await using _publisher = await scene.publish("cam");
    await scene.weir.waitForLog(/\[path cam\] stream is available/);
    const url = `http://${scene.host}/cam`;
    const attributes = (page: BrowserPage) =>
      page.page.evaluate(`(() => {
        const { muted, controls, autoplay, playsInline, paused } = document.querySelector("video");
        return { muted, controls, autoplay, playsInline, paused };
      })()`);
    await using usual = await scene.browser.open(url);
    await usual.waitForProgress(0.5);
    assertEquals(await attributes(usual), {
      muted: true,
      controls: true,
      autoplay: true,
      playsInline: true,
      paused: false,
    });
    const query = "muted=no&controls=no&autoplay=no&playsinline=no";
    await using other = await scene.browser.open(`${url}?${query}`);
    await other.page.waitForFunction(
      'document.querySelector("video").readyState >= 2',
    );
    assertEquals(await attributes(other), {
      muted: false,
      controls: false,
      autoplay: false,
      playsInline: false,
      paused: true,
    });
    await other.page.evaluate('document.querySelector("video").play()');
    await other.waitForProgress(0.5);
    assertEquals([usual.faults, other.faults], [[], []]);
  },
});

interopTest({
  name:
    "Chromium asks for a password once, for page, playlists and WebSocket, over HTTP/2",
  needs: ["ffmpeg", "chromium"],
  fn: async (t) => {
    await using certificate = await writeCertificate();
    const { keyFile, certificateFile } = certificate;
    await using scene = await openWebScene(`hlsEncryption: yes
hlsServerKey: ${keyFile}
hlsServerCert: ${certificateFile}
authInternalUsers:
  - user: any
    permissions: [{action: publish}]
  - user: ann
    pass: secret
    permissions: [{action: read}]
`);
    await using _publisher = await scene.publish("cam");
    for (const { name, query, maxDelayS } of MODES) {
      await t.step(`over ${name}`, async () => {
        const url = `https://${scene.host}/cam${query}`;
        const login = { username: "ann", password: "secret" };
        await using page = await scene.browser.open(url, login);
        await assertPlays(page, maxDelayS);
        const protocols = await page.page.evaluate(`[...new Set(
          [...performance.getEntriesByType("navigation"),
            ...performance.getEntriesByType("resource")]
            .filter(({ name }) => name.startsWith("https"))
            .map(({ nextHopProtocol }) => nextHopProtocol))]`);
        assertEquals(protocols, ["h2"]);
      });
    }
  },
});
