import { clip } from "#test/clips.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { writeCertificate } from "#test/certificates.ts";
import { freeTcpPort, freeUdpPortPair } from "#test/ports.ts";
import {
  type RunningProcess,
  runProcess,
  startProcess,
} from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import { valueOf } from "./check_frames.ts";
import { publishTo, waitUntilAvailable } from "./ffmpeg_peer.ts";

const READ_TIMEOUT_MS = 40_000;

/** Number of the last picture that is read, not that of the file: rtspclientsink does not always end with it. */
const LAST_PICTURE = 139;

/** A reader that joins late begins with a later group of pictures. */
const MAX_LATE_PICTURES = 60;

/** Publishers, by the name of their path. */
const PUBLISHERS = {
  ffmpeg: (servers: Servers, file: string) =>
    publishTo(servers.weir.rtspUrl("ffmpeg"), { way: "RTSP/TCP", file }),
  "srtp/udp": (servers: Servers, file: string) =>
    publishWithGstreamer(servers, "srtp/udp", file),
  "srtp/tcp": (servers: Servers, file: string) =>
    publishWithGstreamer(servers, "srtp/tcp", file),
} as const;

/** Readers: each answers the hashes of the decoded pictures up to that one. */
const READERS = {
  "rtspsrc, SRTP over UDP": (url: string, last: string) =>
    readWithGstreamer(url, "udp", last),
  "rtspsrc, SRTP over TCP": (url: string, last: string) =>
    readWithGstreamer(url, "tcp", last),
  "ffmpeg, RTP over TLS": (url: string, last: string) =>
    readUntil("ffmpeg", hashArgs(url), last),
} as const;

/** A server, and where it takes RTSPS. */
interface Servers {
  readonly weir: WeirProcess;
  readonly rtspsPort: number;
}

interopTest({
  name: "RTSPS carries SRTP from rtspclientsink and to rtspsrc",
  needs: ["ffmpeg", "gstreamer"],
  fn: async (t) => {
    const file = await clip("bframes_aac");
    const { stdout } = await runProcess("ffmpeg", hashArgs(file));
    const published = hashesIn(stdout).slice(0, LAST_PICTURE + 1);
    await using certificate = await writeCertificate();
    const rtspsPort = freeTcpPort();
    const srtpPort = freeUdpPortPair();
    await using weir = await startWeir({
      config: [
        "rtspEncryption: optional",
        `rtspsAddress: 127.0.0.1:${rtspsPort}`,
        `srtpAddress: 127.0.0.1:${srtpPort}`,
        `srtcpAddress: 127.0.0.1:${srtpPort + 1}`,
        `rtspServerKey: ${certificate.keyFile}`,
        `rtspServerCert: ${certificate.certificateFile}`,
      ].join("\n"),
    });
    await weir.waitForLog(/\[RTSPS\] started with listeners/);
    const servers = { weir, rtspsPort };
    await using publishers = new AsyncDisposableStack();
    for (const publish of Object.values(PUBLISHERS)) {
      publishers.use(publish(servers, file));
    }
    const pairs = Object.keys(PUBLISHERS).flatMap((path) =>
      Object.entries(READERS).map(([reader, read]) => ({ path, reader, read }))
    );
    const readings = await Promise.allSettled(pairs.map(async (pair) => {
      await waitUntilAvailable(weir, pair.path);
      const url = rtspsUrl(servers, pair.path);
      return await pair.read(url, published.at(-1)!);
    }));
    for (const [i, { path, reader }] of pairs.entries()) {
      await t.step(`${path} to ${reader}`, () => {
        const read = valueOf(readings[i]!);
        const first = published.indexOf(read[0]!);
        assertEquals(read, published.slice(first));
        assert(first <= MAX_LATE_PICTURES, `first picture is ${first}`);
      });
    }
    await t.step("nothing was rejected", () => {
      assertEquals(weir.log.filter((line) => line.includes("rejected")), []);
    });
  },
});

function rtspsUrl({ rtspsPort }: Servers, path: string): string {
  return `rtsps://127.0.0.1:${rtspsPort}/${path}`;
}

function publishWithGstreamer(
  servers: Servers,
  path: "srtp/udp" | "srtp/tcp",
  file: string,
): RunningProcess {
  return startProcess("gst-launch-1.0", [
    ...["filesrc", `location=${file}`, "!", "qtdemux", "!", "h264parse"],
    ...["!", "rtspclientsink", `location=${rtspsUrl(servers, path)}`],
    ...["profiles=savp", "tls-validation-flags=0"],
    `protocols=${path.slice("srtp/".length)}`,
  ]);
}

function readWithGstreamer(
  url: string,
  protocol: "udp" | "tcp",
  last: string,
): Promise<string[]> {
  const args = [
    ...["--quiet", "rtspsrc", `location=${url}`, `protocols=${protocol}`],
    ...["tls-validation-flags=0", "buffer-mode=none"],
    ..."! application/x-rtp,media=video ! rtph264depay ! h264parse".split(" "),
    ..."! avdec_h264 max-threads=1 ! video/x-raw,format=I420".split(" "),
    ..."! checksumsink hash=md5 async=false".split(" "),
  ];
  return readUntil("gst-launch-1.0", args, last);
}

function hashArgs(input: string): string[] {
  return [
    ..."-nostdin -hide_banner -loglevel error -i".split(" "),
    input,
    ..."-map 0:v -fps_mode passthrough -flush_packets 1 -f framemd5 -".split(
      " ",
    ),
  ];
}

/** Hashes that a program prints, up to the one that is wanted; then it is stopped. */
async function readUntil(
  program: string,
  args: readonly string[],
  last: string,
): Promise<string[]> {
  await using reader = startProcess(program, args);
  await reader.waitForLine(new RegExp(`${last}$`), READ_TIMEOUT_MS);
  const hashes = hashesIn(reader.stdout);
  return hashes.slice(0, hashes.indexOf(last) + 1);
}

function hashesIn(text: string): string[] {
  return [...text.matchAll(/ ([0-9a-f]{32})$/gm)].map(([, hash]) => hash!);
}
