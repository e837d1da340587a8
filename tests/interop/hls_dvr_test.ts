import { join } from "node:path";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { openBrowser } from "#test/browser.ts";
import { clip } from "#test/clips.ts";
import {
  BARE_VIDEO_FILTERS,
  type FrameHash,
  readFrames,
} from "#test/framemd5.ts";
import { HlsPlaylistChecker } from "#test/hls_checker.ts";
import { freeTcpPort } from "#test/ports.ts";
import { runProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { startPublisher } from "./ffmpeg_peer.ts";

/** A key frame each second, six seconds. */
const CLIP = "short_groups";
const CLIP_SECONDS = 6;
const CLIP_PICTURES = 150;

/** Recordings that are there already, one after the other. */
const OLD_FILES = 4;

const POLL_INTERVAL_MS = 500;
const WAIT_TIMEOUT_MS = 60_000;

interopTest({
  name: "HLS reaches back into what was recorded",
  needs: ["ffmpeg", "chromium"],
  fn: async (t) => {
    const folder = await Deno.makeTempDir({ prefix: "weir_dvr_" });
    await using opened = new AsyncDisposableStack();
    opened.defer(() => Deno.remove(folder, { recursive: true }));
    const host = `127.0.0.1:${freeTcpPort()}`;
    await makeOldFiles(folder);
    await using weir = await startWeir({
      config: `
hls: yes
hlsAddress: ${host}
hlsDvrWindow: 1h
pathDefaults:
  record: yes
  recordPartDuration: 300ms
  recordSegmentDuration: 5s
  recordPath: ${folder}/%path/%s-%f
paths:
  cam:
  ts:
    recordFormat: mpegts
`,
    });
    await weir.waitForLog(/\[HLS\] started with listener/);
    const index = `http://${host}/cam/index.m3u8?dvr=1`;
    const published = await hashesOf(await clip(CLIP));
    const oldPictures = OLD_FILES * CLIP_PICTURES;
    let viewer: Viewer;
    {
      await using publisher = publish(weir, await clip(CLIP));
      await weir.waitForLog(/\[path cam\] stream is available/);
      viewer = await enter(index);
      await viewer.waitFor(
        "what is recorded now",
        ({ seconds }) => seconds > OLD_FILES * CLIP_SECONDS + 1,
      );
      await publisher.ended;
    }
    await viewer.waitFor(
      "all of the first recording",
      ({ seconds }) => seconds > (OLD_FILES + 1) * CLIP_SECONDS - 0.2,
    );
    await using _publisher = publish(weir, await clip(CLIP), [
      "-stream_loop",
      "-1",
    ]);
    await viewer.waitFor(
      "the next recording",
      ({ discontinuities }) => discontinuities === 2,
    );
    await t.step("ffmpeg reads every picture from the beginning", async () => {
      const count = oldPictures + CLIP_PICTURES + 50;
      const read = await hashesOf(index, ["-live_start_index", "0"], count);
      assertEquals(read.length, count);
      for (const [i, hash] of read.entries()) {
        assertEquals(hash, published[i % CLIP_PICTURES], `picture ${i}`);
      }
    });
    await using browser = await openBrowser();
    await t.step("hls.js in Chromium seeks back, and goes on", async () => {
      await using page = await browser.open(`http://${host}/cam?dvr=1`);
      const { currentTimeS } = await page.waitForProgress(1);
      assert(currentTimeS > 20, `begins at ${currentTimeS} s`);
      await page.page.evaluate(
        `document.querySelector("video").currentTime -= 20`,
      );
      const after = await page.waitForProgress(3);
      assert(after.currentTimeS < currentTimeS - 10, `${after.currentTimeS} s`);
      assert(after.decodedAudioBytes > 0, "sound");
      assertEquals(page.faults, []);
    });
    await t.step("the page says why it cannot reach back", async () => {
      await using _publisher = publish(weir, await clip(CLIP), [], "ts");
      await weir.waitForLog(/\[path ts\] stream is available/);
      await using page = await browser.open(`http://${host}/ts?dvr=1`);
      await page.waitForText(/recordFormat: fmp4 is needed/);
    });
    await t.step("the playlist has kept its word", async () => {
      await viewer.look();
      assert(viewer.checker.states > 5, `${viewer.checker.states}`);
    });
    const faults = weir.log.filter((line) =>
      / (ERR|WAR) /.test(line) && !/recordFormat: fmp4 is needed/.test(line)
    );
    assertEquals(faults, []);
  },
});

function publish(
  weir: WeirProcess,
  file: string,
  inputArgs: readonly string[] = [],
  path = "cam",
) {
  return startPublisher(weir, { way: "RTMP", path, file, inputArgs });
}

/** What a viewer sees of the playlist. */
interface Sight {
  readonly seconds: number;
  readonly discontinuities: number;
}

/** Follows the playlist, and checks every state of it. */
class Viewer {
  readonly checker = new HlsPlaylistChecker();
  #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async look(): Promise<Sight> {
    const whole = await textOf(this.#url);
    const { segments } = this.checker.check(whole);
    return {
      seconds: segments.reduce((sum, { seconds }) => sum + seconds, 0),
      discontinuities: segments.at(-1)!.discontinuity,
    };
  }

  async waitFor(
    what: string,
    isThere: (sight: Sight) => boolean,
  ): Promise<void> {
    const deadlineMs = performance.now() + WAIT_TIMEOUT_MS;
    for (;;) {
      const sight = await this.look();
      if (isThere(sight)) return;
      assert(
        performance.now() < deadlineMs,
        `Cannot wait for ${what}: ${JSON.stringify(sight)}`,
      );
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
    }
  }
}

async function enter(index: string): Promise<Viewer> {
  const text = await textOf(index);
  assertIncludes(text, "avc1.");
  const uri = text.split("\n").find((line) => line.startsWith("dvr.m3u8"))!;
  assertIncludes(uri, "dvr=1");
  return new Viewer(new URL(uri, index).href);
}

async function textOf(url: string): Promise<string> {
  const answer = await fetch(url);
  const text = await answer.text();
  assertEquals(answer.status, 200, text);
  return text;
}

/** Recordings that another program has made, the last one ten seconds old. */
async function makeOldFiles(folder: string): Promise<void> {
  const endSeconds = Math.floor(Date.now() / 1_000) - 10;
  const source = await clip(CLIP);
  await Deno.mkdir(join(folder, "cam"));
  for (let i = OLD_FILES; i > 0; i--) {
    const name = `${endSeconds - i * CLIP_SECONDS}-000000.mp4`;
    const { code, stderr } = await runProcess("ffmpeg", [
      ...["-v", "error", "-i", source, "-c", "copy"],
      ...["-movflags", "frag_keyframe+empty_moov"],
      join(folder, "cam", name),
    ]);
    assertEquals(code, 0, stderr);
  }
}

async function hashesOf(
  source: string,
  inputArgs: readonly string[] = [],
  count = CLIP_PICTURES,
): Promise<string[]> {
  const { frames } = await readFrames(source, {
    inputArgs,
    outputArgs: [
      ...["-map", "0:v", "-c", "copy", "-bsf:v", BARE_VIDEO_FILTERS.h264],
      ...["-frames:v", `${count}`],
    ],
  });
  return frames.map(({ hash }: FrameHash) => hash);
}
