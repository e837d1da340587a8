import type { RtspConfig } from "#protocols/rtsp/context.ts";
import { openRtspServer } from "#protocols/rtsp/server.ts";
import { assertEquals, assertRejects } from "#test/assert.ts";
import { writeCertificate } from "#test/certificates.ts";
import { testPorts } from "#test/test_ports.ts";

/** As the defaults have it, on a port of its own. */
const CONFIG: RtspConfig = {
  rtsp: true,
  rtspTransports: ["multicast", "tcp"],
  rtspEncryption: "no",
  rtspAddress: "127.0.0.1:0",
  rtspsAddress: "127.0.0.1:0",
  rtspServerKey: "server.key",
  rtspServerCert: "server.crt",
  rtspTrustedProxies: [],
  rtpAddress: ":8000",
  rtcpAddress: ":8001",
  multicastIPRange: "224.1.0.0/16",
  multicastRTPPort: 8002,
  multicastRTCPPort: 8003,
  srtpAddress: ":8004",
  srtcpAddress: ":8005",
  multicastSRTPPort: 8006,
  multicastSRTCPPort: 8007,
  rtspAuthMethods: ["basic"],
  readTimeoutMs: 10_000,
  writeTimeoutMs: 10_000,
  udpMaxPayloadSize: 1_452,
  udpReadBufferSize: 0,
};

const REFUSALS = [
  {
    name: "odd multicast ports",
    protocol: "rtsp",
    changes: { multicastRTPPort: 8_003, multicastRTCPPort: 8_004 },
    message:
      "Cannot use config keys multicastRTPPort and multicastRTCPPort: ports are 8003 and 8004, wanted an even one and the next",
  },
  {
    name: "multicast ports of RTSPS that do not follow each other",
    protocol: "rtsps",
    changes: { multicastSRTPPort: 8_006, multicastSRTCPPort: 8_009 },
    message:
      "Cannot use config keys multicastSRTPPort and multicastSRTCPPort: ports are 8006 and 8009, wanted an even one and the next",
  },
  {
    name: "a range that is none of multicast",
    protocol: "rtsp",
    changes: { multicastIPRange: "10.0.0.0/8" },
    message:
      'Cannot use config key multicastIPRange: found "10.0.0.0/8": wanted a network within 224.0.0.0/4',
  },
] as const;

for (const { name, protocol, changes, message } of REFUSALS) {
  Deno.test(`openRtspServer() refuses ${name}, unless multicast is off`, async () => {
    await using certificate = await writeCertificate();
    const config = {
      ...CONFIG,
      rtspServerKey: certificate.keyFile,
      rtspServerCert: certificate.certificateFile,
      ...changes,
    };
    using test = testPorts();
    const error = await assertRejects(
      openRtspServer(protocol, config, test.ports),
      Error,
    );
    assertEquals(error.message, message);
    await using _server = await openRtspServer(
      protocol,
      { ...config, rtspTransports: ["tcp"] },
      test.ports,
    );
  });
}

Deno.test("RtspServer.apply() opens anew what multicast depends on", async () => {
  using test = testPorts();
  await using server = await openRtspServer("rtsp", CONFIG, test.ports);
  const answers = [
    { multicastIPRange: "224.2.0.0/16" },
    { multicastRTPPort: 9_002 },
    { multicastRTCPPort: 9_003 },
    { multicastSRTPPort: 9_006 },
    {},
  ].map((changes) => server.apply({ ...CONFIG, ...changes }));
  assertEquals(answers, ["restart", "restart", "restart", "done", "done"]);
});
