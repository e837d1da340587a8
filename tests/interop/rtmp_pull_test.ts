import { clip } from "#test/clips.ts";
import { writeCertificate } from "#test/certificates.ts";
import { readFrames } from "#test/framemd5.ts";
import { freeTcpPort } from "#test/ports.ts";
import { interopTest, type ProgramName } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { assertEquals } from "#test/assert.ts";
import {
  checkAudio,
  checkCodedVideo,
  checkPictures,
  checkSync,
  valueOf,
} from "./check_frames.ts";
import {
  complaintsOf,
  mediaArgs,
  publishTo,
  readPath,
  waitUntilAvailable,
  WAYS,
} from "./ffmpeg_peer.ts";
import { startNginx, startNodeMediaServer } from "./rtmp_servers.ts";

const MEDIA_ARGS = mediaArgs("h264");

/** A silent origin is given up after this. */
const READ_TIMEOUT = "readTimeout: 3s\n";

/** A server that streams are pulled from. */
interface Origin extends AsyncDisposable {
  /** Where the stream is published. */
  readonly publishUrl: string;
  /** Where it is pulled. */
  readonly url: string;
  /** Further keys of the path that pulls. */
  readonly pathKeys: string;
  /** Waits until the stream can be pulled. */
  published(): Promise<unknown>;
  /** Waits until the puller waits for a stream that is not there yet. */
  pulled(): Promise<unknown>;
}

interface OriginKind {
  readonly name: string;
  readonly needs: readonly ProgramName[];
  /** It keeps no group of pictures: who pulls must be there before the publisher. */
  readonly isWaitedFor: boolean;
  /** What the log says of the end of the stream. */
  readonly end: RegExp;
  readonly start: () => Promise<Origin>;
}

async function weirOrigin(
  config = "",
  pulled: Partial<Origin> = {},
): Promise<Origin> {
  const weir = await startWeir({ config });
  const publishUrl = weir.rtmpUrl("live/cam");
  return {
    publishUrl,
    url: publishUrl,
    pathKeys: "",
    published: () => waitUntilAvailable(weir, "live/cam"),
    pulled: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => weir[Symbol.asyncDispose](),
    ...pulled,
  };
}

const ENDED = /\[RTMP source\] the origin has ended the stream/;

const ORIGINS: readonly OriginKind[] = [
  {
    name: "weir",
    needs: ["ffmpeg"],
    isWaitedFor: false,
    end: ENDED,
    start: () => weirOrigin(),
  },
  {
    name: "weir over RTMPS",
    needs: ["ffmpeg"],
    isWaitedFor: false,
    end: ENDED,
    start: async () => {
      await using opened = new AsyncDisposableStack();
      const files = opened.use(await writeCertificate());
      const port = freeTcpPort();
      const config = [
        "rtmpEncryption: optional",
        `rtmpsAddress: 127.0.0.1:${port}`,
        `rtmpServerKey: ${files.keyFile}`,
        `rtmpServerCert: ${files.certificateFile}`,
        "",
      ].join("\n");
      const origin = opened.use(
        await weirOrigin(config, {
          url: `rtmps://127.0.0.1:${port}/live/cam`,
          pathKeys: `sourceFingerprint: ${files.fingerprint}`,
        }),
      );
      const owned = opened.move();
      return { ...origin, [Symbol.asyncDispose]: () => owned.disposeAsync() };
    },
  },
  {
    name: "nginx-rtmp",
    needs: ["ffmpeg", "nginxRtmp"],
    isWaitedFor: true,
    end: ENDED,
    start: async () => {
      const nginx = await startNginx();
      const url = nginx.url("live/cam");
      return {
        publishUrl: url,
        url,
        pathKeys: "",
        published: () => Promise.resolve(),
        pulled: () => nginx.process.waitForLine(/ play: name='cam'/),
        [Symbol.asyncDispose]: () => nginx[Symbol.asyncDispose](),
      };
    },
  },
  {
    name: "node-media-server",
    needs: ["ffmpeg"],
    isWaitedFor: false,
    end: /\[RTMP source\] .*no media came within 3 s/,
    start: async () => {
      const server = await startNodeMediaServer();
      const url = server.url("live/cam");
      return {
        publishUrl: url,
        url,
        pathKeys: "",
        published: () => server.process.waitForLine(/^published \/live\/cam/),
        pulled: () => Promise.resolve(),
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      };
    },
  },
];

function startPuller({ url, pathKeys }: Origin): Promise<WeirProcess> {
  const path = [`source: ${url}`, pathKeys].filter((line) => line !== "");
  return startWeir({
    config: `${READ_TIMEOUT}paths:\n  pulled:\n    ${path.join("\n    ")}\n`,
  });
}

for (const { name, needs, isWaitedFor, end, start } of ORIGINS) {
  interopTest({
    name:
      `a path pulls a stream from ${name}: everybody reads all of it, in sync`,
    needs,
    fn: async (t) => {
      const file = await clip("bframes_aac");
      const { frames: published } = await readFrames(file, {
        outputArgs: MEDIA_ARGS,
      });
      await using origin = await start();
      await using opened = new AsyncDisposableStack();
      const publish = () =>
        void opened.use(publishTo(origin.publishUrl, { way: "RTMP", file }));
      if (!isWaitedFor) {
        publish();
        await origin.published();
      }
      await using weir = await startPuller(origin);
      if (isWaitedFor) {
        await origin.pulled();
        publish();
      }
      await waitUntilAvailable(weir, "pulled");
      const outcomes = await Promise.allSettled(
        WAYS.map((way) =>
          readPath(weir, { way, path: "pulled", outputArgs: MEDIA_ARGS })
        ),
      );
      for (const [i, readWay] of WAYS.entries()) {
        await t.step(`${name} to ${readWay}`, () => {
          const reading = valueOf(outcomes[i]!);
          assertEquals(complaintsOf(reading), [], "messages of the reader");
          const comparison = {
            publishWay: "RTMP" as const,
            readWay,
            published,
            read: reading.frames,
          };
          const pictures = checkPictures(comparison);
          checkCodedVideo(comparison);
          const audio = checkAudio({ ...comparison, codec: "aac" });
          checkSync(pictures, audio);
        });
      }
      await weir.waitForLog(end);
    },
  });
}
