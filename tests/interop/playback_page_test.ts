import { assert, assertEquals } from "#test/assert.ts";
import { openBrowser } from "#test/browser.ts";
import { clip } from "#test/clips.ts";
import { freeTcpPort } from "#test/ports.ts";
import { interopTest } from "#test/programs.ts";
import { startWeir } from "#test/weir_process.ts";
import { startPublisher } from "./ffmpeg_peer.ts";

/** Further than the first of the recording's files reaches. */
const PROGRESS_SECONDS = 3;

interopTest({
  name: "Chromium lists recordings by path and day, and plays them",
  needs: ["ffmpeg", "chromium"],
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "weir_page_" });
    await using opened = new AsyncDisposableStack();
    opened.defer(() => Deno.remove(folder, { recursive: true }));
    const address = `127.0.0.1:${freeTcpPort()}`;
    const weir = opened.use(
      await startWeir({
        config: `
playback: yes
playbackAddress: ${address}
authInternalUsers:
  - user: any
    permissions: [{action: publish}]
  - user: ann
    pass: secret
    permissions: [{action: playback}]
pathDefaults:
  record: yes
  recordSegmentDuration: 1s
  recordPath: ${folder}/%path/%Y-%m-%d_%H-%M-%S-%f
`,
      }),
    );
    await weir.waitForLog(/\[playback\] started with listener/);
    const browser = opened.use(await openBrowser());
    const login = { username: "ann", password: "secret" };
    {
      await using page = await browser.open(`http://${address}/`, login);
      await page.waitForText(/Nothing has been recorded yet/);
    }
    const file = await clip("short_groups");
    await using publisher = startPublisher(weir, {
      ...{ way: "RTMP", path: "house/door", file },
    });
    assertEquals((await publisher.ended).code, 0, publisher.stderr);
    await weir.waitForLog(/recording stopped/);
    await using page = await browser.open(`http://${address}/`, login);
    await page.waitForText(/Choose a recording/);
    await page.waitForText(/house\/door\s+Day\s+\d{4}-\d\d-\d\d/);
    await page.page.click("#recordings button");
    const playback = await page.waitForProgress(PROGRESS_SECONDS);
    assert(playback.decodedAudioBytes > 0, "sound");
    assertEquals(page.faults, []);
  },
});
