import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { residentBytes, startBystanders } from "#test/bystanders.ts";
import {
  type CertificateFiles,
  makeCertificate,
  writeCertificate,
} from "#test/certificates.ts";
import { clip } from "#test/clips.ts";
import { readFrames } from "#test/framemd5.ts";
import { freeTcpPort } from "#test/ports.ts";
import { runProcess, startProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { openRawRtmp } from "#test/raw_rtmp.ts";
import { openRawRtsp } from "#test/raw_rtsp.ts";
import { openRawTcp } from "#test/raw_tcp.ts";
import { h264Slice, rtpPacket } from "#test/units.ts";
import { startWeir, type WeirProcess } from "#test/weir_process.ts";
import {
  checkAudio,
  checkPictures,
  framesOf,
  valueOf,
} from "./check_frames.ts";
import {
  complaintsOf,
  mediaArgs,
  publishTo,
  STREAM,
  waitUntilAvailable,
} from "./ffmpeg_peer.ts";

/** Ways of a stream within TLS, and what they are without. */
const SECURED_WAYS = [
  { name: "RTSPS", way: "RTSP/TCP", args: ["-rtsp_transport", "tcp"] },
  { name: "RTMPS", way: "RTMP", args: [] },
] as const;

type SecuredWay = typeof SECURED_WAYS[number];

/** Pictures that GStreamer must read of a clip. */
const GSTREAMER_PICTURES = 100;

/** Peers that do not go on with their handshake, at each port. */
const HALF_OPEN_PEERS = 1_000;

/** What each of them may add to the memory of the server. */
const MAX_HALF_OPEN_BYTES = 128 * 1_024;

/** A new peer gets its answer in this time, whoever else is there. */
const MAX_ANSWER_MS = 2_000;

/** Longer than a handshake may take. */
const HANDSHAKE_DEADLINE_MS = 20_000;

/** A server that encrypts, and what its clients need. */
interface SecuredServer extends AsyncDisposable {
  readonly weir: WeirProcess;
  readonly files: CertificateFiles;
  readonly rtspsPort: number;
  readonly rtmpsPort: number;
  url(way: SecuredWay, path: string): string;
}

async function startSecured(
  encryption: "optional" | "strict",
): Promise<SecuredServer> {
  await using opened = new AsyncDisposableStack();
  const files = opened.use(await writeCertificate());
  const rtspsPort = freeTcpPort();
  const rtmpsPort = freeTcpPort();
  const weir = opened.use(
    await startWeir({
      config: securedConfig({ encryption, files, rtspsPort, rtmpsPort }),
    }),
  );
  const stack = opened.move();
  return {
    weir,
    files,
    rtspsPort,
    rtmpsPort,
    url: ({ name }, path) =>
      name === "RTSPS"
        ? `rtsps://127.0.0.1:${rtspsPort}/${path}`
        : `rtmps://127.0.0.1:${rtmpsPort}/${path}`,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function securedConfig(
  { encryption, files, rtspsPort, rtmpsPort }: {
    readonly encryption: string;
    readonly files: Pick<CertificateFiles, "keyFile" | "certificateFile">;
    readonly rtspsPort: number;
    readonly rtmpsPort: number;
  },
): string {
  return [
    "rtspTransports: [tcp]",
    `rtspEncryption: "${encryption}"`,
    `rtspsAddress: 127.0.0.1:${rtspsPort}`,
    `rtmpEncryption: "${encryption}"`,
    `rtmpsAddress: 127.0.0.1:${rtmpsPort}`,
    ...["rtsp", "rtmp"].flatMap((name) => [
      `${name}ServerKey: ${files.keyFile}`,
      `${name}ServerCert: ${files.certificateFile}`,
    ]),
  ].join("\n");
}

interopTest({
  name:
    "RTSPS and RTMPS carry every picture and sound: ffmpeg publishes and reads",
  needs: ["ffmpeg"],
  fn: async (t) => {
    const file = await clip("bframes_aac");
    const outputArgs = mediaArgs("h264");
    const { frames: published } = await readFrames(file, { outputArgs });
    await using server = await startSecured("optional");
    await using publishers = new AsyncDisposableStack();
    for (const to of SECURED_WAYS) {
      const address = server.url(to, `tls/${to.name}`);
      publishers.use(publishTo(address, { way: to.way, file }));
    }
    const pairs = SECURED_WAYS.flatMap((to) =>
      SECURED_WAYS.map((from) => ({ to, from }))
    );
    const readings = await Promise.allSettled(
      pairs.map(async ({ to, from }) => {
        const path = `tls/${to.name}`;
        await waitUntilAvailable(server.weir, path);
        const inputArgs = from.args;
        return await readFrames(server.url(from, path), {
          inputArgs,
          outputArgs,
        });
      }),
    );
    for (const [i, { to, from }] of pairs.entries()) {
      await t.step(`${to.name} to ${from.name}`, () => {
        const reading = valueOf(readings[i]!);
        assertEquals(complaintsOf(reading), [], "messages of the reader");
        const comparison = {
          published,
          read: reading.frames,
          publishWay: to.way,
          readWay: from.way,
        };
        checkPictures(comparison);
        checkAudio({ ...comparison, codec: "aac" });
      });
    }
  },
});

interopTest({
  name: "RTSPS and RTMPS carry every picture: GStreamer publishes and reads",
  needs: ["ffmpeg", "gstreamer"],
  fn: async (t) => {
    const file = await clip("bframes_aac");
    const { frames } = await readFrames(file, {
      outputArgs: mediaArgs("h264"),
    });
    const published = framesOf(frames, STREAM.pictures)
      .slice(0, GSTREAMER_PICTURES).map(({ hash }) => hash);
    await using server = await startSecured("strict");
    await using publishers = new AsyncDisposableStack();
    for (const to of SECURED_WAYS) {
      const address = server.url(to, `tls/${to.name}`);
      publishers.use(
        startProcess("gst-launch-1.0", publishArgs(to, file, address)),
      );
    }
    const pairs = SECURED_WAYS.flatMap((to) =>
      SECURED_WAYS.map((from) => ({ to, from }))
    );
    const readings = await Promise.allSettled(
      pairs.map(async ({ to, from }) => {
        const path = `tls/${to.name}`;
        await waitUntilAvailable(server.weir, path);
        const args = readArgs(from, server.url(from, path));
        return await runProcess("gst-launch-1.0", args, { timeoutMs: 40_000 });
      }),
    );
    for (const [i, { to, from }] of pairs.entries()) {
      await t.step(`${to.name} to ${from.name}`, () => {
        const { stdout, stderr } = valueOf(readings[i]!);
        const read = [...stdout.matchAll(/ ([0-9a-f]{32})$/gm)]
          .map((match) => match[1]!);
        assertEquals(read.slice(0, published.length), published, stderr);
      });
    }
  },
});

function publishArgs(to: SecuredWay, file: string, address: string): string[] {
  const input = [
    ...["filesrc", `location=${file}`, "!", "qtdemux", "name=file"],
    ..."file.video_0 ! queue ! h264parse !".split(" "),
  ];
  const sink = to.name === "RTSPS"
    ? "rtspclientsink protocols=tcp"
    : "flvmux streamable=true ! rtmp2sink sync=true";
  return [
    ...input,
    ...sink.split(" "),
    ...["tls-validation-flags=0", `location=${address}`],
  ];
}

function readArgs(from: SecuredWay, address: string): string[] {
  const source = from.name === "RTSPS"
    ? ["rtspsrc", "protocols=tcp", "buffer-mode=none"]
    : ["rtmp2src"];
  const depayloader = from.name === "RTSPS" ? "rtph264depay" : "flvdemux";
  return [
    ...["--quiet", ...source, `location=${address}`, "tls-validation-flags=0"],
    ...`! ${depayloader} ! h264parse ! avdec_h264 max-threads=1`.split(" "),
    // The last ones are what a decoder makes of an end that comes too early.
    ...`! identity eos-after=${GSTREAMER_PICTURES + 10}`.split(" "),
    ..."! video/x-raw,format=I420 ! checksumsink hash=md5 async=false"
      .split(" "),
  ];
}

Deno.test("a new certificate is for those who come: a reader plays on", async () => {
  await using server = await startSecured("optional");
  const { weir, files, rtspsPort } = server;
  const url = weir.rtspUrl("cam");
  using publisher = await openRawRtsp(weir.rtspPort);
  assertEquals(await publisher.publish(url), 200);
  let sequenceNumber = 0;
  const sendPicture = () => {
    const timestampTicks = 3_600 * ++sequenceNumber;
    const header = { sequenceNumber, timestampTicks, marker: true };
    return publisher.sendFrame(0, rtpPacket(header, h264Slice(true, 40, 1)));
  };
  await sendPicture();
  using reader = await openRawRtsp(rtspsPort, files.certificatePem);
  assertEquals(await reader.play(url), 200);
  await reader.media(1);
  const next = makeCertificate();
  await files.replace(next);
  for (const name of ["RTSPS", "RTMPS"]) {
    await weir.waitForLog(
      new RegExp(`\\[${name}\\] certificate reloaded after change to `),
    );
  }
  using newcomer = await openRawRtsp(rtspsPort, next.certificatePem);
  assertEquals((await newcomer.request("OPTIONS", url)).status, 200);
  await assertRejects(openRawRtsp(rtspsPort, files.certificatePem), Error);
  await sendPicture();
  await reader.media(2);
  await Deno.writeTextFile(files.keyFile, "gone");
  await weir.waitForLog(/\[RTSPS\] certloader failed to load after change to /);
  using later = await openRawRtsp(rtspsPort, next.certificatePem);
  assertEquals((await later.request("OPTIONS", url)).status, 200);
  await sendPicture();
  await reader.media(3);
});

Deno.test("encryption that is strict leaves no plain port, and takes nobody who is plain", async () => {
  await using server = await startSecured("strict");
  const { weir, rtspsPort, rtmpsPort, files } = server;
  for (const port of [weir.rtspPort, weir.rtmpPort]) {
    await assertRejects(openRawTcp(port), Error);
  }
  const started = weir.log.filter((line) => line.includes("started with"))
    .map((line) => line.slice(line.indexOf("[")));
  assertEquals(started, [
    `[RTSPS] started with listener on :${rtspsPort} (TCP/RTSPS)`,
    `[RTMPS] started with listener on :${rtmpsPort} (TCP/RTMPS)`,
  ]);
  using plain = await openRawTcp(rtspsPort);
  await plain.send("OPTIONS rtsp://127.0.0.1/ RTSP/1.0\r\nCSeq: 1\r\n\r\n");
  assertEquals(await plain.readToEnd(), 0);
  await weir.waitForLog(
    new RegExp(
      `\\[RTSPS\\] \\[conn ${plain.address}\\] closed: Cannot accept TLS from 127.0.0.1: the peer does not speak TLS`,
    ),
  );
  using reader = await openRawRtsp(rtspsPort, files.certificatePem);
  const url = `rtsps://127.0.0.1:${rtspsPort}/cam`;
  assertEquals(await reader.publish(url), 200);
  using udp = await openRawRtsp(rtspsPort, files.certificatePem);
  const { status } = await udp.setup(
    url,
    "RTP/AVP;unicast;client_port=40000-40001",
  );
  assertEquals(status, 461);
  using player = await openRawRtmp(rtmpsPort, files.certificatePem);
  await player.connect("cam");
  assertEquals(await weir.stop(), 0);
});

Deno.test("a certificate that cannot be used ends the start, with key and remedy", async () => {
  await using files = await writeCertificate();
  const config = (changes: Partial<CertificateFiles>) => ({
    config: securedConfig({
      encryption: "optional",
      files: { ...files, ...changes },
      rtspsPort: freeTcpPort(),
      rtmpsPort: freeTcpPort(),
    }),
  });
  for (
    const [changes, text] of [
      [{ keyFile: "/nowhere/server.key" }, "(config key rtspServerKey): name"],
      [{ certificateFile: files.keyFile }, "(config key rtspServerCert): name"],
    ] as const
  ) {
    const { message } = await assertRejects(startWeir(config(changes)), Error);
    assert(message.includes(text), message);
  }
});

Deno.test(`${HALF_OPEN_PEERS} peers that stop within their handshake cost nobody anything`, async () => {
  await using server = await startSecured("optional");
  const { weir, files } = server;
  await using good = await startBystanders(weir, {
    path: "live/cam",
    publisher: "rtsp",
    readers: { "rtsp-tcp": 10, rtmp: 10 },
  });
  const beforeBytes = await residentBytes(weir.pid);
  using halfOpen = new DisposableStack();
  const hello = Uint8Array.fromHex("16030102000100");
  const addresses: string[] = [];
  for (const port of [server.rtspsPort, server.rtmpsPort]) {
    for (let i = 0; i < HALF_OPEN_PEERS / 2; i++) {
      const peer = halfOpen.use(await openRawTcp(port));
      addresses.push(peer.address);
      if (i % 2 === 0) await peer.send(hello);
    }
  }
  const startMs = performance.now();
  using newcomer = await openRawRtsp(server.rtspsPort, files.certificatePem);
  const url = weir.rtspUrl("live/cam");
  assertEquals((await newcomer.describe(url)).status, 200);
  const answerMs = performance.now() - startMs;
  assert(answerMs < MAX_ANSWER_MS, `the answer took ${answerMs} ms`);
  const grownBytes = await residentBytes(weir.pid) - beforeBytes;
  const limitBytes = HALF_OPEN_PEERS * MAX_HALF_OPEN_BYTES;
  assert(grownBytes < limitBytes, `${grownBytes} bytes more`);
  // The two listeners take their peers in an order of their own.
  for (const address of addresses) {
    await weir.waitForLog(
      new RegExp(
        `\\[conn ${address}\\] closed: Cannot accept TLS from 127.0.0.1: it takes over 10 s`,
      ),
      HANDSHAKE_DEADLINE_MS,
    );
  }
  const closed = weir.log.filter((line) => line.includes("it takes over 10 s"));
  assertEquals(closed.length, HALF_OPEN_PEERS);
  await good.assertUnharmed();
});
