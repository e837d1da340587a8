import { assert, assertEquals } from "#test/assert.ts";
import { writeCertificate } from "#test/certificates.ts";
import { clip } from "#test/clips.ts";
import {
  type FrameHash,
  type FrameReading,
  readFrames,
} from "#test/framemd5.ts";
import { networkPairTest, openNetworkPair } from "#test/network_pair.ts";
import { freeTcpPort, freeUdpPortPair } from "#test/ports.ts";
import { startProcess } from "#test/processes.ts";
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
  startPublisher,
  STREAM,
  waitUntilAvailable,
} from "./ffmpeg_peer.ts";

const MEDIA_ARGS = mediaArgs("h264");

const PATH = "live";

/** Number of the first picture of the last group: what a late reader can decode begins there. */
const LAST_GROUP = 100;

/** Number of the last picture that GStreamer is waited for: it ends with an error, and what it holds is lost. */
const LAST_OF_GSTREAMER = 139;

const READ_TIMEOUT_MS = 40_000;

/** Beginnings of the paths of the server behind the origin, and the origin's server that they pull from. */
const HOPS = [
  { path: "plain", server: "RTSP" },
  { path: "secure", server: "RTSPS" },
] as const;

interopTest({
  name: "Multicast on the loopback interface, from server to server",
  needs: ["ffmpeg", "gstreamer"],
  fn: async (t) => {
    const file = await clip("bframes_aac");
    const { frames: published } = await readFrames(file, {
      outputArgs: MEDIA_ARGS,
    });
    await using certificate = await writeCertificate();
    const rtspsPort = freeTcpPort();
    const [port, securePort] = [freeUdpPortPair(), freeUdpPortPair()];
    await using origin = await startWeir({
      config: [
        "rtspEncryption: optional",
        "rtspTransports: [multicast, tcp]",
        `rtspsAddress: 127.0.0.1:${rtspsPort}`,
        `rtspServerKey: ${certificate.keyFile}`,
        `rtspServerCert: ${certificate.certificateFile}`,
        `multicastRTPPort: ${port}`,
        `multicastRTCPPort: ${port + 1}`,
        `multicastSRTPPort: ${securePort}`,
        `multicastSRTCPPort: ${securePort + 1}`,
      ].join("\n"),
    });
    const common = "sourceOnDemand: yes, rtspTransport: multicast";
    await using hop = await startWeir({
      config: `
paths:
  "~^plain/(.+)$": {source: "${origin.rtspUrl("$G1")}", ${common}}
  "~^secure/(.+)$":
    {source: "rtsps://127.0.0.1:${rtspsPort}/$G1", ${common}, sourceFingerprint: ${certificate.fingerprint}}
`,
    });
    await using _publisher = startPublisher(origin, {
      way: "RTSP/TCP",
      path: PATH,
      file,
    });
    await waitUntilAvailable(origin, PATH);
    const first = HOPS.map(({ path }) =>
      readPath(hop, {
        way: "RTSP/TCP",
        path: `${path}/${PATH}`,
        outputArgs: MEDIA_ARGS,
      })
    );
    for (const { server } of HOPS) {
      await origin.waitForLog(
        new RegExp(
          `\\[${server}\\] .* is reading .* with UDP-multicast, 2 tracks`,
        ),
      );
    }
    const sent = {
      coded: hashesOf(published, STREAM.codedVideo),
      pictures: hashesOf(published, STREAM.pictures),
    };
    const canFfmpeg = await canJoinAnywhere();
    const [ofFfmpeg, ofGstreamer, ...readings] = await Promise.allSettled([
      canFfmpeg ? readLate(origin) : [],
      readWithGstreamer(origin, sent.pictures[LAST_OF_GSTREAMER]!),
      ...first,
    ]);
    for (const [i, { path }] of HOPS.entries()) {
      await t.step(`${path}: the first reader gets everything`, () => {
        checkEverything(published, valueOf(readings[i]!));
      });
    }
    await t.step({
      name: "ffmpeg, which is late, gets all that follows",
      ignore: !canFfmpeg,
      fn: () => assertEquals(valueOf(ofFfmpeg), sent.coded.slice(LAST_GROUP)),
    });
    await t.step("GStreamer, which is late, gets all that follows", () => {
      const wanted = sent.pictures.slice(LAST_GROUP, LAST_OF_GSTREAMER + 1);
      assertEquals(valueOf(ofGstreamer).slice(-wanted.length), wanted);
    });
    for (const server of [origin, hop]) {
      const faults = server.log.filter((line) => / (WRN|ERR) /.test(line));
      // The end of the origin's publisher is the end of its connections.
      assert(
        faults.every((line) => line.includes("has closed the connection")),
        faults.join("\n"),
      );
    }
  },
});

networkPairTest({
  name: "Multicast reaches players on another host",
  needs: ["ffmpeg"],
  fn: async () => {
    const file = await clip("bframes_aac");
    const { frames: published } = await readFrames(file, {
      outputArgs: MEDIA_ARGS,
    });
    await using pair = await openNetworkPair();
    const rtspPort = freeTcpPort();
    const port = freeUdpPortPair();
    await using weir = await startWeir({
      config: [
        `rtspAddress: ${pair.far.ip}:${rtspPort}`,
        `multicastRTPPort: ${port}`,
        `multicastRTCPPort: ${port + 1}`,
      ].join("\n"),
      runner: pair.far.runner,
    });
    const url = `rtsp://${pair.far.ip}:${rtspPort}/${PATH}`;
    await using _publisher = publishTo(url, {
      way: "RTSP/TCP",
      file,
      runner: pair.far.runner,
    });
    await waitUntilAvailable(weir, PATH);
    const reading = await readFrames(url, {
      runner: pair.near.runner,
      inputArgs: ["-rtsp_transport", "udp_multicast"],
      outputArgs: MEDIA_ARGS,
    });
    checkEverything(published, reading);
  },
});

function checkEverything(
  published: readonly FrameHash[],
  reading: FrameReading,
): void {
  assertEquals(complaintsOf(reading), [], "messages of the reader");
  const ways = { publishWay: "RTSP/TCP", readWay: "RTSP/TCP" } as const;
  const comparison = { ...ways, published, read: reading.frames };
  const pictures = checkPictures(comparison);
  checkCodedVideo(comparison);
  checkSync(pictures, checkAudio({ ...comparison, codec: "aac" }));
}

/** Hashes of the coded video from the first key frame on. */
async function readLate(origin: WeirProcess): Promise<string[]> {
  const { frames } = await readFrames(origin.rtspUrl(PATH), {
    inputArgs: ["-rtsp_transport", "udp_multicast"],
    outputArgs:
      `-map 0:v -c copy -bsf:v h264_mp4toannexb,filter_units=remove_types=7-9`
        .split(" "),
  });
  return hashesOf(frames, 0);
}

function hashesOf(frames: readonly FrameHash[], stream: number): string[] {
  return framesOf(frames, stream).map(({ hash }) => hash);
}

/** Hashes of the pictures up to the last one. */
async function readWithGstreamer(
  origin: WeirProcess,
  last: string,
): Promise<string[]> {
  await using reader = startProcess("gst-launch-1.0", [
    ...["--quiet", "rtspsrc", `location=${origin.rtspUrl(PATH)}`],
    ...["protocols=udp-mcast", "multicast-iface=lo"],
    ..."! application/x-rtp,media=video ! rtph264depay ! h264parse".split(" "),
    ..."! avdec_h264 max-threads=1 ! video/x-raw,format=I420".split(" "),
    ..."! checksumsink hash=md5 async=false sync=false".split(" "),
  ]);
  await reader.waitForLine(new RegExp(`${last}$`), READ_TIMEOUT_MS);
  const hashes = [...reader.stdout.matchAll(/ ([0-9a-f]{32})$/gm)]
    .map(([, hash]) => hash!);
  return hashes.slice(0, hashes.indexOf(last) + 1);
}

/** Whether programs that leave the interface to the system can join groups: that takes a route. */
async function canJoinAnywhere(): Promise<boolean> {
  const socket = Deno.listenDatagram({
    transport: "udp",
    hostname: "0.0.0.0",
    port: 0,
  });
  try {
    await socket.joinMulticastV4("233.252.0.1", "0.0.0.0");
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}
