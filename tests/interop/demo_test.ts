import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertIncludes } from "#test/assert.ts";
import { openBrowser } from "#test/browser.ts";
import { freeTcpPort } from "#test/ports.ts";
import { type RunningProcess, startProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { freeServerPorts, WEIR_FLAGS } from "#test/weir_process.ts";
import { checkLooped, looped } from "./looped_clip.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const CLIP = `${ROOT}/src/sources/file/test_clip.mp4`;

/** Longer than the clip. */
const READ_SECONDS = 14;

/** Colour of the clip behind everything else. */
const BACKGROUND = [0x12, 0x26, 0x3a];

/** What a page has to look like: a video without anything over it. */
const VIEWPORT = { width: 640, height: 360 };

/** Of a PNG: a pixel of the background, and which are bright where the time stands. */
const LOOK = `async (png) => {
  const answer = await fetch("data:image/png;base64," + png);
  const context = new OffscreenCanvas(640, 360).getContext("2d");
  context.drawImage(await createImageBitmap(await answer.blob()), 0, 0);
  const { data } = context.getImageData(200, 160, 270, 90);
  const bright = [];
  for (let at = 0; at < data.length; at += 4) if (data[at] > 200) bright.push(at);
  const [...background] = context.getImageData(320, 140, 1, 1).data.slice(0, 3);
  return { background, bright };
}`;

/** Command that the server is started with. */
type Program = readonly [string, ...string[]];

/** The executable to test, as it was made by the task `compile`. */
const EXECUTABLE = Deno.env.get("WEIR_EXECUTABLE");

const FROM_SOURCES: Program = [
  Deno.execPath(),
  ...["run", "--quiet", "--no-check", ...WEIR_FLAGS],
  `${ROOT}/main.ts`,
];

/** As a newcomer starts it. */
const TASK: Program = [
  Deno.execPath(),
  ...["task", "--quiet", "--config", `${ROOT}/deno.json`],
];

interopTest({
  name: "the demo plays its clip without a gap, in sync",
  needs: ["ffmpeg"],
  fn: () => withDemo(FROM_SOURCES, checkFrames),
});

interopTest({
  name: "a browser shows the clip of `deno task demo`, with sound",
  needs: ["chromium"],
  fn: () => withDemo(TASK, checkPage),
});

const EXECUTABLE_NAME = "the demo of the executable does so, too";

if (EXECUTABLE === undefined) {
  const name = `${EXECUTABLE_NAME} (needs WEIR_EXECUTABLE)`;
  Deno.test({ name, ignore: true, fn: () => {} });
} else {
  interopTest({
    name: EXECUTABLE_NAME,
    needs: ["ffmpeg"],
    fn: () => withDemo([resolve(EXECUTABLE)], checkFrames),
  });
}

interface Demo {
  readonly process: RunningProcess;
  readonly rtspPort: number;
  readonly rtmpPort: number;
  readonly hlsPort: number;
}

async function withDemo(
  [program, ...args]: Program,
  check: (demo: Demo) => Promise<void>,
): Promise<void> {
  const { rtspPort, rtmpPort, rtpPort } = freeServerPorts();
  const hlsPort = freeTcpPort();
  const folder = await Deno.makeTempDir({ prefix: "weir_test_" });
  try {
    // It must not be read.
    await Deno.writeTextFile(`${folder}/weir.yml`, "rtsp: no\n");
    await using process = startProcess(program, [...args, "demo"], {
      cwd: folder,
      env: {
        WEIR_RTSPADDRESS: `127.0.0.1:${rtspPort}`,
        WEIR_RTPADDRESS: `127.0.0.1:${rtpPort}`,
        WEIR_RTCPADDRESS: `127.0.0.1:${rtpPort + 1}`,
        WEIR_RTMPADDRESS: `127.0.0.1:${rtmpPort}`,
        WEIR_HLSADDRESS: `127.0.0.1:${hlsPort}`,
        ...{ WEIR_WEBRTC: "no", WEIR_SRT: "no", WEIR_MOQ: "no" },
      },
    });
    await process.waitForLine(
      /\[path test\] stream is available and online/,
      60_000,
    );
    await process.waitForLine(new RegExp(`rtmp://localhost:${rtmpPort}/test$`));
    assertIncludes(process.stdout, `: rtsp://localhost:${rtspPort}/test\n`);
    assertIncludes(process.stdout, `: http://localhost:${hlsPort}/test\n`);
    await check({ process, rtspPort, rtmpPort, hlsPort });
    assertEquals((await process.stop()).code, 0);
    const complaints = process.stderr.split("\n").filter((line) =>
      // A task says which other one it runs.
      line !== "" && !line.includes("main.ts 'demo'")
    );
    assertEquals(complaints, []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function checkFrames({ rtspPort, rtmpPort }: Demo): Promise<void> {
  const clip = await looped(CLIP);
  const urls = {
    rtspUrl: (path: string) => `rtsp://127.0.0.1:${rtspPort}/${path}`,
    rtmpUrl: (path: string) => `rtmp://127.0.0.1:${rtmpPort}/${path}`,
  };
  const ways = ["RTSP/TCP", "RTSP/UDP", "RTMP"] as const;
  await Promise.all(
    ways.map((way) =>
      checkLooped(urls, clip, { way, path: "test", seconds: READ_SECONDS })
    ),
  );
}

/** Plays for longer than the clip lasts; what one sees has the clip's background and bright digits that change. */
async function checkPage({ hlsPort }: Demo): Promise<void> {
  await using browser = await openBrowser();
  await using opened = await browser.open("about:blank");
  await opened.page.setViewport(VIEWPORT);
  const url = `http://127.0.0.1:${hlsPort}/test?controls=no`;
  await opened.page.goto(url);
  await using eye = await browser.open("about:blank");
  const digits: string[] = [];
  for (let i = 0; i < 2; i++) {
    await opened.page.bringToFront();
    await opened.waitForProgress(READ_SECONDS / 2);
    const png = await opened.page.screenshot({ encoding: "base64" });
    const { background, bright } = await eye.page.evaluate(
      `(${LOOK})(${JSON.stringify(png)})`,
    ) as { background: number[]; bright: number[] };
    const isNear = background.every((one, i) =>
      Math.abs(one - BACKGROUND[i]!) < 12
    );
    assert(isNear, `the background is ${background}`);
    assert(bright.length > 2_000, `${bright.length} bright pixels`);
    digits.push(bright.join());
  }
  assert(digits[0] !== digits[1], "the clock goes on");
  const { decodedAudioBytes, width, height } = await opened.playback();
  assertEquals([width, height, opened.faults], [640, 360, []]);
  assert(decodedAudioBytes > 20_000, `${decodedAudioBytes} bytes of sound`);
}
