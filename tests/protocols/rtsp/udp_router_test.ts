import { type UdpEndpoint, UdpRouter } from "#protocols/rtsp/udp_router.ts";
import { assert, assertEquals } from "#test/assert.ts";
import { FakeUdpSocket } from "#test/fake_udp.ts";

class RecordingEndpoint implements UdpEndpoint {
  readonly received: string[] = [];
  /** Datagrams that it may keep. */
  readonly kept: Uint8Array[] = [];

  handleRtpDatagram(trackIndex: number, packet: Uint8Array): void {
    this.received.push(`rtp ${trackIndex} ${packet.toHex()}`);
    this.kept.push(packet);
  }

  handleRtcpDatagram(trackIndex: number, packet: Uint8Array): void {
    this.received.push(`rtcp ${trackIndex} ${packet.toHex()}`);
  }

  handleFault(error: unknown): void {
    this.received.push(`fault ${error}`);
  }
}

/** One whose datagrams find a bug. */
class FaultyEndpoint extends RecordingEndpoint {
  override handleRtpDatagram(): void {
    throw new Error("rtp");
  }

  override handleRtcpDatagram(): void {
    throw new Error("rtcp");
  }
}

function opened() {
  const rtp = new FakeUdpSocket(8_000);
  const rtcp = new FakeUdpSocket(8_001);
  const router = new UdpRouter();
  const running = router.run(rtp, rtcp);
  return { rtp, rtcp, router, running };
}

const DATAGRAM = Uint8Array.of(1, 2);

Deno.test("UdpRouter hands datagrams to the session of their sender", async () => {
  const { rtp, rtcp, router, running } = opened();
  const [one, other] = [new RecordingEndpoint(), new RecordingEndpoint()];
  router.add("192.0.2.1", [6_000, 6_001], { endpoint: one, trackIndex: 0 });
  router.add("192.0.2.1", [6_002, 6_003], { endpoint: one, trackIndex: 1 });
  router.add("192.0.2.2", [6_000, 6_001], { endpoint: other, trackIndex: 0 });
  rtp.deliver(DATAGRAM, "192.0.2.1", 6_002);
  rtcp.deliver(DATAGRAM, "192.0.2.1", 6_001);
  rtp.deliver(DATAGRAM, "192.0.2.2", 6_000);
  assertEquals(one.received, ["rtp 1 0102", "rtcp 0 0102"]);
  assertEquals(other.received, ["rtp 0 0102"]);
  assertEquals(router.strangerDatagrams, 0);
  await rtp[Symbol.asyncDispose]();
  await rtcp[Symbol.asyncDispose]();
  await running;
});

Deno.test("UdpRouter goes on when a session fails on a datagram", async () => {
  const { rtp, rtcp, router } = opened();
  const [faulty, other] = [new FaultyEndpoint(), new RecordingEndpoint()];
  router.add("192.0.2.1", [6_000, 6_001], { endpoint: faulty, trackIndex: 0 });
  router.add("192.0.2.2", [6_000, 6_001], { endpoint: other, trackIndex: 0 });
  rtp.deliver(DATAGRAM, "192.0.2.1", 6_000);
  rtcp.deliver(DATAGRAM, "192.0.2.1", 6_001);
  rtp.deliver(DATAGRAM, "192.0.2.2", 6_000);
  await Promise.resolve();
  assertEquals(faulty.received, ["fault Error: rtp", "fault Error: rtcp"]);
  assertEquals(other.received, ["rtp 0 0102"]);
});

Deno.test("UdpRouter gives RTP away to keep", () => {
  const { rtp, router } = opened();
  const endpoint = new RecordingEndpoint();
  router.add("192.0.2.1", [6_000, 6_001], { endpoint, trackIndex: 0 });
  rtp.deliver(DATAGRAM, "192.0.2.1", 6_000);
  assertEquals(endpoint.kept, [DATAGRAM]);
});

Deno.test("UdpRouter drops and counts what strangers send", () => {
  const { rtp, rtcp, router } = opened();
  const endpoint = new RecordingEndpoint();
  router.add("192.0.2.1", [6_000, 6_001], { endpoint, trackIndex: 0 });
  rtp.deliver(DATAGRAM, "192.0.2.9", 6_000);
  rtp.deliver(DATAGRAM, "192.0.2.1", 6_001);
  rtcp.deliver(DATAGRAM, "192.0.2.1", 6_000);
  assertEquals([endpoint.received, router.strangerDatagrams], [[], 3]);
});

Deno.test("UdpRouter forgets a session's ports when told to", () => {
  const { rtp, router } = opened();
  const endpoint = new RecordingEndpoint();
  const ports = [6_000, 6_001] as const;
  const route = router.add("192.0.2.1", ports, { endpoint, trackIndex: 0 });
  assert(router.isTaken("192.0.2.1", [6_000, 7_001]));
  assert(router.isTaken("192.0.2.1", [7_000, 6_001]));
  assert(!router.isTaken("192.0.2.2", ports));
  assert(!router.isTaken("192.0.2.1", [6_001, 6_000]));
  route[Symbol.dispose]();
  assert(!router.isTaken("192.0.2.1", ports));
  rtp.deliver(DATAGRAM, "192.0.2.1", 6_000);
  assertEquals([endpoint.received, router.strangerDatagrams], [[], 1]);
});

Deno.test("UdpRouter keeps the ports that somebody else has taken since", () => {
  const { rtp, router } = opened();
  const [one, other] = [new RecordingEndpoint(), new RecordingEndpoint()];
  const ports = [6_000, 6_001] as const;
  const first = router.add("192.0.2.1", ports, {
    endpoint: one,
    trackIndex: 0,
  });
  first[Symbol.dispose]();
  router.add("192.0.2.1", ports, { endpoint: other, trackIndex: 0 });
  first[Symbol.dispose]();
  rtp.deliver(DATAGRAM, "192.0.2.1", 6_000);
  assertEquals(other.received, ["rtp 0 0102"]);
});
