import { lastStampUs, type StampFinder, wallClockUs } from "./frame_source.ts";
import { firstUri, partNumber, readPlaylist } from "./hls_playlist.ts";
import { type HttpAnswer, openHttpConnection } from "./http_connection.ts";
import type { HttpConnection } from "./http_connection.ts";
import { MediaCounter } from "./media_counter.ts";

/** What a viewer is opened with. */
export interface HlsViewerOptions {
  /** Address of the path, without `index.m3u8`. */
  readonly url: string;
  /** Asks for each part before it is there, as its hint allows; else when a playlist lists it. */
  readonly takesHints: boolean;
  /** Notes the age of every part's last frame. */
  readonly finder?: StampFinder | undefined;
}

const MAX_REDIRECTS = 5;

const decoder = new TextDecoder("latin1");

/** Counts parts: each must come once, in its turn, with frames later than those before. */
export class PartCounter extends MediaCounter {
  #lastNumber: number | undefined;
  #lastStampUs = 0;

  /**
   * Counts a part, or an answer that is none.
   *
   * Output: when its last frame was written; undefined if it is not good.
   */
  push(uri: string, { status, body }: HttpAnswer): number | undefined {
    this.requests++;
    const number = partNumber(uri);
    const stepParts = number - (this.#lastNumber ?? number - 1);
    const stampUs = status === 200 ? lastStampUs(body) : undefined;
    const isNext = stepParts > 0 && (stampUs ?? 0) > this.#lastStampUs;
    if (stampUs === undefined || !isNext) {
      this.errors++;
      return undefined;
    }
    this.lost += stepParts - 1;
    this.#lastNumber = number;
    this.#lastStampUs = stampUs;
    this.payloadBytes += body.length;
    return stampUs;
  }
}

/**
 * One viewer of low-latency HLS, as a browser is one: a connection for
 * playlists, which are asked for before they are there, and one for parts.
 */
export class HlsViewer implements Disposable {
  readonly counter: PartCounter = new PartCounter();
  /** Settles when the server or a fault has ended it. */
  readonly ended: Promise<void>;
  #playlists: HttpConnection;
  #parts: HttpConnection;
  #options: HlsViewerOptions;
  #cookies: string;
  #base: string;
  #queue: string[] = [];
  #queued = Promise.withResolvers<void>();
  /** Of the last part that was put in the queue. */
  #lastNumber = -1;

  /** Use {@linkcode openHlsViewer}. */
  constructor(
    options: HlsViewerOptions,
    connections: { playlists: HttpConnection; parts: HttpConnection },
    entrance: Entrance,
  ) {
    this.#options = options;
    this.#playlists = connections.playlists;
    this.#parts = connections.parts;
    this.#cookies = entrance.cookies;
    this.#base = entrance.playlistUrl;
    this.ended = Promise.race([
      this.#followPlaylist(entrance),
      this.#loadParts(),
    ]);
  }

  [Symbol.dispose](): void {
    this.#playlists[Symbol.dispose]();
    this.#parts[Symbol.dispose]();
  }

  async #followPlaylist(
    { playlistUrl, playlist }: Entrance,
  ): Promise<never> {
    const target = targetOf(playlistUrl);
    const start = target.includes("?") ? `${target}&` : `${target}?`;
    let news = readPlaylist(playlist);
    this.#lastNumber = Math.max(-1, ...news.parts.map(partNumber));
    for (;;) {
      const { nextMsn, nextPart, hint } = news;
      if (this.#options.takesHints && hint !== undefined) this.#enqueue(hint);
      const query = `_HLS_msn=${nextMsn}&_HLS_part=${nextPart}&_HLS_skip=YES`;
      const answer = await this.#playlists.get(start + query, this.#cookies);
      this.counter.requests++;
      news = readPlaylist(textOf(answer, target));
      for (const part of news.parts) this.#enqueue(part);
    }
  }

  /** Puts a part in the queue that is behind all that were there. */
  #enqueue(uri: string): void {
    const number = partNumber(uri);
    if (number <= this.#lastNumber) return;
    this.#lastNumber = number;
    this.#queue.push(uri);
    this.#queued.resolve();
  }

  async #loadParts(): Promise<never> {
    const { finder } = this.#options;
    for (;;) {
      const uri = this.#queue.shift();
      if (uri === undefined) {
        this.#queued = Promise.withResolvers();
        await this.#queued.promise;
        continue;
      }
      const target = targetOf(new URL(uri, this.#base).href);
      const answer = await this.#parts.get(target, this.#cookies);
      const nowUs = wallClockUs();
      const stampUs = this.counter.push(uri, answer);
      if (stampUs !== undefined) finder?.note(nowUs - stampUs);
    }
  }
}

/** Goes the way of a player: entry, media playlist, header, then part after part. */
export async function openHlsViewer(
  options: HlsViewerOptions,
): Promise<HlsViewer> {
  using opened = new DisposableStack();
  const playlists = opened.use(await openHttpConnection(options.url));
  const parts = opened.use(await openHttpConnection(options.url));
  const entrance = await enter(playlists, `${options.url}/index.m3u8`);
  opened.move();
  return new HlsViewer(options, { playlists, parts }, entrance);
}

/** What a viewer has when it is let in. */
interface Entrance {
  readonly cookies: string;
  readonly playlistUrl: string;
  readonly playlist: string;
}

/** Follows redirects and keeps cookies; reads the playlists and the header of the parts. */
async function enter(
  connection: HttpConnection,
  entryUrl: string,
): Promise<Entrance> {
  const jar = new Map<string, string>();
  const get = async (url: string): Promise<{ url: string; text: string }> => {
    for (let redirects = 0;; redirects++) {
      const answer = await connection.get(targetOf(url), cookiesOf(jar));
      for (
        const [, name, value] of answer.head.matchAll(
          /\r\nset-cookie: *([^=]+)=([^;\r]*)/gi,
        )
      ) jar.set(name!, value!);
      const location = /\r\nlocation: *(\S+)/i.exec(answer.head)?.[1];
      if (location === undefined || redirects === MAX_REDIRECTS) {
        return { url, text: textOf(answer, url) };
      }
      url = new URL(location, url).href;
    }
  };
  const entry = await get(entryUrl);
  const uri = firstUri(entry.text);
  if (uri === undefined) throw new Error(`No variant: ${entry.text}`);
  const media = await get(new URL(uri, entry.url).href);
  const map = /^#EXT-X-MAP:URI="([^"]+)"/m.exec(media.text)?.[1];
  if (map === undefined) throw new Error(`No header: ${media.text}`);
  await get(new URL(map, media.url).href);
  return {
    cookies: cookiesOf(jar),
    playlistUrl: media.url,
    playlist: media.text,
  };
}

function cookiesOf(jar: ReadonlyMap<string, string>): string {
  return [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
}

function targetOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

/** @throws {Error} if the answer is not a file. */
function textOf({ status, head, body }: HttpAnswer, url: string): string {
  if (status === 200) return decoder.decode(body);
  throw new Error(`Cannot read ${url}: ${head}`);
}
