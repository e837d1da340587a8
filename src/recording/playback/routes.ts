import type { Context, Hono } from "hono";
import { ChunkIndex } from "./chunk_index.ts";
import { chunkHeader, chunkParts } from "./chunk_output.ts";
import { type Chunks, ChunkStreams } from "./chunk_streams.ts";
import { fragmentedFile } from "./fragmented_output.ts";
import {
  nothingFound,
  orBadRequest,
  PathRecordings,
  type PlaybackParts,
} from "./path_recordings.ts";
import {
  choiceParameter,
  countParameter,
  durationParameter,
  neededTime,
  timeParameter,
} from "./query.ts";
import { describeSegment } from "./recorded_segment.ts";
import { recordedPlaylist } from "./recorded_playlist.ts";
import { recordingsIn } from "./segment_range.ts";
import { addRecordingsPage } from "./web/recordings_page.ts";
import { wholeFile } from "./whole_output.ts";
import type { Logger } from "#base/log.ts";
import { wallTimeText } from "#base/wall_time.ts";
import { HttpError } from "#http/http_error.ts";
import type { HttpEnv } from "#http/http_service.ts";
import { jsonResponse } from "#http/json.ts";
import { notFoundResponse } from "#http/not_found.ts";

const US_PER_SECOND = 1_000_000;

/**
 * Files without fragments whose samples are counted at the same time: that takes seconds for hours of recording. So many
 * may be on this machine, and so many more in a bucket, whose server may be slow.
 */
const MAX_PREPARING = 8;

type RouteContext = Context<HttpEnv>;

/** What the playback server answers. */
export class PlaybackRoutes implements AsyncDisposable {
  #logger: Logger;
  #recordings: PathRecordings;
  #streams: ChunkStreams;
  #index = new ChunkIndex();
  #preparing = { here: 0, remote: 0 };

  /** Holds no resources before the first request. */
  constructor(parts: PlaybackParts) {
    this.#logger = parts.ports.logger;
    this.#recordings = new PathRecordings(parts);
    this.#streams = new ChunkStreams(this.#logger);
  }

  /** Adds them to a service that lets its routes ask for permission. */
  addTo(app: Hono<HttpEnv>): void {
    addRecordingsPage(app);
    app.get("/list", (context) => this.#list(context));
    app.get("/get", (context) => this.#get(context));
    app.get(
      "/paths",
      async (context) =>
        jsonResponse(await this.#recordings.playablePaths(context)),
    );
    app.get("/hls/:file{.+/.+}", (context) => this.#hls(context));
  }

  /** Ends the answers that are under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#streams[Symbol.asyncDispose]();
  }

  async #list(context: RouteContext): Promise<Response> {
    const { searchParams, host } = new URL(context.req.url);
    const pathName = searchParams.get("path") ?? "";
    await this.#recordings.authorize(context, pathName);
    const range = rangeOf(searchParams);
    const segments = await this.#recordings.segments(pathName, range, 500);
    const recordings = recordingsIn(segments, range);
    if (recordings.length === 0) throw nothingFound();
    const origin = `${context.var.scheme}://${host}`;
    return jsonResponse(recordings.map(({ startUs, endUs }) => {
      const start = wallTimeText(startUs);
      const duration = (endUs - startUs) / US_PER_SECOND;
      const query = new URLSearchParams({
        duration: String(duration),
        path: pathName,
        start,
      });
      return { start, duration, url: `${origin}/get?${query}` };
    }));
  }

  async #get(context: RouteContext): Promise<Response> {
    const { searchParams } = new URL(context.req.url);
    const pathName = searchParams.get("path") ?? "";
    await this.#recordings.authorize(context, pathName);
    const startUs = neededTime(searchParams, "start");
    const durationUs = durationParameter(searchParams);
    const format = choiceParameter(searchParams, "format", ["fmp4", "mp4"]);
    const gaps = choiceParameter(searchParams, "gaps", ["stop", "skip"]);
    const range = { startUs, endUs: startUs + durationUs };
    const segments = await this.#recordings.segments(pathName, range);
    const span = {
      ...{ segments, startUs, durationUs },
      skipsGaps: gaps === "skip",
      logger: this.#logger,
    };
    if (format === "fmp4") {
      return await this.#answer(context, fragmentedFile(span));
    }
    const where = segments.some(({ isRemote }) => isRemote) ? "remote" : "here";
    if (this.#preparing[where] === MAX_PREPARING) {
      throw new HttpError(
        503,
        `Cannot prepare more than ${MAX_PREPARING} MP4 files at the same time: try again later, or with format=fmp4`,
      );
    }
    this.#preparing[where]++;
    try {
      return await this.#answer(context, wholeFile(span));
    } finally {
      this.#preparing[where]--;
    }
  }

  async #hls(context: RouteContext): Promise<Response> {
    const file = context.req.param("file")!;
    const nameAt = file.lastIndexOf("/");
    const pathName = file.slice(0, nameAt);
    const { searchParams } = new URL(context.req.url);
    await this.#recordings.authorize(context, pathName);
    switch (file.slice(nameAt + 1)) {
      case "index.m3u8":
        return await this.#playlist(pathName, searchParams);
      case "init.mp4": {
        const startUs = countParameter(searchParams, "file");
        const segment = this.#recordings.file(pathName, startUs);
        return await this.#answer(context, chunkHeader(segment));
      }
      case "chunk.mp4":
        return await this.#chunk(context, pathName);
      default:
        return notFoundResponse();
    }
  }

  async #playlist(
    pathName: string,
    searchParams: URLSearchParams,
  ): Promise<Response> {
    const range = rangeOf(searchParams);
    const segments = await this.#recordings.segments(pathName, range);
    const query = new URLSearchParams(searchParams);
    for (const own of ["start", "end"]) query.delete(own);
    const request = { segments, range, query };
    const playlist = await orBadRequest(
      this.#logger,
      () => recordedPlaylist(request, this.#index),
    );
    const headers = { "Content-Type": "application/vnd.apple.mpegurl" };
    return new Response(playlist, { headers });
  }

  async #chunk(context: RouteContext, pathName: string): Promise<Response> {
    const { searchParams } = new URL(context.req.url);
    const offsetUs = countParameter(searchParams, "offset");
    const number = countParameter(searchParams, "chunk");
    const startUs = countParameter(searchParams, "file");
    const file = this.#recordings.file(pathName, startUs);
    const chunks = await orBadRequest(
      this.#logger,
      async () => await this.#index.chunksOf(await describeSegment(file)),
    );
    const chunk = chunks[number];
    if (chunk === undefined) throw nothingFound();
    const parts = chunkParts({
      ...{ file, chunk, offsetUs },
      isFirst: number === 0,
      isLast: number === chunks.length - 1,
    });
    return await this.#answer(context, parts);
  }

  /** @throws {HttpError} 404 if there is nothing, 400 if it cannot be made. */
  async #answer(context: RouteContext, chunks: Chunks): Promise<Response> {
    const body = await orBadRequest(
      this.#logger,
      () => this.#streams.begin(chunks),
    );
    if (body === undefined) throw nothingFound();
    const headers = { "Content-Type": "video/mp4", "Accept-Ranges": "none" };
    if (context.req.raw.method !== "HEAD") {
      return new Response(body, { headers });
    }
    await body.cancel();
    return new Response(null, { headers });
  }
}

function rangeOf(searchParams: URLSearchParams) {
  return {
    startUs: timeParameter(searchParams, "start"),
    endUs: timeParameter(searchParams, "end"),
  };
}
