import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { findExecutable } from "./programs.ts";

const LAUNCH_TIMEOUT_MS = 60_000;
const WAIT_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 50;

/** How a video in a page is doing. */
export interface Playback {
  readonly currentTimeS: number;
  /** From the picture that is shown to the newest that is there. */
  readonly bufferedAheadS: number;
  readonly droppedFrames: number;
  readonly totalFrames: number;
  readonly width: number;
  readonly height: number;
  /** Bytes of sound that were decoded. */
  readonly decodedAudioBytes: number;
}

/** A page of a browser, and what it complained of. */
export interface BrowserPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors of scripts and of the console, and what the content security policy forbade. */
  readonly faults: readonly string[];
  /** How the video plays. */
  playback(): Promise<Playback>;
  /** Waits until the video has moved on by so many seconds. */
  waitForProgress(seconds: number): Promise<Playback>;
  /** Waits until the picture is no further than this behind the newest one that is there. */
  waitForDelay(maxSeconds: number): Promise<void>;
  /** Waits until the text of the page fits. */
  waitForText(pattern: RegExp): Promise<void>;
}

/** A headless browser of its own. */
export class HeadlessBrowser implements AsyncDisposable {
  #browser: Browser;

  /** Use {@linkcode openBrowser}. */
  constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Opens a page; with `user:password` where its server asks for them. */
  async open(
    url: string,
    login?: { readonly username: string; readonly password: string },
  ): Promise<BrowserPage> {
    const page = await this.#browser.newPage();
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") faults.push(message.text());
    });
    if (login) await page.authenticate(login);
    await page.goto(url);
    return new VideoPage(page, faults);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

class VideoPage implements BrowserPage {
  readonly page: Page;
  readonly faults: readonly string[];

  constructor(page: Page, faults: readonly string[]) {
    this.page = page;
    this.faults = faults;
  }

  playback(): Promise<Playback> {
    return this.page.evaluate(`(() => {
      const video = document.querySelector("video");
      const { buffered, currentTime } = video;
      const quality = video.getVideoPlaybackQuality();
      return {
        currentTimeS: currentTime,
        bufferedAheadS: buffered.length === 0 ? 0 : buffered.end(buffered.length - 1) - currentTime,
        droppedFrames: quality.droppedVideoFrames,
        totalFrames: quality.totalVideoFrames,
        width: video.videoWidth,
        height: video.videoHeight,
        decodedAudioBytes: video.webkitAudioDecodedByteCount,
      };
    })()`) as Promise<Playback>;
  }

  async waitForProgress(seconds: number): Promise<Playback> {
    let fromS: number | undefined;
    return await this.#waitFor(
      `the video to go on by ${seconds} s`,
      async () => {
        const now = await this.playback();
        if (now.totalFrames > 0) fromS ??= now.currentTimeS;
        const isThere = fromS !== undefined &&
          now.currentTimeS - fromS >= seconds;
        return isThere ? now : undefined;
      },
    );
  }

  async waitForDelay(maxSeconds: number): Promise<void> {
    await this.#waitFor(`a delay of ${maxSeconds} s`, async () => {
      const { bufferedAheadS } = await this.playback();
      return bufferedAheadS <= maxSeconds ? true : undefined;
    });
  }

  async waitForText(pattern: RegExp): Promise<void> {
    await this.#waitFor(`text ${pattern}`, async () => {
      const text = await this.page.evaluate("document.body.innerText");
      return pattern.test(String(text)) ? true : undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.close();
  }

  async #waitFor<T>(
    what: string,
    look: () => Promise<T | undefined>,
  ): Promise<T> {
    const deadlineMs = performance.now() + WAIT_TIMEOUT_MS;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      if (performance.now() > deadlineMs) {
        const text = await this.page.evaluate("document.body.innerText");
        throw new Error(
          `Cannot wait for ${what}: the page says "${text}", its faults are ${
            JSON.stringify(this.faults)
          }, the video: ${JSON.stringify(await this.playback())}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
    }
  }
}

/** Starts Chromium, which plays without being clicked. */
export async function openBrowser(): Promise<HeadlessBrowser> {
  const browser = await puppeteer.launch({
    executablePath: findExecutable("chromium")!,
    headless: true,
    // Those of tests are made by themselves.
    acceptInsecureCerts: true,
    timeout: LAUNCH_TIMEOUT_MS,
    args: [
      // Root may not use the sandbox.
      "--no-sandbox",
      "--disable-gpu",
      "--autoplay-policy=no-user-gesture-required",
      "--mute-audio",
    ],
  });
  return new HeadlessBrowser(browser);
}
