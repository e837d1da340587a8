import { clip } from "#test/clips.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { type CertificateFiles, writeCertificate } from "#test/certificates.ts";
import {
  compareFrames,
  type FrameReading,
  readFrames,
} from "#test/framemd5.ts";
import { freeTcpPort, freeUdpPortPair } from "#test/ports.ts";
import { runProcess, startProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import {
  checkAudio,
  checkCodedVideo,
  checkPictures,
  checkSync,
  framesOf,
  valueOf,
} from "./check_frames.ts";
import {
  complaintsOf,
  mediaArgs,
  publishTo,
  readPath,
  STREAM,
  waitUntilAvailable,
} from "./ffmpeg_peer.ts";

const READ_TIMEOUT_MS = 40_000;

const MEDIA_ARGS = mediaArgs("h264");

/** What decoders still hold when the server ends the connection, which is an error to rtspsrc. */
const MAX_HELD_FRAMES = 8;

/** Pictures of what GStreamer publishes, all but the last: rtspclientsink does not always end with its file. */
const PUBLISHED_PICTURES = 140;

/** Schemes of sources, and the path that pulls with each. */
const SCHEMES = {
  "rtsp+http": "http",
  "rtsp+ws": "ws",
  "rtsps+http": "https",
  "rtsps+ws": "wss",
} as const;
type Scheme = keyof typeof SCHEMES;

/** A server that speaks RTSP and RTSPS. */
interface Origin extends AsyncDisposable {
  readonly weir: WeirProcess;
  readonly rtspsPort: number;
  readonly certificate: CertificateFiles;
  /** Address of a path, plain or with TLS, in the words of a program. */
  url(scheme: string, isEncrypted: boolean, path: string): string;
}

async function startOrigin(): Promise<Origin> {
  await using opened = new AsyncDisposableStack();
  const certificate = opened.use(await writeCertificate());
  const rtspsPort = freeTcpPort();
  const srtpPort = freeUdpPortPair();
  const weir = opened.use(
    await startWeir({
      config: [
        "rtspEncryption: optional",
        `rtspsAddress: 127.0.0.1:${rtspsPort}`,
        `srtpAddress: 127.0.0.1:${srtpPort}`,
        `srtcpAddress: 127.0.0.1:${srtpPort + 1}`,
        `rtspServerKey: ${certificate.keyFile}`,
        `rtspServerCert: ${certificate.certificateFile}`,
      ].join("\n"),
    }),
  );
  await weir.waitForLog(/\[RTSPS\] started with listeners/);
  const owned = opened.move();
  return {
    weir,
    rtspsPort,
    certificate,
    url: (scheme, isEncrypted, path) =>
      `${scheme}://127.0.0.1:${
        isEncrypted ? rtspsPort : weir.rtspPort
      }/${path}`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A server that pulls a path of the origin through every tunnel. */
function startPuller({ url, certificate }: Origin): Promise<WeirProcess> {
  const paths = Object.entries(SCHEMES).map(([scheme, path]) => {
    const isEncrypted = scheme.startsWith("rtsps");
    return [
      `  ${path}:`,
      `    source: ${url(scheme, isEncrypted, "cam")}`,
      ...isEncrypted
        ? [`    sourceFingerprint: ${certificate.fingerprint}`]
        : [],
    ].join("\n");
  });
  return startWeir({ config: `paths:\n${paths.join("\n")}\n` });
}

/** ffmpeg's word for a tunnel, and whether it is encrypted. */
const FFMPEG_TRANSPORTS = [["http", false], ["https", true]] as const;

const GSTREAMER_SCHEMES = [["rtsph", false], ["rtspsh", true]] as const;

interopTest({
  name: "RTSP travels through HTTP and WebSocket tunnels, plain and encrypted",
  needs: ["ffmpeg", "gstreamer"],
  fn: async (t) => {
    const file = await clip("bframes_aac");
    const { frames: published } = await readFrames(file, {
      outputArgs: MEDIA_ARGS,
    });
    const pictures = await hashesOf(file);
    await using origin = await startOrigin();
    await using _publisher = publishTo(origin.weir.rtspUrl("cam"), {
      way: "RTSP/TCP",
      file,
    });
    await waitUntilAvailable(origin.weir, "cam");
    await using puller = await startPuller(origin);
    const schemes = Object.keys(SCHEMES) as Scheme[];
    const pulls = Promise.allSettled(
      schemes.map(async (scheme) => {
        const path = SCHEMES[scheme];
        await waitUntilAvailable(puller, path);
        const options = { path, outputArgs: MEDIA_ARGS };
        return await readPath(puller, { way: "RTSP/TCP", ...options });
      }),
    );
    const ffmpegReads = Promise.allSettled(
      FFMPEG_TRANSPORTS.map(([transport, isEncrypted]) =>
        readFrames(origin.url("rtsp", isEncrypted, "cam"), {
          inputArgs: ["-rtsp_transport", transport],
          outputArgs: MEDIA_ARGS,
        })
      ),
    );
    const gstreamerReads = Promise.allSettled(
      GSTREAMER_SCHEMES.map(([scheme, isEncrypted]) =>
        readWithGstreamer(origin.url(scheme, isEncrypted, "cam"))
      ),
    );
    const check = (reading: FrameReading) => {
      assertEquals(complaintsOf(reading), [], "messages of the reader");
      const comparison = {
        publishWay: "RTSP/TCP" as const,
        readWay: "RTSP/TCP" as const,
        published,
        read: reading.frames,
      };
      const run = checkPictures(comparison);
      checkCodedVideo(comparison);
      checkSync(run, checkAudio({ ...comparison, codec: "aac" }));
    };
    for (const [i, outcome] of (await pulls).entries()) {
      await t.step(`weir pulls ${schemes[i]}`, () => check(valueOf(outcome)));
    }
    for (const [i, outcome] of (await ffmpegReads).entries()) {
      const [transport] = FFMPEG_TRANSPORTS[i]!;
      await t.step(`ffmpeg reads over ${transport}`, () => {
        check(valueOf(outcome));
      });
    }
    for (const [i, outcome] of (await gstreamerReads).entries()) {
      await t.step(`rtspsrc reads ${GSTREAMER_SCHEMES[i]![0]}`, () => {
        const read = valueOf(outcome);
        assertEquals(read, pictures.slice(0, read.length));
        const held = pictures.length - read.length;
        assert(held <= MAX_HELD_FRAMES, `the last ${held} are missing`);
      });
    }
    await t.step("each tunnel was one", () => {
      const opened = origin.weir.log.filter((line) =>
        line.includes("] opened, tunnel ")
      );
      assertEquals(opened.length, schemes.length + 4);
    });
  },
});

interopTest({
  name: "rtspclientsink publishes through HTTP tunnels: every picture arrives",
  needs: ["ffmpeg", "gstreamer"],
  fn: async (t) => {
    const file = await clip("bframes_aac");
    const { frames: published } = await readFrames(file, {
      outputArgs: MEDIA_ARGS,
    });
    await using origin = await startOrigin();
    await using publishers = new AsyncDisposableStack();
    for (const [scheme, isEncrypted] of GSTREAMER_SCHEMES) {
      const url = origin.url(scheme, isEncrypted, scheme);
      publishers.use(startProcess("gst-launch-1.0", [
        ...["filesrc", `location=${file}`, "!", "qtdemux", "!", "h264parse"],
        ...["!", "rtspclientsink", `location=${url}`, "tls-validation-flags=0"],
      ]));
    }
    const outcomes = await Promise.allSettled(
      GSTREAMER_SCHEMES.map(async ([path]) => {
        await waitUntilAvailable(origin.weir, path);
        return await readPath(origin.weir, {
          way: "RTSP/TCP",
          path,
          outputArgs: [
            ..."-map 0:v -c:v rawvideo -enc_time_base:v -1".split(" "),
            ...["-frames:v", `${PUBLISHED_PICTURES}`],
          ],
        });
      }),
    );
    for (const [i, outcome] of outcomes.entries()) {
      await t.step(`${GSTREAMER_SCHEMES[i]![0]} to ffmpeg`, () => {
        const { frames: read } = valueOf(outcome);
        const run = compareFrames(published, read, {
          publishedStream: STREAM.pictures,
          toleranceMs: Infinity,
        });
        assertEquals([run.firstFrame, run.frames], [0, PUBLISHED_PICTURES]);
        assertEquals(framesOf(read, 0).length, PUBLISHED_PICTURES);
      });
    }
  },
});

interopTest({
  name: "a WebSocket of the runtime speaks RTSP and is told when it errs",
  needs: [],
  fn: async () => {
    await using weir = await startWeir();
    const url = `ws://127.0.0.1:${weir.rtspPort}/`;
    const socket = new WebSocket(url, ["rtsp.onvif.org"]);
    socket.binaryType = "arraybuffer";
    const closed = new Promise<CloseEvent>((resolve) =>
      socket.onclose = resolve
    );
    await new Promise((resolve) => socket.onopen = resolve);
    assertEquals(socket.protocol, "rtsp.onvif.org");
    const answered = new Promise<MessageEvent>((resolve) =>
      socket.onmessage = resolve
    );
    const request = "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n";
    socket.send(new TextEncoder().encode(request));
    const answer = new TextDecoder().decode((await answered).data);
    assert(answer.startsWith("RTSP/1.0 200 OK\r\n"), answer);
    socket.send("text");
    const { code, wasClean } = await closed;
    assertEquals([code, wasClean], [1_003, true]);
    await weir.waitForLog(/closed: .* must be binary, found text/);
  },
});

/** Hashes of the decoded pictures. */
async function readWithGstreamer(url: string): Promise<string[]> {
  const { stdout, stderr } = await runProcess("gst-launch-1.0", [
    ...["--quiet", "rtspsrc", "name=in", `location=${url}`],
    ..."tls-validation-flags=0 buffer-mode=none".split(" "),
    ..."in. ! application/x-rtp,media=audio ! fakesink async=false".split(" "),
    ..."in. ! application/x-rtp,media=video".split(" "),
    ..."! rtph264depay ! h264parse ! avdec_h264 max-threads=1".split(" "),
    ..."! video/x-raw,format=I420 ! checksumsink hash=md5 async=false"
      .split(" "),
  ], { timeoutMs: READ_TIMEOUT_MS });
  const hashes = [...stdout.matchAll(/ ([0-9a-f]{32})$/gm)];
  assert(hashes.length > 0, `GStreamer says:\n${stderr}`);
  return hashes.map(([, hash]) => hash!);
}

/** Hashes of the decoded pictures of a file. */
async function hashesOf(file: string): Promise<string[]> {
  const { frames } = await readFrames(file, {
    outputArgs: "-map 0:v -c:v rawvideo".split(" "),
  });
  return frames.map(({ hash }) => hash);
}
