import { join } from "node:path";
import { type StampFinder, wallClockUs } from "./frame_source.ts";
import { type HttpConnection, openHttpConnection } from "./http_connection.ts";
import { MediaCounter } from "./media_counter.ts";

/** Rows of low-latency HLS: bytes a frame, so that six of them, 200 ms, are a part of the size named. */
export const HLS_ROWS = {
  "ll-hls-120kb": { frameBytes: 20_000 },
  "ll-hls-2kb": { frameBytes: 300 },
} as const;

/** Name of a row of low-latency HLS. */
export type HlsRow = keyof typeof HLS_ROWS;

/** Frames of a part. */
const PART_FRAMES = 6;

const PART_MS = 200;

const PLAYLIST_FILE = "playlist.m3u8";

/** About what a playlist with 7 segments and their parts has. */
const PLAYLIST_BYTES = 2_000;

/** Name of the file that is as large as a part with frames of that size. */
export function partFile(frameBytes: number): string {
  return `${frameBytes}.mp4`;
}

/** Writes a playlist and a part of each row. */
export async function writeHlsFiles(folder: string): Promise<void> {
  const write = (name: string, sizeBytes: number): Promise<void> =>
    Deno.writeFile(join(folder, name), new Uint8Array(sizeBytes).fill(1));
  await write(PLAYLIST_FILE, PLAYLIST_BYTES);
  for (const { frameBytes } of Object.values(HLS_ROWS)) {
    await write(partFile(frameBytes), PART_FRAMES * frameBytes);
  }
}

/**
 * One that asks for a playlist and a part at once, as often as a viewer of
 * low-latency HLS, all at the same time. Its delays are from asking to the
 * last byte of the part.
 */
class FileViewer implements Disposable {
  readonly counter: FileCounter = new FileCounter();
  readonly ended: Promise<void>;
  #connections: readonly HttpConnection[];
  #isDisposed = false;

  /** Use {@linkcode openFileViewer}. */
  constructor(
    partUrl: string,
    connections: readonly [HttpConnection, HttpConnection],
    finder: StampFinder | undefined,
  ) {
    this.#connections = connections;
    this.ended = this.#run(partUrl, connections, finder);
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    for (const connection of this.#connections) connection[Symbol.dispose]();
  }

  async #run(
    partUrl: string,
    [playlists, parts]: readonly [HttpConnection, HttpConnection],
    finder: StampFinder | undefined,
  ): Promise<void> {
    const { pathname } = new URL(partUrl);
    while (!this.#isDisposed) {
      await new Promise((resolve) =>
        setTimeout(resolve, PART_MS - Date.now() % PART_MS)
      );
      const startUs = wallClockUs();
      const [, answer] = await Promise.all([
        playlists.get(`/${PLAYLIST_FILE}`),
        parts.get(pathname),
      ]);
      finder?.note(wallClockUs() - startUs);
      this.counter.push(answer.body.length);
    }
  }
}

class FileCounter extends MediaCounter {
  /** Counts a playlist and a part. */
  push(partBytes: number): void {
    this.requests += 2;
    this.payloadBytes += partBytes;
  }
}

/** Connects a viewer that is paced by the clock alone. */
export async function openFileViewer(
  partUrl: string,
  finder: StampFinder | undefined,
): Promise<FileViewer> {
  using opened = new DisposableStack();
  const playlists = opened.use(await openHttpConnection(partUrl));
  const parts = opened.use(await openHttpConnection(partUrl));
  opened.move();
  return new FileViewer(partUrl, [playlists, parts], finder);
}
