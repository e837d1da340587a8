import { MAX_DETACHED_SESSIONS } from "#protocols/rtsp/detached_sessions.ts";
import { assertEquals } from "#test/assert.ts";
import { fakeRtspServer, URL_OF_CAM } from "./fake_peer.ts";

const SDP = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n" +
  "a=control:trackID=0\r\n";

Deno.test("hasTooManyDetached() ends the publisher that is one too many", async () => {
  const server = fakeRtspServer();
  const type = { "Content-Type": "application/sdp" };
  for (let i = 0; i <= MAX_DETACHED_SESSIONS; i++) {
    const peer = server.connect();
    const url = `${URL_OF_CAM}${i}`;
    const ports = `${6_000 + 2 * i}-${6_001 + 2 * i}`;
    await peer.request("ANNOUNCE", url, type, SDP);
    await peer.request("SETUP", `${url}/trackID=0`, {
      Transport: `RTP/AVP;unicast;client_port=${ports};mode=record`,
    });
    assertEquals((await peer.request("RECORD", url)).status, 200);
    peer.tcp.endInput();
    await peer.done;
  }
  assertEquals(server.context.sessions.size, MAX_DETACHED_SESSIONS);
  const reason = "destroyed: over 256 sessions go on without a connection";
  const lines = server.lines.filter((line) => line.endsWith(reason));
  assertEquals(lines.length, 1);
  server.pass(11_000);
  assertEquals(server.context.sessions.size, 0);
  await server.close();
});
