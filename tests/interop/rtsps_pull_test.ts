import { assert, assertEquals } from "#test/assert.ts";
import { writeCertificate } from "#test/certificates.ts";
import { clip } from "#test/clips.ts";
import { readFrames } from "#test/framemd5.ts";
import { freeTcpPort, freeUdpPortPair } from "#test/ports.ts";
import { interopTest } from "#test/programs.ts";
import { startWeir } from "#test/weir_process.ts";
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
  readPath,
  startPublisher,
  waitUntilAvailable,
} from "./ffmpeg_peer.ts";

const MEDIA_ARGS = mediaArgs("h264");

const PATH = "live";

/** Settings of the source, and the transport in the origin's log. */
const PULLS = [
  { transport: "automatic", over: "UDP" },
  { transport: "udp", over: "UDP" },
  { transport: "tcp", over: "TCP" },
] as const;

interopTest({
  name: "RTSPS sources are pulled with SRTP: the reader gets everything",
  needs: ["ffmpeg"],
  fn: async (t) => {
    const file = await clip("bframes_aac");
    const { frames: published } = await readFrames(file, {
      outputArgs: MEDIA_ARGS,
    });
    await using certificate = await writeCertificate();
    const rtspsPort = freeTcpPort();
    const srtpPort = freeUdpPortPair();
    await using origin = await startWeir({
      config: [
        "rtspEncryption: optional",
        `rtspsAddress: 127.0.0.1:${rtspsPort}`,
        `srtpAddress: 127.0.0.1:${srtpPort}`,
        `srtcpAddress: 127.0.0.1:${srtpPort + 1}`,
        `rtspServerKey: ${certificate.keyFile}`,
        `rtspServerCert: ${certificate.certificateFile}`,
      ].join("\n"),
    });
    const source = `rtsps://127.0.0.1:${rtspsPort}/${PATH}`;
    await using hop = await startWeir({
      config: [
        `pathDefaults: {source: "${source}", sourceOnDemand: yes, sourceFingerprint: ${certificate.fingerprint}}`,
        "paths:",
        ...PULLS.map(({ transport }) =>
          `  ${transport}: {rtspTransport: ${transport}}`
        ),
      ].join("\n"),
    });
    await using _publisher = startPublisher(origin, {
      way: "RTSP/TCP",
      path: PATH,
      file,
    });
    await waitUntilAvailable(origin, PATH);
    const ways = { publishWay: "RTSP/TCP", readWay: "RTSP/TCP" } as const;
    const read = (path: string) =>
      readPath(hop, { way: ways.readWay, path, outputArgs: MEDIA_ARGS });
    const readings = await Promise.allSettled(
      PULLS.map(({ transport }) => read(transport)),
    );
    for (const [i, { transport }] of PULLS.entries()) {
      await t.step(transport, () => {
        const reading = valueOf(readings[i]!);
        assertEquals(complaintsOf(reading), [], "messages of the reader");
        const comparison = { ...ways, published, read: reading.frames };
        const pictures = checkPictures(comparison);
        checkCodedVideo(comparison);
        checkSync(pictures, checkAudio({ ...comparison, codec: "aac" }));
      });
    }
    await t.step("the media was protected", () => {
      const readers = origin.log.flatMap((line) =>
        /\[RTSPS\] .* is reading from path 'live', with (\w+)/.exec(line)
          ?.[1] ??
          []
      );
      assertEquals(readers.sort(), PULLS.map(({ over }) => over).sort());
      const faults = [...origin.log, ...hop.log].filter((line) =>
        / (WRN|ERR) /.test(line)
      );
      // The end of the origin's publisher is the end of its connections.
      assert(
        faults.every((line) => line.includes("has closed the connection")),
        faults.join("\n"),
      );
    });
  },
});
