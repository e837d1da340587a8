import {
  openMulticastReceiver,
  openMulticastSender,
} from "#platform/udp/multicast.ts";
import { MulticastTransport } from "#protocols/rtsp/client/multicast_transport.ts";
import { assert, assertEquals, assertRejects } from "#test/assert.ts";
import { freeUdpPortPair } from "#test/ports.ts";

const ORIGIN = { ip: "127.0.0.1", port: 554 };
const LOCAL = { ip: "127.0.0.1", port: 40_000 };
const STRANGER_IP = "127.0.0.9";

/** For documentation. Spec: RFC 6676 §2. */
const GROUP = "233.252.0.3";

const PICTURE = Uint8Array.of(0x80, 96, 0, 1, 2, 3, 4, 5);
/** First byte of a packet that the sink fails at. */
const BUG = 0xbb;
const SENDER_REPORT = Uint8Array.of(0x80, 200, 0, 1, 1, 1, 1, 1);
const READER_REPORT = Uint8Array.of(0x80, 201, 0, 1, 2, 2, 2, 2);

/** A transport, and what it takes. */
function opened(peer = ORIGIN) {
  const taken: string[] = [];
  const changed: (() => void)[] = [];
  const take = (text: string) => {
    taken.push(text);
    for (const wake of changed.splice(0)) wake();
  };
  const transport = new MulticastTransport({
    peer,
    local: LOCAL,
    receiveBufferBytes: 0,
    sink: {
      handleRtp: (i, packet) => {
        if (packet[0] === BUG) throw new Error("a bug");
        take(`rtp ${i} ${packet.length}`);
      },
      handleRtcp: (i, packet) => take(`rtcp ${i} ${packet[1]}`),
      flush: () => {},
      handleFault: (error) => take(String(error)),
    },
  });
  const until = async (count: number) => {
    while (taken.length < count) {
      await new Promise<void>((resolve) => changed.push(resolve));
    }
    return taken;
  };
  return { transport, until };
}

/** Sends to the group from an address of this machine. */
async function send(ip: string, port: number, packet: Uint8Array) {
  await using sender = await openMulticastSender({
    interfaceIp: ip,
    port,
    ttl: 1,
  });
  const peer = sender.resolvePeer(GROUP, port);
  sender.sendSegments(packet, packet.length, peer);
}

Deno.test("MulticastTransport asks for a group and takes what the origin sends to it", async () => {
  const { transport, until } = opened();
  const port = freeUdpPortPair();
  const answer = `multicast;destination=${GROUP};port=${port}-${
    port + 1
  };ttl=9`;
  assertEquals(transport.offer(0, "avp"), "RTP/AVP;multicast");
  assertEquals(transport.offer(0, "savp"), "RTP/SAVP;multicast");
  await transport.accept(0, `RTP/AVP;${answer}`);
  await send(STRANGER_IP, port, PICTURE);
  await send(ORIGIN.ip, port, PICTURE);
  await send(ORIGIN.ip, port, Uint8Array.of(BUG));
  await send(STRANGER_IP, port + 1, SENDER_REPORT);
  await send(ORIGIN.ip, port + 1, READER_REPORT);
  await send(ORIGIN.ip, port + 1, SENDER_REPORT);
  const taken = await until(3);
  assertEquals(taken.toSorted(), ["Error: a bug", "rtcp 0 200", "rtp 0 8"]);
  assertEquals(transport.strangerDatagrams, 1);
  await transport[Symbol.asyncDispose]();
});

Deno.test("MulticastTransport takes the source that the origin tells, and reports to the group", async () => {
  const { transport, until } = opened({ ip: "::1", port: 554 });
  const port = freeUdpPortPair();
  const transportHeader =
    `RTP/AVP;multicast;source=${STRANGER_IP};destination=${GROUP};port=${port}-${
      port + 1
    }`;
  await transport.accept(1, transportHeader);
  await send(ORIGIN.ip, port, PICTURE);
  await send(STRANGER_IP, port, PICTURE);
  assertEquals(await until(1), ["rtp 1 8"]);
  await using member = await openMulticastReceiver({
    interfaceIp: LOCAL.ip,
    port: port + 1,
    group: GROUP,
  });
  const reported = Promise.withResolvers<string>();
  const receiving = member.receive((datagram, ip, from) =>
    reported.resolve(`${datagram[1]} from ${ip}:${from}`)
  );
  transport.sendRtcp(1, READER_REPORT);
  assertEquals(await reported.promise, `201 from ${LOCAL.ip}:${port + 1}`);
  await transport[Symbol.asyncDispose]();
  await member[Symbol.asyncDispose]();
  await receiving;
});

/** Even; the one after it is free as well. */
const FREE_PORT = freeUdpPortPair();

const ANSWERS: readonly {
  readonly name: string;
  readonly answer: string | undefined;
  readonly peer?: typeof ORIGIN;
  readonly error: string;
}[] = [
  { name: "nothing", answer: undefined, error: "wanted a multicast group" },
  {
    name: "unicast",
    answer: "RTP/AVP;unicast;client_port=8000-8001;server_port=1-2",
    error: "wanted a multicast group",
  },
  {
    name: "no address",
    answer: "RTP/AVP;multicast;port=8000-8001",
    error: "wanted a multicast group",
  },
  {
    name: "no ports",
    answer: `RTP/AVP;multicast;destination=${GROUP}`,
    error: "wanted a multicast group",
  },
  {
    name: "an address of one host",
    answer: "RTP/AVP;multicast;destination=127.0.0.1;port=8000-8001",
    error: "wanted a multicast group",
  },
  {
    name: "a group without its sender, over IPv6",
    answer: `RTP/AVP;multicast;destination=${GROUP};port=${FREE_PORT}-${
      FREE_PORT + 1
    }`,
    peer: { ip: "::1", port: 554 },
    error: "use its IPv4 address in the URL",
  },
];

for (const { name, answer, peer, error } of ANSWERS) {
  Deno.test(`MulticastTransport does not take ${name} for an answer`, async () => {
    const { transport } = opened(peer);
    const { message } = await assertRejects(transport.accept(0, answer), Error);
    assert(message.endsWith(error), message);
    await transport[Symbol.asyncDispose]();
  });
}
