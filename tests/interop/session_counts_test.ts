import { systemClock } from "#base/clock.ts";
import type { RunningModule, ServerEvent } from "#core/ports.ts";
import type { SessionInfo } from "#core/session_info.ts";
import { rtmp } from "#protocols/rtmp/mod.ts";
import { rtsp, rtsps } from "#protocols/rtsp/mod.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { writeCertificate } from "#test/certificates.ts";
import { freeTcpPort, freeUdpPortPair } from "#test/ports.ts";
import { type RunningProcess, startProcess } from "#test/processes.ts";
import { interopTest } from "#test/programs.ts";
import { type TestPorts, testPortsWith } from "#test/test_ports.ts";
import { bindUdpPair } from "#test/udp_pair.ts";
import { openRawRtsp } from "#test/raw_rtsp.ts";
import { h264Slice, rtpPacket, VIDEO_FRAME_TICKS } from "#test/units.ts";

const PATIENCE_MS = 60_000;
const POLL_MS = 20;

/** Packets that the lossy publisher leaves out. */
const LOST_PACKETS = 7;

/** What readers say of them: GStreamer begins to count at its second packet at times. */
const REPORTED_PACKETS = [LOST_PACKETS - 1, LOST_PACKETS];

/** Later packets than a gap may wait for. */
const REORDER_WINDOW_PACKETS = 64;

/** Servers in this process, so that what they count can be looked at. */
interface Servers extends AsyncDisposable, TestPorts<typeof systemClock> {
  readonly rtspPort: number;
  readonly rtspsPort: number;
  readonly rtmpPort: number;
  readonly rtpPort: number;
}

async function openServers(): Promise<Servers> {
  const test = testPortsWith(systemClock);
  const certificate = await writeCertificate();
  const [rtspPort, rtspsPort, rtmpPort] = [0, 0, 0].map(freeTcpPort) as [
    number,
    number,
    number,
  ];
  const [rtpPort, srtpPort] = [freeUdpPortPair(), freeUdpPortPair()];
  const common = { readTimeoutMs: PATIENCE_MS, writeTimeoutMs: PATIENCE_MS };
  const rtspConfig = {
    ...common,
    rtsp: true,
    rtspTransports: ["tcp", "udp"] as const,
    rtspEncryption: "optional" as const,
    rtspAddress: `127.0.0.1:${rtspPort}`,
    rtspsAddress: `127.0.0.1:${rtspsPort}`,
    rtspServerKey: certificate.keyFile,
    rtspServerCert: certificate.certificateFile,
    rtspTrustedProxies: [],
    rtpAddress: `127.0.0.1:${rtpPort}`,
    rtcpAddress: `127.0.0.1:${rtpPort + 1}`,
    multicastIPRange: "224.1.0.0/16",
    multicastRTPPort: 8002,
    multicastRTCPPort: 8003,
    srtpAddress: `127.0.0.1:${srtpPort}`,
    srtcpAddress: `127.0.0.1:${srtpPort + 1}`,
    multicastSRTPPort: 8006,
    multicastSRTCPPort: 8007,
    rtspAuthMethods: ["basic"] as const,
    udpMaxPayloadSize: 1_452,
    udpReadBufferSize: 0,
  };
  const rtmpConfig = {
    ...common,
    rtmp: true,
    rtmpEncryption: "no" as const,
    rtmpAddress: `127.0.0.1:${rtmpPort}`,
    rtmpsAddress: ":0",
    rtmpServerKey: "",
    rtmpServerCert: "",
    rtmpTrustedProxies: [],
  };
  const modules: (RunningModule<never> | undefined)[] = [
    await rtsp.open(rtspConfig, test.ports),
    await rtsps.open(rtspConfig, test.ports),
    await rtmp.open(rtmpConfig, test.ports),
  ];
  return {
    ...test,
    rtspPort,
    rtspsPort,
    rtmpPort,
    rtpPort,
    async [Symbol.asyncDispose]() {
      for (const module of modules) await module?.[Symbol.asyncDispose]();
      await test.paths[Symbol.asyncDispose]();
      await certificate[Symbol.asyncDispose]();
    },
  };
}

/** Waits until something holds. @throws {Error} what it waited for. */
async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!await holds()) {
    if (performance.now() > endMs) throw new Error(`Cannot see: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** What is counted of the sessions of a path that do the same. */
function sessionsAt(
  { sessions }: Servers,
  pathName: string,
  state: SessionInfo["state"],
): SessionInfo[] {
  return sessions.list().filter((one) =>
    one.pathName === pathName && one.state === state
  );
}

function countOf({ details }: SessionInfo, name: string): number {
  const count = details[name];
  assert(typeof count === "number", `${name} is ${count}`);
  return count;
}

/** Ways in which GStreamer reads, as options of rtspsrc. */
const GSTREAMER_WAYS = {
  "TCP": (servers: Servers) => [`rtsp:${servers.rtspPort}`, "tcp"],
  "UDP": (servers: Servers) => [`rtsp:${servers.rtspPort}`, "udp"],
  "an HTTP tunnel": (servers: Servers) => [`rtsph:${servers.rtspPort}`, "tcp"],
  "SRTP over TCP": (servers: Servers) => [`rtsps:${servers.rtspsPort}`, "tcp"],
  "SRTP over UDP": (servers: Servers) => [`rtsps:${servers.rtspsPort}`, "udp"],
};

/** Reads a path and prints a line for each RTP packet. */
function readWithGstreamer(
  servers: Servers,
  way: keyof typeof GSTREAMER_WAYS,
  path: string,
): RunningProcess {
  const [origin, protocol] = GSTREAMER_WAYS[way](servers);
  const [scheme, port] = origin!.split(":");
  return startProcess("gst-launch-1.0", [
    ...["--verbose", "rtspsrc"],
    `location=${scheme}://127.0.0.1:${port}/${path}`,
    ...[`protocols=${protocol}`, "tls-validation-flags=0"],
    ...["latency=100", "buffer-mode=none"],
    ...["!", "fakesink", "silent=false", "sync=false"],
  ]);
}

/** Bytes of the packets that GStreamer has printed. */
function packetsIn({ lines }: RunningProcess): number[] {
  return lines.flatMap((line) => {
    const size = /chain\s+\*+ \(.*?\) \((\d+) bytes/.exec(line)?.[1];
    return size === undefined ? [] : [Number(size)];
  });
}

/** A publisher over UDP that leaves out what it is told to. */
async function openLossyPublisher(servers: Servers, path: string) {
  const url = `rtsp://127.0.0.1:${servers.rtspPort}/${path}`;
  const client = await openRawRtsp(servers.rtspPort);
  const sockets = bindUdpPair();
  const ports = `${sockets.port}-${sockets.port + 1}`;
  await client.announce(url);
  await client.setup(url, `RTP/AVP;unicast;client_port=${ports};mode=record`);
  assertEquals((await client.request("RECORD", url)).status, 200);
  const to = {
    transport: "udp" as const,
    hostname: "127.0.0.1",
    port: servers.rtpPort,
  };
  let sequenceNumber = 0;
  const publisher = {
    sentPackets: 0,
    async send(count: number) {
      for (let i = 0; i < count; i++) {
        const packet = rtpPacket({
          sequenceNumber: sequenceNumber & 0xffff,
          timestampTicks: sequenceNumber * VIDEO_FRAME_TICKS,
          marker: true,
          ssrc: 77,
        }, h264Slice(sequenceNumber === 0, 300));
        await sockets.rtp.send(packet, to);
        publisher.sentPackets++;
        sequenceNumber++;
      }
    },
    skip: (count: number) => sequenceNumber += count,
    damage: () => sockets.rtp.send(new Uint8Array(20), to),
    [Symbol.dispose]() {
      client[Symbol.dispose]();
      sockets[Symbol.dispose]();
    },
  };
  return publisher;
}

interopTest({
  name:
    "RTSP sessions count what GStreamer gets and reports as lost, whatever the transport",
  needs: ["gstreamer"],
  fn: async (t) => {
    await using servers = await openServers();
    using publisher = await openLossyPublisher(servers, "lossy");
    await publisher.send(2);
    await using opened = new AsyncDisposableStack();
    const readers = new Map<string, RunningProcess>();
    for (const way of Object.keys(GSTREAMER_WAYS)) {
      const known = servers.sessions.list().map(({ id }) => id);
      const reader = opened.use(
        readWithGstreamer(servers, way as keyof typeof GSTREAMER_WAYS, "lossy"),
      );
      const find = () =>
        sessionsAt(servers, "lossy", "read")
          .find(({ id }) => !known.includes(id))?.id;
      await eventually(`${way} reads`, () => find() !== undefined);
      readers.set(find()!, reader);
    }
    const sessionOf = (id: string) =>
      servers.sessions.list().find((one) => one.id === id)!;
    const hasBegun = () =>
      [...readers.values()].every((one) => packetsIn(one).length > 0);
    await eventually("all have packets", async () => {
      await publisher.send(1);
      return hasBegun();
    });
    publisher.skip(LOST_PACKETS - 1);
    await publisher.send(1);
    publisher.skip(1);
    await publisher.send(REORDER_WINDOW_PACKETS + 1);
    await publisher.damage();
    await eventually("all readers report the loss", async () => {
      await publisher.send(1);
      return [...readers.keys()].every((id) =>
        REPORTED_PACKETS.includes(
          countOf(sessionOf(id), "outboundRTPPacketsReportedLost"),
        )
      );
    });
    const source = () => sessionsAt(servers, "lossy", "publish")[0]!;
    await eventually(
      "everything was taken",
      () => countOf(source(), "inboundRTPPackets") === publisher.sentPackets,
    );
    await t.step("the publisher", () => {
      assertEquals(countOf(source(), "inboundRTPPacketsLost"), LOST_PACKETS);
      assertEquals(source().lostPackets, LOST_PACKETS);
      assertEquals(countOf(source(), "inboundRTPPacketsInError"), 1);
      assertEquals(
        source().inboundBytes,
        publisher.sentPackets * 312 + 20,
      );
      assert(countOf(source(), "inboundRTPPacketsJitter") > 0);
    });
    for (const [i, [id, reader]] of [...readers].entries()) {
      const way = Object.keys(GSTREAMER_WAYS)[i]!;
      await t.step(way, async () => {
        await eventually(
          `${way} has everything`,
          () => packetsIn(reader).length === publisher.sentPackets,
        );
        const session = sessionOf(id);
        const { details, outboundBytes } = session;
        const isSecure = way.startsWith("SRTP");
        assertEquals(
          countOf(session, "outboundRTPPackets"),
          publisher.sentPackets,
        );
        const mediaBytes = packetsIn(reader).reduce((sum, one) => sum + one, 0);
        const tagBytes = isSecure ? publisher.sentPackets * 10 : 0;
        const reportBytes = outboundBytes - mediaBytes - tagBytes;
        const reports = countOf(session, "outboundRTCPPackets") / 2;
        // A sender report and a name; SRTCP has an index and a tag more.
        assertEquals(reportBytes, reports * (isSecure ? 44 + 14 : 44));
        assert(countOf(session, "inboundRTCPPackets") > 0);
        assertEquals(countOf(session, "inboundRTCPPacketsInError"), 0);
        assertEquals(countOf(session, "outboundRTPPacketsDiscarded"), 0);
        assertEquals(details["profile"], isSecure ? "SAVP" : "AVP");
        assertEquals(details["transport"], way.endsWith("UDP") ? "UDP" : "TCP");
        const connection = servers.sessions.list().find((one) =>
          one.details["session"] === id
        );
        assertEquals(details["conns"], [connection!.id]);
        assertEquals(
          connection!.details["tunnel"],
          way.includes("tunnel") ? "http" : "none",
        );
      });
    }
  },
});

/** Ways of ffmpeg: arguments before an address, and the address. */
const FFMPEG_WAYS = {
  "RTSP/TCP": (servers: Servers, path: string) => [
    ...["-rtsp_transport", "tcp"],
    `rtsp://127.0.0.1:${servers.rtspPort}/${path}`,
  ],
  "RTSP/UDP": (servers: Servers, path: string) => [
    ...["-rtsp_transport", "udp"],
    `rtsp://127.0.0.1:${servers.rtspPort}/${path}`,
  ],
  "RTMP": (servers: Servers, path: string) => [
    `rtmp://127.0.0.1:${servers.rtmpPort}/live/${path}`,
  ],
};

type FfmpegWay = keyof typeof FFMPEG_WAYS;

const QUIET = "-nostdin -hide_banner -loglevel error".split(" ");

/** Publishes pictures without end; all depend on the first one, so that whoever reads gets all. */
function publishWithFfmpeg(
  servers: Servers,
  way: FfmpegWay,
  path: string,
  options: readonly string[] = [],
): RunningProcess {
  return startProcess("ffmpeg", [
    ...[...QUIET, "-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25"],
    ..."-c:v libx264 -preset ultrafast -tune zerolatency -g 10000".split(" "),
    ..."-pix_fmt yuv420p".split(" "),
    ...options,
    ...way === "RTMP" ? ["-f", "flv"] : ["-pkt_size", "1200", "-f", "rtsp"],
    ...FFMPEG_WAYS[way](servers, path),
  ]);
}

function readWithFfmpeg(
  servers: Servers,
  way: FfmpegWay,
  path: string,
): RunningProcess {
  const address = FFMPEG_WAYS[way](servers, path);
  return startProcess("ffmpeg", [
    ...[...QUIET, ...address.slice(0, -1), "-i", address.at(-1)!],
    ..."-c copy -f null -".split(" "),
  ]);
}

function pathOf(way: FfmpegWay, name: string): string {
  return way === "RTMP" ? `live/${name}` : name;
}

interopTest({
  name: "sessions of ffmpeg count the same on both sides",
  needs: ["ffmpeg"],
  fn: async (t) => {
    for (const way of Object.keys(FFMPEG_WAYS) as FfmpegWay[]) {
      await t.step(way, async () => {
        await using servers = await openServers();
        const path = pathOf(way, "same");
        const ended = new Map<string, SessionInfo>();
        using _ = servers.ports.events.listen((event: ServerEvent) => {
          const isEnd = event.type === "sessionClosed" ||
            event.type === "connectionClosed";
          if (isEnd) ended.set(event.session.id, event.session);
        });
        await using publisher = publishWithFfmpeg(servers, way, "same");
        await eventually(
          "it publishes",
          () => servers.paths.find(path)?.availableAtMs !== undefined,
        );
        await using reader = readWithFfmpeg(servers, way, "same");
        await eventually("it reads", () => {
          const [session] = sessionsAt(servers, path, "read");
          return session !== undefined && session.outboundBytes > 50_000;
        });
        const [source] = sessionsAt(servers, path, "publish");
        const [target] = sessionsAt(servers, path, "read");
        if (way !== "RTMP") {
          const jitterTicks = countOf(source!, "inboundRTPPacketsJitter");
          assert(jitterTicks > 0 && jitterTicks < 90_000, `${jitterTicks}`);
        }
        publisher.kill("SIGINT");
        await Promise.all([publisher.ended, reader.ended]);
        const ends = [source!, target!].map(({ id }) => id);
        await eventually(
          "both have ended",
          () => ends.every((id) => ended.has(id)),
        );
        const [published, read] = ends.map((id) => ended.get(id)!) as [
          SessionInfo,
          SessionInfo,
        ];
        assertEquals([published.lostPackets, read.droppedUnits], [0, 0]);
        assert(published.inboundBytes > 50_000);
        assert(read.outboundBytes > 50_000);
        if (way === "RTMP") {
          assertEquals(countOf(read, "outboundFramesDiscarded"), 0);
          return;
        }
        const packets = countOf(published, "inboundRTPPackets");
        assert(packets > 40, `${packets} packets`);
        assertEquals(countOf(read, "outboundRTPPackets"), packets);
        assertEquals(countOf(published, "inboundRTPPacketsInError"), 0);
        assertEquals(countOf(published, "inboundRTCPPacketsInError"), 0);
        assert(countOf(published, "inboundRTCPPackets") > 0);
        assertEquals(countOf(read, "outboundRTPPacketsReportedLost"), 0);
      });
    }
  },
});

interopTest({
  name: "sessions of ffmpeg end when they are told to, and so does ffmpeg",
  needs: ["ffmpeg"],
  fn: async (t) => {
    await using servers = await openServers();
    await using opened = new AsyncDisposableStack();
    for (const way of Object.keys(FFMPEG_WAYS) as FfmpegWay[]) {
      const name = way.toLowerCase().replace("/", "_");
      const path = pathOf(way, name);
      const publisher = opened.use(publishWithFfmpeg(servers, way, name));
      await eventually(
        "it publishes",
        () => servers.paths.find(path)?.availableAtMs !== undefined,
      );
      const reader = opened.use(readWithFfmpeg(servers, way, name));
      const others = [
        ["read", reader],
        ["publish", publisher],
      ] as const;
      for (const [state, process] of others) {
        await t.step(`${way}, ${state}`, async () => {
          await eventually("media flows", () => {
            const [session] = sessionsAt(servers, path, state);
            return session !== undefined &&
              session.inboundBytes + session.outboundBytes > 20_000;
          });
          const [{ id }] = sessionsAt(servers, path, state) as [SessionInfo];
          assert(servers.sessions.kick(id, "terminated"));
          await process.ended;
          await eventually(
            "it is forgotten",
            () => !servers.sessions.list().some((one) => one.id === id),
          );
          assertEquals(
            servers.paths.find(path)?.availableAtMs !== undefined,
            state === "read",
          );
        });
      }
    }
    const endings = servers.lines.filter((line) => line.endsWith("terminated"));
    // A session and its connection four times, a connection twice.
    assertEquals(endings.length, 4 * 2 + 2);
  },
});
