import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "#test/assert.ts";
import { writeCertificate } from "#test/certificates.ts";
import { clip } from "#test/clips.ts";
import { compareFrames, type FrameHash, readFrames } from "#test/framemd5.ts";
import {
  type NetworkHost,
  networkPairTest,
  openNetworkPair,
} from "#test/network_pair.ts";
import { freeTcpPort, freeUdpPortPair } from "#test/ports.ts";
import { type RunningProcess, startProcess } from "#test/processes.ts";
import { interopTest, PYTHON } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { framesOf, valueOf } from "./check_frames.ts";
import { mediaArgs, readPath, STREAM } from "./ffmpeg_peer.ts";

const MEDIA_ARGS = mediaArgs("h264");

/** The server's first sender reports come seconds after its media: until then each track stands where it has arrived. */
const TOLERANCE_MS = 60;

/** Sound that the server does not send: the encoder's delay at the beginning, and a frame at the end. */
const UNSENT_FRAMES = { first: 1, last: 1 };

/** At the end of the file the server keeps the session and falls silent. */
const READ_TIMEOUT = "readTimeout: 2s";

const SERVER = fileURLToPath(
  new URL("../helpers/peers/gstreamer_rtsp_server.py", import.meta.url),
);

/** Ways to pull. */
const PULLS = [
  { scheme: "rtsp", path: "avp", transport: "udp" },
  { scheme: "rtsp", path: "avp", transport: "tcp" },
  { scheme: "rtsp", path: "avp", transport: "automatic" },
  { scheme: "rtsps", path: "avp", transport: "automatic" },
  { scheme: "rtsps", path: "savp", transport: "automatic" },
  { scheme: "rtsps", path: "savp", transport: "tcp" },
] as const;

interopTest({
  name: "GStreamer's RTSP server is pulled from: the reader gets everything",
  needs: ["ffmpeg", "gstreamer", "gstreamerServer"],
  fn: async (t) => {
    const file = await clip("bframes_aac");
    const { frames: published } = await readFrames(file, {
      outputArgs: MEDIA_ARGS,
    });
    await using certificate = await writeCertificate();
    const ports = { rtsp: freeTcpPort(), rtsps: freeTcpPort() };
    const { keyFile, certificateFile, fingerprint } = certificate;
    await using _server = await startServer({
      file,
      host: { ip: "127.0.0.1", interfaceName: "lo", runner: [] },
      port: ports.rtsp,
      secure: [`${ports.rtsps}`, keyFile, certificateFile],
    });
    const paths = PULLS.map(({ scheme, path, transport }, i) => {
      const source = `${scheme}://127.0.0.1:${ports[scheme]}/${path}`;
      return `  pull${i}: {source: "${source}", rtspTransport: ${transport}}`;
    });
    await using weir = await startWeir({
      config: [
        READ_TIMEOUT,
        `pathDefaults: {sourceOnDemand: yes, sourceFingerprint: ${fingerprint}}`,
        "paths:",
        ...paths,
      ].join("\n"),
    });
    const readings = await Promise.allSettled(
      PULLS.map((_, i) =>
        readPath(weir, {
          way: "RTSP/TCP",
          path: `pull${i}`,
          outputArgs: MEDIA_ARGS,
        })
      ),
    );
    for (const [i, { scheme, path, transport }] of PULLS.entries()) {
      await t.step(`${scheme}, /${path}, ${transport}`, () => {
        checkMedia(published, valueOf(readings[i]!).frames);
      });
    }
    checkLog(weir);
  },
});

networkPairTest({
  // Its sockets let nobody else of the same host receive.
  name: "GStreamer's RTSP server sends multicast to another host",
  needs: ["ffmpeg", "gstreamer", "gstreamerServer"],
  fn: async () => {
    const file = await clip("bframes_aac");
    const { frames: published } = await readFrames(file, {
      outputArgs: MEDIA_ARGS,
    });
    await using pair = await openNetworkPair();
    const port = freeTcpPort();
    await using _server = await startServer({ file, host: pair.far, port });
    const source = `rtsp://${pair.far.ip}:${port}/avp`;
    await using weir = await startWeir({
      config: [
        READ_TIMEOUT,
        "paths:",
        `  pull: {source: "${source}", sourceOnDemand: yes, rtspTransport: multicast}`,
      ].join("\n"),
      runner: pair.near.runner,
    });
    const { frames } = await readFrames(weir.rtspUrl("pull"), {
      runner: pair.near.runner,
      inputArgs: ["-rtsp_transport", "tcp"],
      outputArgs: MEDIA_ARGS,
    });
    checkMedia(published, frames);
    checkLog(weir);
  },
});

/** What the server is started with. */
interface ServerOptions {
  readonly file: string;
  readonly host: NetworkHost;
  readonly port: number;
  /** Port, key and certificate of RTSPS. */
  readonly secure?: readonly string[];
}

async function startServer(options: ServerOptions): Promise<RunningProcess> {
  const { file, host, port, secure = [] } = options;
  const [program, ...args] = [
    ...[...host.runner, PYTHON, SERVER, file, host.ip, `${port}`],
    ...[host.interfaceName, `${freeUdpPortPair()}`, ...secure],
  ];
  const process = startProcess(program!, args);
  await process.waitForLine(/^listening$/);
  return process;
}

/** Checks that everything that the server sends has come. */
function checkMedia(
  published: readonly FrameHash[],
  read: readonly FrameHash[],
): void {
  const compare = (stream: number) =>
    compareFrames(published, read, {
      publishedStream: stream,
      readStream: stream,
      toleranceMs: TOLERANCE_MS,
    });
  const hashes = (frames: readonly FrameHash[]) =>
    framesOf(frames, STREAM.codedVideo).map(({ hash }) => hash);
  assertEquals(hashes(read), hashes(published));
  const pictures = compare(STREAM.pictures);
  assertEquals(
    [pictures.firstFrame, pictures.frames],
    [0, framesOf(published, STREAM.pictures).length],
  );
  const audio = compare(STREAM.codedAudio);
  const { first, last } = UNSENT_FRAMES;
  const audioCount = framesOf(published, STREAM.codedAudio).length;
  assert(audio.firstFrame <= first, `sound begins with ${audio.firstFrame}`);
  const end = audio.firstFrame + audio.frames;
  assert(end >= audioCount - last, `sound ends with ${end} of ${audioCount}`);
  const errorMs = Math.abs(audio.shiftMs - pictures.shiftMs);
  assert(errorMs <= TOLERANCE_MS, `sound is moved by ${errorMs} ms`);
}

function checkLog(weir: WeirProcess): void {
  const faults = weir.log.filter((line) =>
    / (WRN|ERR) /.test(line) && !line.includes("no media came for 2 s")
  );
  assertEquals(faults, []);
}
