import type { Publication } from "#core/publication.ts";
import type { RtspResponse } from "#protocols/rtsp/wire/response.ts";
import { RtspConnection } from "#protocols/rtsp/connection.ts";
import type { RtspContext, RtspUdp } from "#protocols/rtsp/context.ts";
import { MulticastAddresses } from "#protocols/rtsp/multicast/multicast_addresses.ts";
import { MulticastGroups } from "#protocols/rtsp/multicast/multicast_groups.ts";
import { UdpRouter } from "#protocols/rtsp/udp_router.ts";
import { serializeInterleavedFrames } from "#protocols/rtsp/wire/interleaved_frame.ts";
import { RtspReader } from "#protocols/rtsp/wire/rtsp_reader.ts";
import { settled } from "#test/fake_clock.ts";
import { FakeTcpConnection } from "#test/fake_tcp.ts";
import { FakeUdpSocket } from "#test/fake_udp.ts";
import {
  accessTo,
  sessionOwner,
  type TestPorts,
  testPorts,
  type TestPortsOptions,
} from "#test/test_ports.ts";
import { AUDIO, VIDEO } from "#test/units.ts";

/** URL that every request is about unless it says otherwise. */
export const URL_OF_CAM = "rtsp://192.0.2.1:8554/cam";

/** Description of an H264 and an AAC track. */
export const SDP: string = [
  "v=0",
  "o=- 0 0 IN IP4 127.0.0.1",
  "s=-",
  "c=IN IP4 127.0.0.1",
  "t=0 0",
  "m=video 0 RTP/AVP 96",
  "a=rtpmap:96 H264/90000",
  "a=fmtp:96 packetization-mode=1; " +
  "sprop-parameter-sets=Z0LAHtkAoC/5cBEAAAMAAQAAAwAyDxYuSA==,aMuDyyA=",
  "a=control:trackID=0",
  "m=audio 0 RTP/AVP 97",
  "a=rtpmap:97 MPEG4-GENERIC/48000/2",
  "a=fmtp:97 mode=AAC-hbr; sizelength=13; indexlength=3; " +
  "indexdeltalength=3; config=1190",
  "a=control:trackID=1",
  "",
].join("\r\n");

/** Transport of interleaved media, by track. */
export const TCP_TRANSPORTS: readonly string[] = [
  "RTP/AVP/TCP;unicast;interleaved=0-1",
  "RTP/AVP/TCP;unicast;interleaved=2-3",
];

/** Transport of datagrams, by track. */
export const UDP_TRANSPORTS: readonly string[] = [
  "RTP/AVP;unicast;client_port=6000-6001",
  "RTP/AVP;unicast;client_port=6002-6003",
];

/** Transport of multicast, which is that of every track. */
export const MULTICAST_TRANSPORT = "RTP/AVP;multicast";

/** A socket of a multicast group, and what it was opened with. */
export interface FakeGroupSocket {
  readonly kind: "sender" | "receiver";
  readonly interfaceIp: string;
  /** Only receivers have one. */
  readonly group: string | undefined;
  readonly socket: FakeUdpSocket;
}

/** Fields of a request; what is undefined is left out. */
export type Headers = Readonly<Record<string, string | undefined>>;

/** Part of an interleaved connection. */
export interface Frame {
  readonly channel: number;
  readonly packet: Uint8Array;
}

/** A server without sockets. */
export interface FakeRtspServer extends TestPorts {
  readonly context: RtspContext;
  readonly rtp: FakeUdpSocket;
  readonly rtcp: FakeUdpSocket;
  /** Sockets of multicast groups that are open. */
  readonly groupSockets: FakeGroupSocket[];
  /** Thrown by the next multicast socket that is opened. */
  groupFailure: Error | undefined;
  /** A peer connects. */
  connect(ip?: string, localIp?: string): RtspPeer;
  /** Time goes on, looked at every half second as the server does. */
  pass(durationMs: number): void;
  /** Every connection ends; waits for what they still do. */
  close(): Promise<void>;
}

/** Opens a server; without `udp` it has no UDP ports. */
export function fakeRtspServer(
  options: TestPortsOptions & {
    readonly settings?: Partial<RtspContext["settings"]>;
    readonly hasUdp?: boolean;
    readonly protocol?: RtspContext["protocol"];
    /** Without it nothing is sent over multicast. */
    readonly multicastRange?: string;
  } = {},
): FakeRtspServer {
  const test = testPorts(options);
  const rtp = new FakeUdpSocket(8_000);
  const rtcp = new FakeUdpSocket(8_001);
  const udp: RtspUdp = { rtp, rtcp, router: new UdpRouter() };
  const groupSockets: FakeGroupSocket[] = [];
  const openFake = (
    kind: FakeGroupSocket["kind"],
    { port, interfaceIp, group }: {
      readonly port: number;
      readonly interfaceIp: string;
      readonly group?: string;
    },
  ): Promise<FakeUdpSocket> => {
    const { groupFailure } = server;
    if (groupFailure) return Promise.reject(groupFailure);
    const socket = new FakeUdpSocket(port);
    const opened = { kind, interfaceIp, group, socket };
    groupSockets.push(opened);
    socket.closed.then(() =>
      groupSockets.splice(groupSockets.indexOf(opened), 1)
    );
    return Promise.resolve(socket);
  };
  const context: RtspContext = {
    protocol: options.protocol ?? "rtsp",
    ports: test.ports,
    settings: {
      transports: ["udp", "tcp"],
      authMethods: ["basic", "digest"],
      readTimeoutMs: 10_000,
      writeTimeoutMs: 10_000,
      maxPacketBytes: 1_452,
      ...options.settings,
    },
    udp: options.hasUdp === false ? undefined : udp,
    multicast: options.multicastRange === undefined
      ? undefined
      : new MulticastGroups({
        addresses: new MulticastAddresses(options.multicastRange),
        ports: [8_002, 8_003],
        clock: test.clock,
        openers: {
          openSender: (opened) => openFake("sender", opened),
          openReceiver: (opened) => openFake("receiver", opened),
        },
      }),
    connections: new Set(),
    sessions: new Map(),
  };
  const routing = udp.router.run(rtp, rtcp);
  const peers: RtspPeer[] = [];
  const server: FakeRtspServer = {
    ...test,
    context,
    rtp,
    rtcp,
    groupSockets,
    groupFailure: undefined,
    connect(ip = "198.51.100.7", localIp = "192.0.2.1") {
      const port = 40_000 + peers.length;
      const tcp = new FakeTcpConnection(test.clock, { ip, port });
      tcp.local = { ip: localIp, port: 8_554 };
      const peer = new RtspPeer(tcp, new RtspConnection(tcp, context));
      peers.push(peer);
      return peer;
    },
    pass(durationMs) {
      for (let passedMs = 0; passedMs < durationMs; passedMs += 500) {
        test.clock.advance(Math.min(500, durationMs - passedMs));
        const nowMs = test.clock.monotonicMs();
        for (const one of [...context.sessions.values()]) one.tick(nowMs);
        for (const one of [...context.connections]) one.tick(nowMs);
      }
    },
    async close() {
      for (const peer of peers) peer.tcp.close();
      await Promise.all(peers.map(({ done }) => done));
      for (const session of context.sessions.values()) session.close("over");
      await Promise.all([rtp, rtcp].map((one) => one[Symbol.asyncDispose]()));
      await context.multicast?.[Symbol.asyncDispose]();
      await routing;
    },
  };
  return server;
}

/** Somebody publishes both tracks to a path, without a session; `detach` ends that. */
export async function publishCam(
  server: FakeRtspServer,
  pathName = "cam",
): Promise<Publication & { detach(): void }> {
  const grant = await server.paths.publish(
    accessTo(pathName, { action: "publish" }),
    sessionOwner(server.logger, "publisher"),
  );
  return Object.assign(grant.attach([VIDEO, AUDIO]), {
    detach: () => grant[Symbol.dispose](),
  });
}

/** One peer of a server without sockets. */
export class RtspPeer {
  readonly tcp: FakeTcpConnection;
  /** The connection as the server sees it. */
  readonly connection: RtspConnection;
  /** Settles when the server is done with the connection. */
  readonly done: Promise<void>;
  /** Interleaved frames that came and were not taken yet. */
  readonly frames: Frame[] = [];
  /** Value of the Session header, once the server has told it. */
  session: string | undefined;
  /** What came, in order: `200` for a response, `$0` for a frame. */
  readonly order: string[] = [];
  #responses: RtspResponse[] = [];
  #sequence = 0;
  #reader = new RtspReader({
    handleRequest: ({ method }) => {
      throw new Error(`The server sent ${method}`);
    },
    handleResponse: (response) => {
      this.#responses.push(response);
      this.order.push(`${response.status}`);
    },
    handleInterleaved: (channel, packet) => {
      this.frames.push({ channel, packet });
      this.order.push(`$${channel}`);
    },
  });

  constructor(tcp: FakeTcpConnection, connection: RtspConnection) {
    this.tcp = tcp;
    this.connection = connection;
    this.done = connection.run();
  }

  /** Sends a request and answers the response, which there must be. */
  async request(
    method: string,
    url: string = URL_OF_CAM,
    headers: Headers = {},
    body = "",
  ): Promise<RtspResponse> {
    const all: Headers = {
      CSeq: `${++this.#sequence}`,
      Session: this.session,
      "Content-Length": body === "" ? undefined : `${body.length}`,
      ...headers,
    };
    const lines = Object.entries(all).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}: ${value}\r\n`]
    );
    const response = await this.exchange(
      `${method} ${url} RTSP/1.0\r\n${lines.join("")}\r\n${body}`,
    );
    if (response === undefined) throw new Error(`No answer to ${method}`);
    this.session = response.headers.get("Session")?.split(";")[0] ??
      this.session;
    return response;
  }

  /** Sends text and answers the response to it, if there is one. */
  async exchange(text: string): Promise<RtspResponse | undefined> {
    this.tcp.receive(new TextEncoder().encode(text));
    await this.settle();
    return this.#responses.shift();
  }

  /** ANNOUNCE. */
  announce(headers: Headers = {}, sdp: string = SDP): Promise<RtspResponse> {
    const type = { "Content-Type": "application/sdp" };
    return this.request("ANNOUNCE", URL_OF_CAM, { ...type, ...headers }, sdp);
  }

  /** SETUP of a track. */
  setup(
    trackId: number,
    transport: string,
    headers: Headers = {},
  ): Promise<RtspResponse> {
    const url = `${URL_OF_CAM}/trackID=${trackId}`;
    return this.request("SETUP", url, { Transport: transport, ...headers });
  }

  /** ANNOUNCE, SETUP and RECORD of both tracks. */
  async publish(transports: readonly string[] = TCP_TRANSPORTS): Promise<void> {
    await this.announce();
    for (const [trackId, transport] of transports.entries()) {
      await this.setup(trackId, `${transport};mode=record`);
    }
    const { status } = await this.request("RECORD");
    if (status !== 200) throw new Error(`RECORD was answered with ${status}`);
  }

  /** SETUP and PLAY of both tracks; answers the response to PLAY. */
  async play(
    transports: readonly string[] = TCP_TRANSPORTS,
  ): Promise<RtspResponse> {
    for (const [trackId, transport] of transports.entries()) {
      await this.setup(trackId, transport);
    }
    return await this.request("PLAY");
  }

  /** Sends interleaved frames, each read on its own. */
  async send(...frames: readonly Frame[]): Promise<void> {
    for (const { channel, packet } of frames) {
      this.tcp.receive(serializeInterleavedFrames([packet], channel));
    }
    await this.settle();
  }

  /** Waits until nothing goes on any more and reads what was sent. */
  async settle(): Promise<void> {
    await settled();
    this.#reader.push(this.tcp.takeSent());
  }

  /** Frames since the last call. */
  async takeFrames(): Promise<Frame[]> {
    await this.settle();
    return this.frames.splice(0);
  }
}
