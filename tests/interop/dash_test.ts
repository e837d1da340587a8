import dashScript from "dashjs" with { type: "text" };
import shakaScript from "shaka-player/dist/shaka-player.dash.js" with {
  type: "text",
};
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "#test/assert.ts";
import { type BrowserPage, openBrowser } from "#test/browser.ts";
import { clip } from "#test/clips.ts";
import { DashChecker } from "#test/dash_checker.ts";
import { compareFrames, readFrames } from "#test/framemd5.ts";
import { openHttpServer } from "#test/http_server.ts";
import { freeTcpPort } from "#test/ports.ts";
import { runProcess } from "#test/processes.ts";
import { interopTest, PYTHON } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { startPublisher, waitUntilAvailable } from "./ffmpeg_peer.ts";

const PLAY = fileURLToPath(new URL("play_dash.py", import.meta.url));

/** Of the 150 pictures and 282 frames of sound of the clip: a live manifest has no end at which a decoder gives its last. */
const PICTURES = 120;
const SOUND_FRAMES = 230;

/** RTMP has whole milliseconds. */
const TOLERANCE_MS = 2 + 1e-6;

/** What is played of a stream: longer than the manifests reach back. */
const PROGRESS_S = 8;

/** The same after an outage. */
const PROGRESS_AGAIN_S = 5;

/** Of the pictures that were decoded; other tests load the machine. */
const MAX_DROPPED_SHARE = 0.2;

/** Players stay three segments behind, and begin at the start of one. */
const MAX_LATENCY_S = 6;

const GSTREAMER_S = 9;

interface Scene extends AsyncDisposable {
  readonly weir: WeirProcess;
  manifestUrl(path: string): string;
}

async function openScene(config: string): Promise<Scene> {
  const host = `127.0.0.1:${freeTcpPort()}`;
  const weir = await startWeir({
    config: `hls: yes
hlsAddress: ${host}
hlsAlwaysRemux: yes
hlsSegmentDuration: 1s
${config}`,
  });
  await weir.waitForLog(/\[HLS\] started with listener/);
  return {
    weir,
    manifestUrl: (path) => `http://${host}/${path}/manifest.mpd`,
    [Symbol.asyncDispose]: () => weir[Symbol.asyncDispose](),
  };
}

interopTest({
  name:
    "DASH: ffmpeg reads every picture and all sound as published, each time once",
  needs: ["ffmpeg"],
  fn: async () => {
    const file = await clip("short_groups");
    const args = "-map 0:v -map 0:a -c:v rawvideo -c:a copy".split(" ");
    const { frames: published } = await readFrames(file, { outputArgs: args });
    await using scene = await openScene(
      "hlsVariant: lowLatency\nhlsSegmentCount: 20",
    );
    await using _publisher = startPublisher(scene.weir, {
      way: "RTMP",
      path: "cam",
      file,
    });
    await waitUntilAvailable(scene.weir, "cam");
    const { frames: read } = await readFrames(scene.manifestUrl("cam"), {
      outputArgs: [
        ...args,
        ...["-frames:v", `${PICTURES}`, "-frames:a", `${SOUND_FRAMES}`],
      ],
    });
    for (const [i, minFrames] of [PICTURES, SOUND_FRAMES].entries()) {
      const { firstFrame, frames } = compareFrames(published, read, {
        publishedStream: i,
        readStream: i,
        toleranceMs: TOLERANCE_MS,
        minFrames,
      });
      assertEquals([firstFrame <= 2, frames], [true, minFrames]);
    }
  },
});

interopTest({
  name: "DASH: GStreamer plays pictures and sound, each time once",
  needs: ["ffmpeg", "gstreamer", "gstreamerServer"],
  fn: async () => {
    await using scene = await openScene("hlsVariant: fmp4");
    await using _publisher = startPublisher(scene.weir, {
      way: "RTMP",
      path: "cam",
      // Without end, and without the jump of a clip that begins again.
      file: "testsrc2=size=320x180:rate=25[out0];sine=sample_rate=48000[out1]",
      inputArgs: ["-f", "lavfi"],
      outputArgs: "-c:v libx264 -preset ultrafast -g 25 -c:a aac".split(" "),
    });
    await waitUntilAvailable(scene.weir, "cam");
    const checker = new DashChecker();
    const url = scene.manifestUrl("cam");
    // What the manifest begins with is listed no more before it has played.
    await waitForManifest(url, checker, ({ nowSeconds }) => nowSeconds > 4);
    const { stdout } = await runProcess(
      PYTHON,
      [PLAY, url, `${GSTREAMER_S}`],
      { timeoutMs: 60_000 },
    );
    for (const kind of ["video", "audio"]) {
      const times = [
        ...stdout.matchAll(new RegExp(`^${kind} (\\d+) (\\d+)$`, "gm")),
      ].map(([, at, duration]) => [Number(at), Number(duration)] as const);
      assert(times.length >= 100, `${kind}: ${times.length}\n${stdout}`);
      for (const [i, [at]] of times.entries()) {
        const [before, duration] = times[i - 1] ?? [at, 0];
        const offMs = (at - before - duration) / 1_000_000;
        assert(Math.abs(offMs) < 5, `${kind} ${i} is ${offMs} ms off`);
      }
    }
  },
});

/** Asks for the manifest until it is so; each is checked. */
async function waitForManifest(
  url: string,
  checker: DashChecker,
  isThere: (manifest: ReturnType<DashChecker["check"]>) => boolean,
): Promise<void> {
  const first = await fetch(url);
  // Its viewer is known from then on.
  let text = await first.text();
  while (!isThere(checker.check(text))) {
    const answer = await fetch(first.url);
    text = await answer.text();
    assertEquals(answer.status, 200, text);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const PLAYERS = [{
  script: dashScript,
  start: `async (video, url) => {
    const { MediaPlayer } = await import("/player.js");
    const player = MediaPlayer().create();
    player.updateSettings({ debug: { logLevel: 0 } });
    player.on("error", ({ error }) => console.error(error.message));
    player.initialize(video, url, true);
    return {
      latency: () => player.getCurrentLiveLatency(),
      tracks: () => player.getTracksFor("audio").length,
    };
  }`,
}, {
  script: shakaScript,
  start: `async (video, url) => {
    const script = document.createElement("script");
    script.src = "/player.js";
    globalThis.shakaLoaded ??= new Promise((resolve) => {
      script.onload = resolve;
      document.head.append(script);
    });
    await shakaLoaded;
    const player = new shaka.Player();
    player.addEventListener("error", ({ detail }) => console.error(detail));
    await player.attach(video);
    await player.load(url);
    video.play();
    return {
      latency: () => (Date.now() - player.getPlayheadTimeAsDate()) / 1000,
      tracks: () => player.getAudioTracks().length,
    };
  }`,
}];

const PATHS = ["both", "sound", "languages"] as const;

interopTest({
  name:
    "DASH: dash.js and shaka-player play pictures, sound alone and several sounds, and go on after an outage",
  needs: ["ffmpeg", "chromium"],
  fn: async () => {
    await using scene = await openScene(
      "hlsVariant: lowLatency\nhlsSegmentCount: 7",
    );
    await using opened = new AsyncDisposableStack();
    const { weir } = scene;
    const publish = async (path: typeof PATHS[number]) =>
      startPublisher(weir, {
        way: "RTSP/TCP",
        path,
        file: await clip(path === "sound" ? "aac" : "short_groups"),
        inputArgs: ["-stream_loop", "-1"],
        outputArgs: path === "languages"
          ? "-map 0:v -map 0:a -map 0:a".split(" ")
          : [],
      });
    opened.use(await publish("sound"));
    opened.use(await publish("languages"));
    const pages = await Promise.all(
      PLAYERS.map((player) => openPlayers(scene, player, opened)),
    );
    {
      await using _publisher = await publish("both");
      for (const path of PATHS) await waitUntilAvailable(weir, path);
      await Promise.all(pages.map(assertPlays));
    }
    await weir.waitForLog(/\[path both\] stream is not available/);
    await using _again = await publish("both");
    await Promise.all(
      pages.map((page) => waitForProgress(page, "both", PROGRESS_AGAIN_S)),
    );
    assertEquals(pages.map(({ faults }) => faults), [[], []]);
    assertEquals(weir.log.filter((line) => / ERR /.test(line)), []);
    const sessions = weir.log.filter((line) =>
      /\[HLS\] \[session \w+\] created by/.test(line)
    );
    assertEquals(
      sessions.length,
      PLAYERS.length * PATHS.length,
      sessions.join("\n"),
    );
  },
});

/** Everything plays for longer than a manifest reaches back. */
async function assertPlays(page: BrowserPage): Promise<void> {
  await page.page.evaluate("begin()");
  await Promise.all(
    PATHS.map((path) => waitForProgress(page, path, PROGRESS_S)),
  );
  const states = await Promise.all(PATHS.map((path) => stateOf(page, path)));
  for (const { latencyS, dropped, total } of states) {
    assert(latencyS <= MAX_LATENCY_S, JSON.stringify(states));
    assert(dropped <= total * MAX_DROPPED_SHARE, JSON.stringify(states));
  }
  assertEquals(states.map(({ tracks }) => tracks), [1, 1, 2]);
  assertEquals(states.map(({ width }) => width), [640, 0, 640]);
}

/** A page of somebody else's, with a video for each path. */
async function openPlayers(
  scene: Scene,
  player: { readonly script: string; readonly start: string },
  opened: AsyncDisposableStack,
): Promise<BrowserPage> {
  const urls = PATHS.map((path) => [path, scene.manifestUrl(path)]);
  const html = `<!DOCTYPE html><link rel="icon" href="data:,">
    ${PATHS.map((path) => `<video id="${path}" muted></video>`).join("")}
    <script>
    const start = ${player.start};
    const players = {};
    async function begin() {
      for (const [path, url] of ${JSON.stringify(urls)}) {
        players[path] = await start(document.getElementById(path), url);
      }
    }
    </script>`;
  const server = opened.use(
    openHttpServer(({ path }) =>
      path === "/player.js"
        ? new Response(player.script, {
          headers: { "Content-Type": "text/javascript" },
        })
        : new Response(html, { headers: { "Content-Type": "text/html" } })
    ),
  );
  const browser = opened.use(await openBrowser());
  return await browser.open(server.url);
}

interface VideoState {
  readonly timeS: number;
  readonly latencyS: number;
  readonly tracks: number;
  readonly dropped: number;
  readonly total: number;
  readonly width: number;
  readonly soundBytes: number;
}

async function stateOf(page: BrowserPage, path: string): Promise<VideoState> {
  return await page.page.evaluate(`(() => {
    const video = document.getElementById("${path}");
    const quality = video.getVideoPlaybackQuality();
    return {
      timeS: video.currentTime,
      latencyS: players["${path}"]?.latency(),
      tracks: players["${path}"]?.tracks(),
      dropped: quality.droppedVideoFrames,
      total: quality.totalVideoFrames,
      width: video.videoWidth,
      soundBytes: video.webkitAudioDecodedByteCount,
    };
  })()`) as VideoState;
}

/** Waits until a video has gone on, and its sound has. */
async function waitForProgress(
  page: BrowserPage,
  path: string,
  progressS: number,
): Promise<void> {
  await page.page.waitForFunction(
    `document.getElementById("${path}").currentTime > 0`,
  );
  const { timeS, soundBytes } = await stateOf(page, path);
  const hasProgressed = `(() => {
    const video = document.getElementById("${path}");
    return video.currentTime >= ${timeS + progressS} &&
      video.webkitAudioDecodedByteCount > ${soundBytes};
  })()`;
  try {
    await page.page.waitForFunction(hasProgressed, { timeout: 60_000 });
  } catch (cause) {
    const state = JSON.stringify(await stateOf(page, path));
    throw new Error(
      `Cannot see ${path} go on from ${timeS} s: ${state}, faults: ${page.faults}`,
      { cause },
    );
  }
}
