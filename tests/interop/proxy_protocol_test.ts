import { assert, assertEquals } from "#test/assert.ts";
import { writeCertificate } from "#test/certificates.ts";
import { freeTcpPort } from "#test/ports.ts";
import { RawRtmp } from "#test/raw_rtmp.ts";
import { RawRtsp } from "#test/raw_rtsp.ts";
import { openRawTcp, RawTcp } from "#test/raw_tcp.ts";
import { startWeir } from "#test/weir_process.ts";

const HOSTNAME = "127.0.0.1";

const V1 = new TextEncoder().encode(
  "PROXY TCP4 192.0.2.7 127.0.0.1 40000 8554\r\n",
);
const V2 = Uint8Array.fromHex(
  "0d0a0d0a000d0a515549540a" + "21" + "21" + "0028" +
    "20010db8000000000000000000000007" + "20010db8000000000000000000000001" +
    "9c41" + "216a" + "04" + "0001" + "00",
);

/** Whom the headers tell, as the log has it. */
const SOURCES = [
  { name: "v1", header: V1, address: "192.0.2.7:40000" },
  { name: "v2", header: V2, address: "[2001:db8::7]:40001" },
];

/** Connects as a proxy does; within TLS, the header stands in front of it. */
async function connectWith(
  port: number,
  header: Uint8Array<ArrayBuffer>,
  certificatePem?: string,
): Promise<RawTcp> {
  const conn = await Deno.connect({ hostname: HOSTNAME, port });
  conn.setNoDelay(true);
  await conn.write(header);
  if (certificatePem === undefined) return new RawTcp(conn);
  const options = { hostname: HOSTNAME, caCerts: [certificatePem] };
  return new RawTcp(await Deno.startTls(conn, options));
}

function openedBy(server: string, address: string): RegExp {
  const escaped = address.replaceAll(/[[\]]/g, "\\$&");
  return new RegExp(`\\[${server}\\] \\[conn ${escaped}\\] opened`);
}

Deno.test("a trusted proxy tells who its peers are, on every listener", async (t) => {
  await using files = await writeCertificate();
  const rtspsPort = freeTcpPort();
  const rtmpsPort = freeTcpPort();
  await using weir = await startWeir({
    config: [
      "rtspTransports: [tcp]",
      ...["rtsp", "rtmp"].flatMap((name) => [
        `${name}Encryption: optional`,
        `${name}sAddress: ${HOSTNAME}:${
          name === "rtsp" ? rtspsPort : rtmpsPort
        }`,
        `${name}ServerKey: ${files.keyFile}`,
        `${name}ServerCert: ${files.certificateFile}`,
        `${name}TrustedProxies: [10.0.0.0/8, ${HOSTNAME}]`,
      ]),
      // The address in the header is that which the rules are about.
      `authInternalUsers:`,
      `- { user: any, ips: [192.0.2.0/24, "2001:db8::/32"], permissions: [{ action: publish }, { action: read }] }`,
    ].join("\n"),
  });
  const rtspServers = [
    { server: "RTSP", port: weir.rtspPort, pem: undefined },
    { server: "RTSPS", port: rtspsPort, pem: files.certificatePem },
  ];
  const rtmpServers = [
    { server: "RTMP", port: weir.rtmpPort, pem: undefined },
    { server: "RTMPS", port: rtmpsPort, pem: files.certificatePem },
  ];
  for (const { name, header, address } of SOURCES) {
    for (const { server, port, pem } of rtspServers) {
      await t.step(`${server} with ${name}`, async () => {
        using rtsp = new RawRtsp(await connectWith(port, header, pem));
        const url = weir.rtspUrl(`${server}/${name}`);
        assertEquals(await rtsp.publish(url), 200);
        await weir.waitForLog(openedBy(server, address));
      });
    }
    for (const { server, port, pem } of rtmpServers) {
      await t.step(`${server} with ${name}`, async () => {
        using rtmp = new RawRtmp(await connectWith(port, header, pem));
        await rtmp.connect(server);
        assertEquals(await rtmp.publish(name), "NetStream.Publish.Start");
        await weir.waitForLog(openedBy(server, address));
      });
    }
  }
  await t.step("a header that is none ends the connection", async () => {
    using peer = await openRawTcp(weir.rtspPort);
    await peer.send("PROXY TCP4 nobody\r\n");
    assertEquals(await peer.readToEnd(), 0);
    await weir.waitForLog(
      new RegExp(
        `\\[RTSP\\] \\[conn ${peer.address}\\] closed: Cannot parse PROXY header: line at byte 0: must have 6 words, found 3`,
      ),
    );
  });
  await t.step("a proxy without a header speaks for itself", async () => {
    using rtsp = new RawRtsp(await openRawTcp(weir.rtspPort));
    const url = weir.rtspUrl("own");
    assertEquals((await rtsp.request("OPTIONS", url)).status, 200);
    await weir.waitForLog(openedBy("RTSP", rtsp.address));
  });
});

Deno.test("a proxy that is not trusted is not believed", async () => {
  await using weir = await startWeir({
    config: "rtspTrustedProxies: [10.0.0.0/8]\nrtmpTrustedProxies: []",
  });
  using rtsp = new RawRtsp(await connectWith(weir.rtspPort, V1));
  const url = weir.rtspUrl("cam");
  assertEquals((await rtsp.request("OPTIONS", url)).status, 200);
  await weir.waitForLog(openedBy("RTSP", rtsp.address));
  // Nothing is known of proxies here: the header is bad RTMP.
  using rtmp = await connectWith(weir.rtmpPort, V1);
  assertEquals(await rtmp.readToEnd(), 0);
  assert(!weir.log.some((line) => line.includes("192.0.2.7")));
});
