import { assert, assertEquals } from "#test/assert.ts";
import {
  type FakeRtspServer,
  fakeRtspServer,
  publishCam,
  type RtspPeer,
  TCP_TRANSPORTS,
  UDP_TRANSPORTS,
} from "./fake_peer.ts";

function linesOf(server: FakeRtspServer, part: string): string[] {
  return server.lines.filter((line) => line.includes(part))
    .map((line) => line.replace(/session [0-9a-f]{8}/, "session X"));
}

/** What a peer does before its session is ended by the operator. */
const KICKED: Readonly<Record<string, (peer: RtspPeer) => Promise<unknown>>> = {
  "publisher over TCP": (peer) => peer.publish(),
  "publisher over UDP": (peer) => peer.publish(UDP_TRANSPORTS),
  "reader over TCP": (peer) => peer.play(),
  "reader over UDP": (peer) => peer.play(UDP_TRANSPORTS),
  "reader that does not play yet": (peer) => peer.setup(0, TCP_TRANSPORTS[0]!),
};

for (const [name, begin] of Object.entries(KICKED)) {
  Deno.test(`RtspSession of a ${name} can be ended, and its connection ends with it`, async () => {
    const server = fakeRtspServer();
    const isReader = name.startsWith("reader");
    if (isReader) await publishCam(server);
    const peer = server.connect();
    await begin(peer);
    const [session] = server.context.sessions.values();
    assert(server.sessions.kick(session!.id, "terminated"));
    await peer.done;
    assert(peer.tcp.isClosed);
    assertEquals(server.sessions.list(), []);
    assertEquals(linesOf(server, "terminated"), [
      "info: [session X] destroyed: terminated",
      "info: [conn 198.51.100.7:40000] closed: terminated",
    ]);
    assert(!server.sessions.kick(session!.id, "terminated"));
    const { status } = await server.connect().request("DESCRIBE");
    assertEquals(status, isReader ? 200 : 404);
    await server.close();
  });
}

for (const transports of [TCP_TRANSPORTS, UDP_TRANSPORTS]) {
  Deno.test(`RtspConnection can be ended, with what it controls [${transports[0]}]`, async () => {
    const server = fakeRtspServer();
    const peer = server.connect();
    await peer.publish(transports);
    const connection = server.sessions.list().find(({ type }) =>
      type === "rtspConn"
    );
    const [session] = server.context.sessions.values();
    assertEquals(connection!.details, { session: session!.id, tunnel: "none" });
    assert(server.sessions.kick(connection!.id, "terminated"));
    await peer.done;
    assertEquals(server.sessions.list(), []);
    const endings = server.lines.filter((line) => line.includes("terminated"));
    assertEquals(endings.length, 2);
    await server.close();
  });
}
